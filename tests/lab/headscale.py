# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane of the tailnet: headscale with TLS, an embedded DERP relay and STUN."""

from __future__ import annotations

import json
import typing as t

from . import certificates, loopback_relays, process
from .command import run, succeeds
from .component import Component, render
from .topology import BIN, HEADSCALE_IP, HEADSCALE_PORT, HERE, KEYS, LOGIN_NAME, LOGIN_SERVER, NAMESPACES, RELAY_IP, STATE, TAILNET

HOME = STATE / "headscale"
CONFIG = HOME / "headscale.yaml"
CLI = [str(BIN / "headscale"), "--config", str(CONFIG)]
WAN = NAMESPACES["wan"]
USERS = ("lab", "alice", "mallory")
FOREVER = "720h"


def _answers() -> bool:
    return succeeds([*WAN.enter, "curl", "-fsS", "--noproxy", "*", "--cacert", str(certificates.CA), f"{LOGIN_SERVER}/health"])


HEADSCALE = Component("headscale", f"{LOGIN_SERVER} (wan)", _answers)
# Its API as the machine's own shell reaches it, and a key for it.
API = f"https://{RELAY_IP}"
API_KEY_FILE = STATE / "headscale.key"
RELAY = loopback_relays.component("headscale", HEADSCALE_PORT)


def start() -> None:
    """Start it, and make the users and the keys."""
    HOME.mkdir()
    certificate, key = certificates.issue("headscale", [f"IP:{HEADSCALE_IP}", f"IP:{RELAY_IP}", f"DNS:{LOGIN_NAME}"])
    policy = HERE / "etc" / "policy.json"
    settings = {"server": LOGIN_SERVER, "ip": HEADSCALE_IP, "home": HOME, "tailnet": TAILNET, "policy": policy}
    CONFIG.write_text(render("headscale.yaml", certificate=certificate, key=key, **settings))
    # By its source, headscale 0.27 can lose a change when two nodes log in at the same moment: its batcher reads, changes and stores a
    # list without a lock. One core makes that rarer. Without the change no exit node lets the new node through until the next change.
    process.start("headscale", [*CLI, "serve"], WAN, GOMAXPROCS="1")
    HEADSCALE.wait()
    loopback_relays.start("headscale", HEADSCALE_PORT, "wan", HEADSCALE_IP)
    API_KEY_FILE.touch(mode=0o600)
    API_KEY_FILE.write_text(str(_json("apikeys", "create", "--expiration", FOREVER)))
    users = {name: _json("users", "create", name)["id"] for name in USERS}
    _store("service", _key(users["lab"], "--reusable", "--ephemeral", "--tags", "tag:service"))
    _store("worker", _key(users["lab"], "--reusable", "--ephemeral", "--tags", "tag:worker"))
    _store("both", _key(users["lab"], "--reusable", "--ephemeral", "--tags", "tag:service,tag:worker"))
    _store("exit", _key(users["lab"], "--reusable", "--tags", "tag:exit"))
    for name in ("alice", "mallory"):
        _store(name, _key(users[name], "--reusable"))
    expired = _key(users["lab"], "--reusable", "--ephemeral", "--tags", "tag:service")
    _json("preauthkeys", "expire", "--user", str(users["lab"]), expired)
    _store("expired", expired)


def nodes() -> list[dict[str, t.Any]]:
    """Every node that headscale knows, as its command line gives them."""
    return _json("nodes", "list") or []


def _key(user: int, *options: str) -> str:
    created = _json("preauthkeys", "create", "--user", str(user), "--expiration", FOREVER, *options)
    return str(created["key"])


def _store(name: str, key: str) -> None:
    path = KEYS / name
    path.touch(mode=0o600)
    path.write_text(key)


def _json(*arguments: str) -> t.Any:
    return json.loads(run([*CLI, *arguments, "--output", "json"]))
