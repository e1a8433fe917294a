# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is killed, the service comes back by itself, under its name; and what goes on without the control plane goes on."""

from __future__ import annotations

import json
import signal
import time
import typing as t

import pytest

from tests.integration.support import play
from tests.integration.support.exits import AGAIN_SOON, NAME_BACK
from tests.integration.support.play import Service
from tests.lab import docker_engine, faults, headscale, nomad, process
from tests.lab.command import wait_until
from tests.lab.site import Site


@pytest.fixture(scope="module", params=["userspace", "kernel"])
def lasting(request: pytest.FixtureRequest, site: Site) -> t.Iterator[Service]:
    service = Service(site, f"lasting-{request.param}", {"mode": request.param})
    service.remove()
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    yield service
    service.remove()


def answers(site: Site, service: Service, seconds: float = 60) -> float:
    """Seconds until the service answers under its name."""
    begin = time.monotonic()
    wait_until(lambda: answering(site, service), f"{service.url} to answer", seconds)
    return time.monotonic() - begin


def restarts(site: Site, allocation: str) -> dict[str, int]:
    """How often each task of the allocation was restarted; one that is being restarted does not count yet."""
    tasks = json.loads(play.nomad(site, "alloc", "status", "-json", allocation))["TaskStates"]
    return {name: task["Restarts"] for name, task in tasks.items() if task["State"] == "running" or name == "gate"}


def test_a_killed_tailscaled(site: Site, lasting: Service) -> None:
    before = lasting.allocation()
    restarted = restarts(site, before)
    killed = lasting.inside("tailscale", "killall", "-9", "tailscaled")
    assert killed.returncode == 0, killed.stderr
    print(f"tailscaled killed: {answers(site, lasting):.1f} s")
    assert lasting.allocation() == before
    assert restarts(site, before) == restarted
    assert lasting.nodes() == [lasting.name]


@pytest.mark.parametrize("tasks", [("tailscale",), ("app",), ("app", "tailscale")], ids="+".join)
def test_killed_tasks(site: Site, lasting: Service, tasks: tuple[str, ...]) -> None:
    """Both at once are what a reboot of the machine does to them: the gate does not run again."""
    before = lasting.allocation()
    restarted = restarts(site, before)
    names = [f"{task}-{before}" for task in tasks]
    killed = play.run(site, "docker", "kill", "--signal", "KILL", *names)
    assert killed.returncode == 0, killed.stderr
    wait_until(lambda: all(restarts(site, before).get(task) == restarted[task] + 1 for task in tasks), "the tasks to be restarted")
    print(f"{' and '.join(tasks)} killed: {answers(site, lasting):.1f} s after the restart")
    assert lasting.allocation() == before
    assert lasting.nodes() == [lasting.name]
    assert lasting.deploy().returncode == 0, "and it is proved"


def test_a_stopped_allocation(site: Site, lasting: Service) -> None:
    before = lasting.allocation()
    play.nomad(site, "alloc", "stop", "-detach", before)
    wait_until(lambda: lasting.running() not in ([], [before]), "another allocation")
    print(f"allocation stopped: {answers(site, lasting):.1f} s")
    wait_until(lambda: lasting.nodes() == [lasting.name], "the old one's node to log out")


def test_a_drained_client(site: Site, declare) -> None:
    service = declare("drained")
    assert service.deploy().returncode == 0
    try:
        play.nomad(site, "node", "drain", "-enable", "-yes", "-deadline=30s", only_client())
        wait_until(lambda: service.nodes() == [], "the node to leave the tailnet")
    finally:
        play.nomad(site, "node", "drain", "-disable", "-yes", only_client())
    print(f"client drained: {answers(site, service):.1f} s after it was enabled again")
    assert service.nodes() == ["drained"]


def test_a_killed_agent_and_its_tasks(site: Site, declare) -> None:
    """What a crash of the machine does, less the boot."""
    service = declare("crashed", extra_group=AGAIN_SOON)
    assert service.deploy().returncode == 0
    before = service.allocation()
    faults.kill(nomad.CLIENT.name)
    try:
        killed = play.run(site, "docker", "kill", "--signal", "KILL", f"app-{before}", f"tailscale-{before}")
        assert killed.returncode == 0, killed.stderr
    finally:
        faults.heal()
    print(f"agent and tasks killed: {answers(site, service, NAME_BACK):.1f} s after the agent was there again")
    assert service.nodes() == ["crashed"]


@pytest.mark.parametrize("block", ["", 'disconnect {\n  lost_after = "10m"\n  replace    = false\n}'], ids=["lost", "awaited"])
def test_a_client_out_of_touch(site: Site, declare, block: str) -> None:
    service = declare("apart", extra_group=block)
    assert service.deploy().returncode == 0
    before = service.allocation()
    faults.freeze(nomad.CLIENT.name)
    try:
        wait_until(lambda: client_status() in ("down", "disconnected"), "the server to miss its client", 90)
        answers(site, service, 30)  # what runs goes on
    finally:
        faults.heal()
    if block:
        wait_until(lambda: service.running() == [before], "the allocation to be taken back")
    else:
        wait_until(lambda: service.running() not in ([], [before]), "another allocation", 120)
    print(f"client in touch again: {answers(site, service, NAME_BACK):.1f} s after that")
    wait_until(lambda: service.nodes() == ["apart"], "one node, with the service's name", NAME_BACK)
    assert service.deploy().returncode == 0


