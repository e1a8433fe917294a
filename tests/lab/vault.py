# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vault in development mode, on request."""

from __future__ import annotations

import uuid

from . import api, loopback_relays, process
from .component import Component
from .topology import BIN, NAMESPACES, RELAY_IP, SITE_IP, STATE, VAULT_PORT

ADDRESS = f"http://{RELAY_IP}:{VAULT_PORT}"
TOKEN_FILE = STATE / "vault.token"
VAULT = Component(
    "vault", f"{ADDRESS}, in the site http://{SITE_IP}:{VAULT_PORT}", lambda: not api.call(f"{ADDRESS}/v1/sys/health")["sealed"]
)
RELAY = loopback_relays.component("vault", VAULT_PORT)


def start() -> None:
    """Start it unsealed; its root token goes through the environment, so it shows in no process list."""
    TOKEN_FILE.touch(mode=0o600)
    TOKEN_FILE.write_text(str(uuid.uuid4()))
    argv = [str(BIN / "vault"), "server", "-dev", f"-dev-listen-address=0.0.0.0:{VAULT_PORT}"]
    process.start("vault", argv, NAMESPACES["site"], VAULT_DEV_ROOT_TOKEN_ID=TOKEN_FILE.read_text())
    loopback_relays.start("vault", VAULT_PORT)
    VAULT.wait()
