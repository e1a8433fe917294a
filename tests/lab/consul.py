# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consul in development mode, on request. Nomad finds it at its usual local address."""

from __future__ import annotations

from . import api, loopback_relays, process
from .component import Component
from .topology import BIN, CONSUL_PORT, NAMESPACES, RELAY_IP, SITE_IP

ADDRESS = f"http://{RELAY_IP}:{CONSUL_PORT}"
CONSUL = Component(
    "consul", f"{ADDRESS}, in the site http://{SITE_IP}:{CONSUL_PORT}", lambda: bool(api.call(f"{ADDRESS}/v1/status/leader"))
)
RELAY = loopback_relays.component("consul", CONSUL_PORT)


def start() -> None:
    """Start one agent that keeps everything in memory."""
    argv = [str(BIN / "consul"), "agent", "-dev", "-client=0.0.0.0", f"-bind={SITE_IP}"]
    process.start("consul", argv, NAMESPACES["site"])
    loopback_relays.start("consul", CONSUL_PORT)
    CONSUL.wait()
