# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything of the laboratory lies: addresses, namespaces, directories."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# A machine can have several laboratories at a time, each with a number. A person's is number 0.
NUMBER = int(os.environ.get("LAB_NUMBER", "0"))
PREFIX = "notailcar-lab"
NAME = f"{PREFIX}-{NUMBER}" if NUMBER else PREFIX
STATE = Path("/run") / NAME
DATA = Path("/var/lib") / NAME
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notailcar-lab"
HERE = Path(__file__).parent
LOGS = STATE / "log"
KEYS = STATE / "keys"
BIN = STATE / "bin"
SITE_FILE = STATE / "site.json"
LAB_MOUNTS = STATE / "mount" / "lab"

TAILNET = "tailnet.example"
WAN_ROUTER = "198.51.100.1"
HEADSCALE_IP = "198.51.100.2"
LOGIN_SERVER = f"https://{HEADSCALE_IP}"
# A name in its certificate. No resolver of the laboratory knows it; the name server of a test may.
LOGIN_NAME = "login.example"
SITE_IP = "198.51.100.10"
ECHO_IP = "203.0.113.80"
PROXY_PORT = 1055

# The machine's own network stays as it is: its shell reaches the site only through relays on a loopback address that
# nobody else uses, at the servers' usual ports.
RELAY_IP = f"127.46.46.{46 + NUMBER}"
NOMAD_PORT, VAULT_PORT, CONSUL_PORT, HEADSCALE_PORT = 4646, 8200, 8500, 443


@dataclass(frozen=True)
class Namespace:
    """A network namespace of the laboratory, a host of its own on the wan."""

    name: str
    address: str

    @property
    def netns(self) -> str:
        return f"ntc{NUMBER or ''}-{self.name}"

    @property
    def path(self) -> Path:
        return Path("/run/netns") / self.netns

    @property
    def enter(self) -> list[str]:
        """The command prefix that runs a command in here. (`ip netns exec` would remount /sys and hide the cgroups from Docker.)"""
        return ["nsenter", f"--net={self.path}"]


NAMESPACES = {
    name: Namespace(name, address)
    for name, address in (
        ("wan", WAN_ROUTER),
        ("site", SITE_IP),
        ("exit1", "198.51.100.21"),
        ("exit2", "198.51.100.22"),
        ("client", "198.51.100.31"),
        ("outsider", "198.51.100.32"),
    )
}
