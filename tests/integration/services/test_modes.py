# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel mode, host networking, several allocations: who reaches what."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import typing as t

from tests.integration.support import play
from tests.integration.support.play import Service, changed
from tests.lab.command import wait_until
from tests.lab.site import Site

ALL_INTERFACES = ["-host", "0.0.0.0", "-port", "8080"]


def addresses(service: Service) -> tuple[str, str]:
    """The allocation's address on its client, and the node's on the tailnet."""
    status = json.loads(play.nomad(service.site, "alloc", "status", "-json", service.allocation()))
    return status["NetworkStatus"]["Address"], service.evidence()["status"]["TailscaleIPs"][0]


def asked(service: Service, address: str, port: int, host: str = "any") -> str:
    """What the app gets for an HTTP request of its own; nothing, when nobody answers."""
    script = f"(printf 'GET /get HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n'; sleep 2) | nc -w 5 {address} {port}"
    return service.inside("app", "sh", "-c", script).stdout


def test_in_kernel_mode_the_app_sees_its_clients_and_nobody_else(site: Site, declare) -> None:
    service = declare("kernel", mode="kernel", args=ALL_INTERFACES)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    seen = site.fetch("client", f"http://kernel.{site.tailnet}:8080/ip", retries=30)
    assert json.loads(seen.stdout)["origin"].split(":")[0] == site.tailscale_status("client")["Self"]["TailscaleIPs"][0]
    allocation, _node = addresses(service)
    closed = site.run_in("site", ["curl", "-sS", "--max-time", "5", f"http://{allocation}:8080/"])
    assert closed.returncode == 7, closed.stdout
    # From the allocation beside it, on the same bridge.
    neighbour = declare("neighbour", mode="userspace")
    assert neighbour.deploy().returncode == 0
    wait_until(lambda: '"origin"' in asked(neighbour, "127.0.0.1", 8080), "the neighbour's app to answer: the way of asking is good")
    assert asked(neighbour, allocation, 8080) == ""
    assert not service.evidence()["open_ports"]
    bare = service.deploy(endpoints=[])
    assert bare.returncode == 0, bare.stdout + bare.stderr
    assert site.fetch("client", f"{service.url}/ip").returncode != 0, "the endpoint is gone"
    assert site.fetch("client", f"http://kernel.{site.tailnet}:8080/ip", retries=30).returncode == 0
    again = service.deploy("--diff", endpoints=[])
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0


def test_in_kernel_mode_the_app_reaches_the_tailnet(site: Site, declare) -> None:
    called = declare("called")
    assert called.deploy().returncode == 0
    _allocation, node = addresses(called)
    caller = declare("caller", mode="kernel", tags=["tag:worker"], auth_key=site.auth_key("worker"))
    assert caller.deploy().returncode == 0
    # A member learns of a new node a moment after the control plane.
    wait_until(lambda: '"origin"' in asked(caller, node, 80, f"called.{site.tailnet}"), "the other service to answer the app")


def test_in_userspace_mode_an_open_app_is_warned_of(site: Site, declare) -> None:
    service = declare("open", args=ALL_INTERFACES)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "listens on every interface (port 8080)" in " ".join((done.stdout + done.stderr).split())
    assert service.evidence()["open_ports"] == [8080]
    allocation, _node = addresses(service)
    assert site.run_in("site", ["curl", "-sS", "--max-time", "5", f"http://{allocation}:8080/get"]).returncode == 0, (
        "it is what the docs say"
    )
    with bound(service, 5353):
        wait_until(lambda: service.evidence()["open_ports"] == [5353, 8080], "the port of UDP in the evidence")
    closed = service.deploy(args=["-host", "127.0.0.1", "-port", "8080"])
    assert closed.returncode == 0, closed.stdout + closed.stderr
    assert "listens on every interface" not in closed.stdout + closed.stderr
    assert service.evidence()["open_ports"] == []


@contextlib.contextmanager
def bound(service: Service, port: int) -> t.Iterator[None]:
    """A UDP socket on every interface of the allocation."""
    pid = play.run(service.site, "docker", "inspect", "--format={{.State.Pid}}", f"app-{service.allocation()}").stdout.strip()
    program = f"import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', {port})); input()"
    with subprocess.Popen(["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


def test_host_networking(site: Site, declare) -> None:
    service = declare("hosted", network="host", port=None, args=["-host", "127.0.0.1", "-port", "${NOMAD_PORT_app}"])
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
    port = service.evidence()["app_port"]
    assert site.run_in("site", ["curl", "-sS", "--max-time", "5", f"http://127.0.0.1:{port}/get"]).returncode == 0, "as the docs say"
    assert site.run_in("wan", ["curl", "-sS", "--max-time", "5", f"http://198.51.100.10:{port}/get"]).returncode == 7
    again = service.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0


def test_every_allocation_has_a_node_of_its_own(site: Site, declare) -> None:
    service = declare("twice", count=2, hostname="twice-${NOMAD_ALLOC_INDEX}")
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    names = [name for name in (node["given_name"] for node in site.headscale_nodes()) if name.startswith("twice")]
    assert sorted(names) == ["twice-0", "twice-1"]
    for name in names:
        assert site.fetch("client", f"http://{name}.{site.tailnet}/get", retries=30).returncode == 0


def test_a_changed_endpoint_is_live_without_a_restart(site: Site, declare) -> None:
    service = declare("lively")
    assert service.deploy().returncode == 0
    allocation = service.allocation()
    endpoints = [{"protocol": "http", "path": "/v2"}, {"protocol": "tcp", "port": 9000}]
    moved = service.deploy(endpoints=endpoints)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    # The run proved it already; a client needs no time of its own.
    assert site.fetch("client", f"{service.url}/v2/get", retries=30).returncode == 0
    assert site.fetch("client", f"{service.url}:9000/get", retries=30).returncode == 0
    assert site.fetch("client", f"{service.url}/get").returncode != 0
    assert service.allocation() == allocation
    tasks = json.loads(play.nomad(site, "alloc", "status", "-json", allocation))["TaskStates"]
    assert {name: task["Restarts"] for name, task in tasks.items()} == {"app": 0, "gate": 0, "tailscale": 0}
