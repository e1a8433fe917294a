# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit nodes of the laboratory and what may become of them, and who was seen from where."""

from __future__ import annotations

import collections
import contextlib
import json
import shutil
import signal
import time
import typing as t
import uuid
from pathlib import Path

from tests.integration.support import play, programs
from tests.integration.support.play import Worker
from tests.lab import faults, headscale, process
from tests.lab.command import run, wait_until
from tests.lab.errors import LabError
from tests.lab.nomad import CLIENT, NETWORKS
from tests.lab.site import Site
from tests.lab.tailnet_nodes import NODES
from tests.lab.topology import DATA, ECHO_IP, HEADSCALE_IP, LAB_MOUNTS, LOGIN_NAME, LOGS, NAMESPACES, WAN_ROUTER

EXIT1, EXIT2, DIRECT = (NAMESPACES[name].address for name in ("exit1", "exit2", "site"))
ROUTES = "0.0.0.0/0,::/0"
EXITS = {EXIT1, EXIT2}
LEVELS = ("isolated", "locked", "monitored")
# Nomad waits half a minute by default before it replaces an allocation that failed.
AGAIN_SOON = 'reschedule {\n  delay          = "5s"\n  delay_function = "constant"\n  unlimited      = true\n}'
# Seconds until a node that could not log out is forgotten (70), and its successor asks for its name once more (up to 80 later).
NAME_BACK = 300
ISOLATED = {
    "egress_network_destinations": [HEADSCALE_IP],
    "egress_network_config_dir": str(NETWORKS),
    # The plugins of the machine, and a directory of the laboratory for the plugin of the network.
    "egress_network_cni_path": f"/usr/lib/cni:{NETWORKS}",
    "egress_network_node_name": "site",
}


class Caller(Worker):
    """A worker that calls the echo server ten times a second, under a path of its own."""

    def __init__(self, site: Site, name: str, inputs: t.Mapping[str, t.Any] | None = None) -> None:
        self.path = uuid.uuid4().hex
        # In every busybox, also that whose wget has no working time-out of its own.
        loop = f"while :; do timeout 3 wget -q -O /dev/null http://{ECHO_IP}/{self.path}; sleep 0.1; done"
        super().__init__(site, name, {"command": "/bin/sh", "args": ["-c", loop], "extra_group": AGAIN_SOON, **(inputs or {})})

    def seen(self) -> collections.Counter[str]:
        """From which addresses it called, and how often."""
        return seen(self.path)

    def egress(self, allocation: str | None = None) -> dict[str, t.Any]:
        """What the guard says; nothing while there is none."""
        try:
            found: dict[str, t.Any] = self.evidence(allocation)["egress"]
        except (LabError, ValueError):
            return {}
        return found

    def leaves_by(self) -> str:
        """The address that its guard has seen last."""
        return str(self.egress().get("observed"))

    def tailscale(self, *arguments: str) -> None:
        """A command of tailscale in the sidecar. A logout ends what it runs in, with any exit code."""
        done = self.inside("tailscale", "tailscale", "--socket=/tmp/tailscaled.sock", *arguments)
        assert done.returncode == 0 or arguments == ("logout",), done.stdout + done.stderr

    def kill(self, task: str) -> None:
        kill_tasks(self.site, self.allocation(), task)


def kill_tasks(site: Site, allocation: str, *tasks: str) -> None:
    """End tasks without a farewell, also while Nomad's agent is away."""
    killed = play.run(site, "docker", "kill", "--signal", "KILL", *(f"{task}-{allocation}" for task in tasks))
    assert killed.returncode == 0, killed.stderr


@contextlib.contextmanager
def frozen(site: Site, allocation: str) -> t.Iterator[None]:
    """An allocation's sidecar stands still."""
    for signal_name in ("STOP", "CONT"):
        done = play.run(site, "docker", "kill", "--signal", signal_name, f"tailscale-{allocation}")
        assert done.returncode == 0, done.stderr
        if signal_name == "STOP":
            yield


def seen(path: str) -> collections.Counter[str]:
    """From which addresses the echo server was asked for what begins with this path, and how often."""
    lines = (LOGS / "echo.log").read_text(errors="replace").splitlines()
    return collections.Counter(line.split()[0] for line in lines if f" /{path}" in line or f"/{ECHO_IP}/{path}" in line)


def by_exits(callers: t.Collection[str]) -> bool:
    """Whether somebody called, and only exit nodes did. Which one is the guard's to say: for a late answer it takes the other."""
    return bool(callers) and set(callers) <= EXITS


def network(site: Site, state: str) -> play.Done:
    """Put the isolated network on the laboratory's client, or take it away."""
    reload = ["kill", "-HUP", str(process.recorded(CLIENT.name))]
    variables = {**ISOLATED, "egress_network_state": state, "egress_network_reload": reload, "ansible_become": False}
    file = site.state / "network.test.json"
    file.write_text(json.dumps(variables))
    return play.run(site, "ansible-playbook", "egress-network.yml", "-e", "egress_network_hosts=localhost", "-e", f"@{file}")


def approve(site: Site, name: str, routes: str = ROUTES) -> None:
    """Approve these routes of an exit node in the control plane."""
    site.headscale("nodes", "approve-routes", "--identifier", node_id(name), "--routes", routes)


