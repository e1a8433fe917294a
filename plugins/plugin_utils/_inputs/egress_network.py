# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role egress_network, beyond the types of its argument specification."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.notailcar.nomad.plugins.module_utils._tailnet.names import LABEL

from .workload import LIST, Inputs, well_shaped

BRIDGE = re.compile(r"[a-z0-9][a-z0-9-]{0,14}")


def problems(inputs: Inputs) -> list[str]:
    """Return a sentence for each problem; `inputs` are the role's variables by their names without the role's prefix."""
    sentences, shaped = well_shaped(inputs, dict.fromkeys(("destinations", "reload"), LIST))
    if not LABEL.fullmatch(str(shaped["name"])):
        sentences.append(f"name '{shaped['name']}' must be of a-z, 0-9 and -, at most 63 characters")
    if not BRIDGE.fullmatch(str(shaped["bridge"])):
        sentences.append(f"bridge '{shaped['bridge']}' must be of a-z, 0-9 and -, at most 15 characters")
    subnet = _network(shaped["subnet"])
    if subnet is None or not 8 <= subnet.prefixlen <= 29:
        sentences.append(f"subnet '{shaped['subnet']}' is no IPv4 network from /8 to /29 with its first address")
    if shaped["state"] == "present" and not shaped["destinations"] and isinstance(inputs["destinations"], list):
        sentences.append("destinations is required: without the control server and relays no node can log in")
    for destination in map(str, shaped["destinations"]):
        network = _network(destination)
        if network is None:
            sentences.append(f"destinations: '{destination}' is neither an IPv4 address nor a CIDR with its first address")
        elif network.prefixlen < 8:
            sentences.append(f"destinations: {destination} is a way to anywhere: name the control server and the relays")
    return [f"egress_network_{sentence}" for sentence in sentences]


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None
