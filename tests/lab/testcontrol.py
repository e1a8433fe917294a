# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second tailnet, on request: Tailscale's testcontrol, which grants HTTPS and Funnel, lets devices wait for approval and expires keys."""

from __future__ import annotations

import json
import shutil
import signal
import typing as t
import uuid

from . import certificates, process
from .command import run
from .component import Component
from .topology import BIN, HEADSCALE_IP, KEYS, NAMESPACES, STATE

NAME = "testcontrol"
WAN = NAMESPACES["wan"]
ENDPOINT = f"{HEADSCALE_IP}:8443"
LOGIN_SERVER = f"https://{ENDPOINT}"
TAILNET = "testcontrol.example"
# Inside the wan's loopback interface, where no workload comes.
SWITCHES = "127.0.0.1:8444"
HOME = STATE / NAME


def nodes() -> list[dict[str, t.Any]]:
    """Every node that ever logged in: id, name, addresses, tags, approved, expired, logged_out."""
    found: list[dict[str, t.Any]] = _ask("GET", "nodes")
    return found


def require_approval(on: bool) -> None:
    """Decide whether a device that is new must wait; those that are there stay."""
    _ask("POST", f"approval/{on}")


def accept_keys(on: bool) -> None:
    """Decide whether auth keys are good; nodes that are logged in stay so."""
    _ask("POST", f"keys/{on}")


def approve(ident: str) -> None:
    """Approve a device that waits."""
    _ask("POST", f"nodes/{ident}/approve")


def expire(ident: str) -> None:
    """Let a node's key expire now."""
    _ask("POST", f"nodes/{ident}/expire")


TESTCONTROL = Component(NAME, f"{LOGIN_SERVER} (wan)", lambda: _serves() and isinstance(nodes(), list))


def start() -> None:
    """Start it with one reusable auth key, which gives tag:service."""
    HOME.mkdir(mode=0o700)
    path = KEYS / NAME
    path.touch(mode=0o600)
    path.write_text(f"tskey-auth-{uuid.uuid4().hex}")
    keys = HOME / "auth-keys.json"
    keys.write_text(json.dumps({path.read_text(): ["tag:service"]}))
    certificate, key = certificates.issue(NAME, [f"IP:{HEADSCALE_IP}"])
    argv = [str(BIN / NAME), "-listen", ENDPOINT, "-admin", SWITCHES, "-domain", TAILNET, "-auth-keys", str(keys)]
    process.start(NAME, [*argv, "-certificate", str(certificate), "-key", str(key)], WAN)
    TESTCONTROL.wait()


def remove() -> None:
    """End it and forget its nodes; headscale's tailnet goes on."""
    process.send(NAME, signal.SIGKILL, wait=10)
    shutil.rmtree(HOME)
    (KEYS / NAME).unlink()


def _serves() -> bool:
    key = json.loads(_curl("--cacert", str(certificates.CA), f"{LOGIN_SERVER}/key?v=1"))
    return str(key["publicKey"]).startswith("mkey:")


def _ask(method: str, path: str) -> t.Any:
    return json.loads(_curl("--request", method, f"http://{SWITCHES}/{path}"))


def _curl(*arguments: str) -> str:
    return run([*WAN.enter, "curl", "-sS", "--fail-with-body", "--noproxy", "*", "--max-time", "5", *arguments])
