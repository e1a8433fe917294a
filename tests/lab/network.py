# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network namespaces: a wan with a bridge, and hosts on it."""

from __future__ import annotations

from .command import run
from .topology import ECHO_IP, HEADSCALE_IP, NAMESPACES, WAN_ROUTER, Namespace

BRIDGE = "wan0"


def create() -> None:
    """Make every namespace and connect it to the wan. No interface is ever made in the machine's own namespace."""
    wan, *hosts = NAMESPACES.values()
    for place in NAMESPACES.values():
        run(["ip", "netns", "add", place.netns])
        run(["ip", "-n", place.netns, "link", "set", "lo", "up"])
    _in(wan, f"link add {BRIDGE} type bridge")
    for address in (f"{WAN_ROUTER}/24", f"{HEADSCALE_IP}/24"):
        _in(wan, f"address add {address} dev {BRIDGE}")
    _in(wan, f"address add {ECHO_IP}/32 dev lo")
    _in(wan, f"link set {BRIDGE} up")
    for host in hosts:
        _in(wan, f"link add {host.name} type veth peer name eth0 netns {host.netns}")
        _in(wan, f"link set {host.name} master {BRIDGE} up")
        _in(host, f"address add {host.address}/24 dev eth0")
        _in(host, "link set eth0 up")
        _in(host, f"route add default via {WAN_ROUTER}")


def remove() -> None:
    """Delete what exists of them; their interfaces and firewall rules go with them."""
    for place in NAMESPACES.values():
        if place.path.exists():
            run(["ip", "netns", "delete", place.netns])


def _in(place: Namespace, arguments: str) -> None:
    run(["ip", "-n", place.netns, *arguments.split()])