def test_a_restarted_docker(site: Site, declare) -> None:
    """It stops all containers, also the ones that hold the network namespaces."""
    service = declare("docked", extra_group=AGAIN_SOON)
    assert service.deploy().returncode == 0
    process.send(docker_engine.DOCKER.name, signal.SIGTERM, wait=60)
    docker_engine.start()
    print(f"docker restarted: {answers(site, service, NAME_BACK + 120):.1f} s")
    wait_until(lambda: service.nodes() == ["docked"], "one node, with the service's name", NAME_BACK)
    assert service.deploy().returncode == 0


def client_status() -> str:
    (client,) = nomad.FIRST.ask("/v1/nodes")
    return str(client["Status"])


def only_client() -> str:
    (client,) = nomad.FIRST.ask("/v1/nodes")
    return str(client["ID"])


def test_a_node_that_could_not_log_out_gets_its_name_back(site: Site, declare) -> None:
    """As after the loss of a machine: the old node holds the name until the control plane forgets it."""
    service = declare("reclaimed")
    assert service.deploy().returncode == 0
    before = service.allocation()
    frozen = play.run(site, "docker", "kill", "--signal", "STOP", f"tailscale-{before}")
    assert frozen.returncode == 0, frozen.stderr
    play.nomad(site, "alloc", "stop", "-detach", before)
    wait_until(lambda: service.running() not in ([], [before]), "another allocation", 90)
    begin = time.monotonic()
    wait_until(lambda: service.nodes() == [service.name] and answering(site, service), "the old name", NAME_BACK)
    print(f"name back {time.monotonic() - begin:.0f} s after the new allocation began")
    assert service.deploy().returncode == 0


def answering(site: Site, service: Service) -> bool:
    return site.fetch("client", f"{service.url}/get", seconds=3).returncode == 0


def test_a_kept_state_keeps_the_node(site: Site, declare, state_volume: str) -> None:
    kept = {"ephemeral": False, "state_volume": {"source": state_volume}, "auth_key": kept_key(site)}
    service = declare("kept", **kept)
    assert service.deploy().returncode == 0
    address = service.evidence()["status"]["TailscaleIPs"][0]
    update = service.deploy(env={"VERSION": "2"})
    assert update.returncode == 0, update.stdout + update.stderr
    assert service.evidence()["status"]["TailscaleIPs"][0] == address
    assert service.nodes() == ["kept"]
    answers(site, service)
    service.remove()
    # It is the control plane's now: without its API nobody else can remove it.
    (node,) = (node["id"] for node in site.headscale_nodes() if node["given_name"] == "kept")
    site.headscale("nodes", "delete", "--identifier", str(node), "--force")


def test_nothing_restarts_while_the_control_plane_is_away(site: Site, declare) -> None:
    service = declare("alone")
    assert service.deploy().returncode == 0
    answers(site, service)
    before = service.allocation()
    process.send(headscale.HEADSCALE.name, signal.SIGSTOP)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert restarts(site, before) == {"app": 0, "gate": 0, "tailscale": 0}
            wait_until(lambda: healthy(site, service, before), "the check to succeed")
            time.sleep(5)
    finally:
        process.send(headscale.HEADSCALE.name, signal.SIGCONT)
    headscale.HEADSCALE.wait()
    assert service.allocation() == before
    answers(site, service, 120)


def healthy(site: Site, service: Service, allocation: str) -> bool:
    checks = json.loads(play.nomad(site, "operator", "api", f"/v1/client/allocation/{allocation}/checks"))
    return all(check["Status"] == "success" for check in checks.values())


@pytest.fixture
def state_volume(site: Site, tmp_path: t.Any) -> t.Iterator[str]:
    """A host volume that Nomad makes on its client."""
    name = "itest-state"
    file = tmp_path / "volume.hcl"
    file.write_text(
        f'''name = "{name}"
type      = "host"
plugin_id = "mkdir"

capability {{
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}}
'''
    )
    created = play.nomad(site, "volume", "create", str(file))
    ident = created.split("ID ")[1].split()[0]
    yield name
    wait_until(lambda: play.run(site, "nomad", "volume", "delete", "-type=host", ident).returncode == 0, "the volume deleted")


def kept_key(site: Site) -> str:
    """A reusable key whose nodes the control plane keeps."""
    (user,) = (one["id"] for one in json.loads(site.headscale("users", "list", "--output", "json")) if one["name"] == "lab")
    options = ("--user", str(user), "--reusable", "--tags", "tag:service", "--expiration", "1h", "--output", "json")
    return str(json.loads(site.headscale("preauthkeys", "create", *options))["key"])