def delete(site: Site, name: str) -> None:
    """Let the control plane forget it."""
    site.headscale("nodes", "delete", "--identifier", node_id(name), "--force")


def freeze(name: str) -> None:
    process.send(name, signal.SIGSTOP)


def thaw(name: str) -> None:
    process.send(name, signal.SIGCONT)


def kill(name: str) -> None:
    process.send(name, signal.SIGKILL, wait=10)


def start(name: str) -> None:
    """Start one that was killed; with the identity that it had.

    headscale now and then takes the late end of its old connection for the end of the new one, and calls it offline for good.
    """
    NODES[name].start()
    for _again in range(3):
        with contextlib.suppress(LabError):
            wait_until(lambda: _stays_online(name), f"{name} to be online", 25)
            return
        kill(name)
        NODES[name].start()


def _stays_online(name: str) -> bool:
    """Whether it is online, and still is when the end of its old connection must have been noticed."""

    def online() -> bool:
        return any(node["given_name"] == name and node.get("online") for node in headscale.nodes())

    if not online():
        return False
    time.sleep(12)
    return online()


def start_anew(name: str) -> None:
    """Start one that was deleted, as another node of the same name."""
    kill(name)
    shutil.rmtree(Path(NODES[name].home))
    NODES[name].start()


def tailnet_address(name: str) -> str:
    (address,) = (node["ip_addresses"][0] for node in headscale.nodes() if node["given_name"] == name)
    return str(address)


def node_id(name: str) -> str:
    (node,) = (str(node["id"]) for node in headscale.nodes() if node["given_name"] == name)
    return node


@contextlib.contextmanager
def isolated_network(site: Site) -> t.Iterator[None]:
    """The laboratory's client with the CNI network of level isolated."""
    done = network(site, "present")
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    done = network(site, "absent")
    assert done.returncode == 0, done.stdout + done.stderr
    # Nomad's client offers a network until its next start, also when its file is gone.
    faults.kill(CLIENT.name)
    faults.heal()


@contextlib.contextmanager
def leaky_networks(site: Site) -> t.Iterator[None]:
    """Networks that are not isolated: `leads-out` has a default route, `leads-to-echo` a route to the echo server. Both lack the rules."""
    network = json.loads((NETWORKS / "notailcar-egress.conflist").read_text())
    plugins = [plugin for plugin in network["plugins"] if not plugin["type"].endswith("-rules")]
    (bridge,) = (plugin for plugin in plugins if plugin["type"] == "bridge")
    routes = bridge["ipam"]["routes"]
    files = {name: NETWORKS / f"{name}.conflist" for name in ("leads-out", "leads-to-echo")}
    for number, (name, file), route in zip((80, 96), files.items(), ("0.0.0.0/0", f"{ECHO_IP}/32")):
        bridge["bridge"] = f"ntc-{number}"
        bridge["ipam"] |= {"ranges": [[{"subnet": f"172.27.{number}.0/20"}]], "routes": [*routes, {"dst": route}]}
        file.write_text(json.dumps({**network, "name": name, "plugins": plugins}))
    process.send(CLIENT.name, signal.SIGHUP)

    def offered(name: str) -> bool:
        clients = play.call(site, "egress_level_info", cni_network=name)["clients"]
        return all("isolated" in client["levels"] for client in clients)

    wait_until(lambda: all(offered(name) for name in files), "Nomad to offer the networks")
    yield
    for file in files.values():
        file.unlink()


def task_directory(allocation: str) -> Path:
    """Where the sidecar's files of an allocation lie on the client."""
    return DATA / CLIENT.name / "alloc" / allocation / "tailscale"


def put(allocation: str, text: str) -> None:
    """Let this be the evidence of an allocation."""
    file = task_directory(allocation) / "local" / "run" / "evidence.json"
    file.write_text(text) if text else file.unlink()


def crash(site: Site, allocation: str) -> None:
    """End all containers of an allocation, also the one that holds its namespace, and take away what lies in memory."""
    names = play.run(site, "docker", "ps", "--quiet", "--filter", f"name={allocation}").stdout.split()
    killed = play.run(site, "docker", "kill", "--signal", "KILL", *names)
    assert killed.returncode == 0, killed.stderr
    for secrets in task_directory(allocation).parent.glob("*/secrets"):
        run(["nsenter", f"--mount={LAB_MOUNTS}", "umount", "--lazy", str(secrets)])


def now() -> int:
    """By the clock of the client and the server, which are one machine."""
    return int(time.time())


@contextlib.contextmanager
def sniffed(text: str, destination: str = ECHO_IP) -> t.Iterator[t.Callable[[], list[str]]]:
    """What leaves the site by its own address for the echo server (or another destination), or with this text for anywhere."""
    with programs.told("sniffer.py", DIRECT, destination, text) as lines:
        yield lines


@contextlib.contextmanager
def name_server() -> t.Iterator[t.Callable[[], list[str]]]:
    """The laboratory's name server is there, also on the internet; who asked it for what.

    It gives every name the echo server's address, but for that of the login server.
    """
    with programs.told("name_server.py", ECHO_IP, WAN_ROUTER, ECHO_IP, f"{LOGIN_NAME}={HEADSCALE_IP}") as lines:
        yield lines
