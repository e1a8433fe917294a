# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad: one agent that is server and client, with ACLs and TLS."""

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


def start() -> None:
    """Start the agent, make its management token, and wait until jobs can run."""
    names = [f"IP:{SITE_IP}", "IP:127.0.0.1", f"IP:{RELAY_IP}", "DNS:localhost", "DNS:server.global.nomad", "DNS:client.global.nomad"]
    certificate, key = certificates.issue("nomad", names)
    settings = {"ip": SITE_IP, "data": DATA / "nomad", "cgroup": cgroups.NOMAD}
    docker = {"docker": docker_engine.HOST, "pause": images.PAUSE.tag}
    config = STATE / "nomad.hcl"
    config.write_text(render("nomad.hcl", ca=certificates.CA, certificate=certificate, key=key, **settings, **docker))
    process.start("nomad", [str(BIN / "nomad"), "agent", "-config", str(config)], NAMESPACES["site"])
    relays.start("nomad", NOMAD_PORT)
    TOKEN_FILE.touch(mode=0o600)
    TOKEN_FILE.write_text(str(uuid.uuid4()))
    wait_until(_bootstrapped, "Nomad's ACLs bootstrapped", 30)
    NOMAD.wait()


def get(path: str) -> t.Any:
    """Read from Nomad's API with the management token."""
    return api.call(f"{ADDRESS}{path}", headers={"X-Nomad-Token": TOKEN_FILE.read_text()}, ca=certificates.CA)


def _bootstrapped() -> bool:
    process.require("nomad")
    try:
        api.call(f"{ADDRESS}/v1/acl/bootstrap", body={"BootstrapSecret": TOKEN_FILE.read_text()}, ca=certificates.CA)
    except LabError:  # no leader yet
        return False
    return True


def _ready() -> bool:
    """The port answers seconds before the first job could run: ask for what a job needs."""
    nodes = get("/v1/nodes")
    keys = get("/v1/operator/keyring/keys")
    driver = nodes[0]["Drivers"].get("docker", {}) if nodes else {}
    return bool(driver.get("Healthy")) and nodes[0]["Status"] == "ready" and any(key["State"] == "active" for key in keys)


NOMAD = Component("nomad", f"{ADDRESS}, in the site https://{SITE_IP}:{NOMAD_PORT}", _ready)
NOMAD_RELAY = Component("nomad-relay", ADDRESS, lambda: bool(get("/v1/status/leader")))
