# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role egress_network, beyond the types of its argument specification."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._tailnet.names import LABEL

from .workload import Inputs

BRIDGE = re.compile(r"[a-z0-9][a-z0-9-]{0,14}")


def problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield a sentence for each problem, without the role's prefix."""
    if not LABEL.fullmatch(inputs["name"]):
        yield f"name '{inputs['name']}' must be of a-z, 0-9 and -, at most 63 characters"
    if not BRIDGE.fullmatch(inputs["bridge"]):
        yield f"bridge '{inputs['bridge']}' must be of a-z, 0-9 and -, at most 15 characters"
    subnet = _network(inputs["subnet"])
    if subnet is None or not 8 <= subnet.prefixlen <= 29:
        yield f"subnet '{inputs['subnet']}' is no IPv4 network from /8 to /29 with its first address"
    if inputs["state"] == "present" and not inputs["destinations"]:
        yield "destinations is required: without the control server and relays no node can log in"
    for destination in inputs["destinations"]:
        network = _network(destination)
        if network is None:
            yield f"destinations: '{destination}' is neither an IPv4 address nor a CIDR with its first address"
        elif network.prefixlen < 8:
            yield f"destinations: {destination} is a way to anywhere: name the control server and the relays"


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None
