# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad with ACLs and TLS: a server, and a client that can be stopped while the API goes on."""

from __future__ import annotations

import signal
import typing as t
import uuid
from dataclasses import dataclass

from . import api, certificates, cgroups, docker_engine, images, loopback_relays, process
from .command import wait_until
from .component import Component, render
from .errors import LabError
from .topology import BIN, DATA, NAMESPACES, NOMAD_PORT, RELAY_IP, SITE_IP, STATE, VAULT_PORT

TOKEN_FILE = STATE / "nomad.token"
# CNI networks of the client, besides its own bridge; there are none at first.
NETWORKS = STATE / "cni"


@dataclass(frozen=True)
class Server:
    """One server; RPC and Serf have the two ports after the API's."""

    label: str
    port: int

    @property
    def name(self) -> str:
        return f"{self.label}-server"

    @property
    def address(self) -> str:
        return f"https://{RELAY_IP}:{self.port}"

    @property
    def rpc(self) -> str:
        return f"{SITE_IP}:{self.port + 1}"

    @property
    def serf(self) -> str:
        return f"{SITE_IP}:{self.port + 2}"

    @property
    def relay(self) -> Component:
        return loopback_relays.component(self.label, self.port)

    def component(self, ready: t.Callable[[], bool]) -> Component:
        """The server as a part of the laboratory, which is ready when `ready` says so."""
        return Component(self.name, f"{self.address}, in the site https://{SITE_IP}:{self.port}", ready)

    def start(self, join: Server | None = None) -> None:
        """Start it as a cluster of its own, or let it join another's; without waiting for either."""
        names = [f"IP:{SITE_IP}", f"IP:{RELAY_IP}", "IP:127.0.0.1", "DNS:localhost", "DNS:server.global.nomad"]
        ports = {"http": self.port, "rpc": self.port + 1, "serf": self.port + 2}
        raft = {"expect": 0 if join else 1, "join": f'"{join.serf}"' if join else ""}
        _start(self.name, "nomad-server.hcl", names, agent=self.name, ip=SITE_IP, **ports, **raft)
        loopback_relays.start(self.label, self.port)

    def ask(self, path: str, method: str | None = None, body: object = None) -> t.Any:
        """What this server's API answers the management token."""
        token = {"X-Nomad-Token": TOKEN_FILE.read_text()}
        return api.call(f"{self.address}{path}", method=method, body=body, headers=token, ca=certificates.CA)


FIRST = Server("nomad", NOMAD_PORT)
SECOND_CLIENT = "nomad-second-client"


def start_server() -> None:
    """Start the server with a management token of our own making, and wait until it has a leader and a keyring."""
    FIRST.start()
    TOKEN_FILE.touch(mode=0o600)
    TOKEN_FILE.write_text(str(uuid.uuid4()))
    wait_until(_bootstrapped, "Nomad's ACLs bootstrapped")
    SERVER.wait()


def start_client() -> None:
    """Start the client, which needs Docker, and a server with a keyring.

    It looks for its drivers once and then every half minute, and waits as long after a refused registration; in one
    process with a server it may be faster than that server's keyring.
    """
    settings = {"loopback": RELAY_IP, "cgroup": cgroups.NOMAD, "docker": docker_engine.HOST, "pause": images.PAUSE.tag}
    settings["chroot"] = str(images.CHROOT_DIRECTORY)
    settings.update(networks=str(NETWORKS), vault=str(VAULT_PORT))
    names = ["IP:127.0.0.1", "DNS:localhost", "DNS:client.global.nomad"]
    _start(CLIENT.name, "nomad-client.hcl", names, ip=SITE_IP, **settings)
    CLIENT.wait()


def start_second_client(memory: int) -> None:
    """Start a client that has only the mock driver and so many MB of memory, and wait until jobs may be placed on it."""
    names = ["IP:127.0.0.1", "DNS:localhost", "DNS:client.global.nomad"]
    settings = {"agent": SECOND_CLIENT, "loopback": RELAY_IP, "cgroup": cgroups.NOMAD, "memory": str(memory)}
    _start(SECOND_CLIENT, f"{SECOND_CLIENT}.hcl", names, ip=SITE_IP, **settings)
    wait_until(lambda: second_client()["Status"] == "ready", "the second client ready")


def second_client() -> dict[str, t.Any]:
    """The second client as Nomad lists it, without fields before Nomad knows it."""
    return next((node for node in FIRST.ask("/v1/nodes") if node["Name"] == SECOND_CLIENT), {"Status": ""})


def remove_second_client() -> None:
    """End it, and let Nomad forget it."""
    if process.recorded(SECOND_CLIENT):
        process.send(SECOND_CLIENT, signal.SIGKILL, wait=10)
    if node := second_client().get("ID"):
        FIRST.ask(f"/v1/node/{node}/purge", "PUT")


def start_again(name: str) -> None:
    """Start an agent that has ended, on the data that it left; without waiting."""
    process.start(name, [str(BIN / "nomad"), "agent", "-config", str(STATE / f"{name}.hcl")], NAMESPACES["site"])


def _start(name: str, config: str, subjects: t.Sequence[str], **settings: object) -> None:
    certificate, key = certificates.issue(name, subjects)
    common = render("nomad.hcl", data=DATA / name, ca=certificates.CA, certificate=certificate, key=key)
    (STATE / f"{name}.hcl").write_text("\n".join([render(config, **settings), common]))
    start_again(name)


def _bootstrapped() -> bool:
    process.require(SERVER.name)
    try:
        api.call(f"{FIRST.address}/v1/acl/bootstrap", body={"BootstrapSecret": TOKEN_FILE.read_text()}, ca=certificates.CA)
    except LabError:  # no leader yet
        return False
    return True


def _server_ready() -> bool:
    """The port answers before the first job could be signed."""
    return any(key["State"] == "active" for key in FIRST.ask("/v1/operator/keyring/keys"))


def _client_ready() -> bool:
    """Also asked itself: the servers take a client that ended for ready until its heartbeat is late."""
    nodes = FIRST.ask("/v1/nodes")
    ready = [node["ID"] for node in nodes if node["Status"] == "ready" and node["Drivers"].get("docker", {}).get("Healthy")]
    return any(FIRST.ask(f"/v1/client/stats?node_id={node}") for node in ready)


SERVER = FIRST.component(_server_ready)
CLIENT = Component("nomad-client", f"node site, {SITE_IP}", _client_ready)
