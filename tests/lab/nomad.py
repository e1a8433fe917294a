# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad with ACLs and TLS: a server, and a client that can be stopped while the API goes on."""

from __future__ import annotations

import typing as t
import uuid

from . import api, certificates, cgroups, docker_engine, images, process, relays
from .command import wait_until
from .component import Component, render
from .errors import LabError
from .topology import BIN, DATA, NAMESPACES, NOMAD_PORT, RELAY_IP, SITE_IP, STATE

ADDRESS = f"https://{RELAY_IP}:{NOMAD_PORT}"
TOKEN_FILE = STATE / "nomad.token"


def start_server() -> None:
    """Start the server with a management token of our own making, and wait until it has a leader and a keyring."""
    names = [f"IP:{SITE_IP}", f"IP:{RELAY_IP}", "IP:127.0.0.1", "DNS:localhost", "DNS:server.global.nomad"]
    _start("nomad-server", names, ip=SITE_IP)
    relays.start("nomad", NOMAD_PORT)
    TOKEN_FILE.touch(mode=0o600)
    TOKEN_FILE.write_text(str(uuid.uuid4()))
    wait_until(_bootstrapped, "Nomad's ACLs bootstrapped", 30)
    SERVER.wait()


def start_client() -> None:
    """Start the client, which needs Docker, and a server with a keyring.

    It looks for its drivers once and then every half minute, and waits as long after a refused registration; in one
    process with a server it may be faster than that server's keyring.
    """
    settings = {"loopback": RELAY_IP, "cgroup": cgroups.NOMAD, "docker": docker_engine.HOST, "pause": images.PAUSE.tag}
    _start("nomad-client", ["IP:127.0.0.1", "DNS:localhost", "DNS:client.global.nomad"], ip=SITE_IP, **settings)
    CLIENT.wait()


def get(path: str) -> t.Any:
    """Read from Nomad's API with the management token."""
    return api.call(f"{ADDRESS}{path}", headers={"X-Nomad-Token": TOKEN_FILE.read_text()}, ca=certificates.CA)


def _start(name: str, subjects: t.Sequence[str], **settings: str) -> None:
    certificate, key = certificates.issue(name, subjects)
    common = render("nomad.hcl", data=DATA / name, ca=certificates.CA, certificate=certificate, key=key)
    config = STATE / f"{name}.hcl"
    config.write_text("\n".join([render(config.name, **settings), common]))
    process.start(name, [str(BIN / "nomad"), "agent", "-config", str(config)], NAMESPACES["site"])


def _bootstrapped() -> bool:
    process.require("nomad-server")
    try:
        api.call(f"{ADDRESS}/v1/acl/bootstrap", body={"BootstrapSecret": TOKEN_FILE.read_text()}, ca=certificates.CA)
    except LabError:  # no leader yet
        return False
    return True


def _server_ready() -> bool:
    """The port answers before the first job could be signed."""
    return any(key["State"] == "active" for key in get("/v1/operator/keyring/keys"))


def _client_ready() -> bool:
    nodes = get("/v1/nodes")
    return any(node["Status"] == "ready" and node["Drivers"].get("docker", {}).get("Healthy") for node in nodes)


SERVER = Component("nomad-server", f"{ADDRESS}, in the site https://{SITE_IP}:{NOMAD_PORT}", _server_ready)
CLIENT = Component("nomad-client", f"node site, {SITE_IP}", _client_ready)
RELAY = relays.component("nomad", NOMAD_PORT)
