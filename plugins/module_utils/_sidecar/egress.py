# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on the egress of an allocation, from the evidence of its guard: the observed address, and its age."""

from __future__ import annotations

import ipaddress
import typing as t

from .._json import Json
from .evidence import Reading, is_time

# The phases that the sidecar writes when it is stopped.
ENDED_PHASES = ("logged_out", "stopped", "abandoned")
# The bits before the IPv4 address in an IPv6 address that means one.
MAPPED = 96


def egress_verdict(reading: Reading, expect: t.Sequence[str] | None, max_age: int, client_status: str = "running") -> tuple[str, str]:
    """Return verdict and reason of an allocation's egress.

    `expect` are addresses and CIDRs, one of which must be observed; None: those that the guard was told to expect. `max_age` is in seconds.
    `client_status` is Nomad's: the egress of a complete allocation must have been verified until its end, that of a failed one is not.
    """
    if reading.evidence is None:
        return reading.verdict, reading.reason
    evidence, age = reading.evidence, reading.age or 0
    seen = evidence.get("egress")
    if not isinstance(seen, dict):
        return "no_guard", "its sidecar has no guard: the job was rendered without egress"
    if seen.get("verdict") == "stopped":
        return "stopped", str(seen.get("reason"))
    if why := _started_elsewhere(evidence, seen.get("begun")):
        return "restarted", why
    if seen.get("verdict") != "proved":
        return "not_proved", str(seen.get("reason") or evidence.get("reason"))
    checked, complete = seen.get("checked"), client_status == "complete"
    if not is_time(checked):
        return "refused", "the file is no evidence of a guard: it has no time at which the address was seen"
    # No observation is in the future.
    if checked > evidence["time"] + 1:
        return "refused", f"the file is no evidence of a guard: the address would have been seen at {checked}"
    if client_status in ("failed", "lost"):
        return "not_proved", f"the allocation is {client_status}"
    if complete:
        if evidence.get("phase") not in ENDED_PHASES:
            return "not_proved", "the guard was killed before the allocation ended"
        age = 0
    if age < -max_age:
        return "stale", f"the evidence is {-age:.0f} s ahead of the server's clock: how fresh it is cannot be known"
    # How long before the evidence it was seen is by one clock, that of the client.
    age += evidence["time"] - checked
    if age > max_age:
        when = "before the end" if complete else "ago"
        return "stale", f"the address was seen {age:.0f} s {when} (at most {max_age} s): the guard did not look any more"
    wanted = str(seen.get("expect") or "").split() if expect is None else expect
    return address_verdict(str(seen.get("observed")), wanted, seen.get("direct") or [], seen.get("interfaces") or [])


def address_verdict(address: str, expect: t.Sequence[str], own: t.Sequence[str], interfaces: t.Sequence[str]) -> tuple[str, str]:
    """Return verdict and reason of an observed address.

    `expect` are addresses and CIDRs, or `differs` or `any`. `own` are the addresses from which the node sends, among them those that STUN
    servers reported, `interfaces` those of its interfaces. `addresses_allow` in roles/workload/files/guard/addresses.ash judges in the same
    way; both are tested with the same table.
    """
    if not is_address(address):
        return "not_proved", f"what was seen is no address: {address}"
    if list(expect) == ["any"]:
        return "proved", ""
    if _within(address, own):
        return "wrong_address", f"{address} is seen, which is the node's own address: the exit node is not in use"
    if list(expect) == ["differs"]:
        direct = [one for one in own if not _within(one, interfaces)]
        if not any(_family(one) == _family(address) for one in direct):
            return "not_proved", f"{address} cannot be told from the direct address: no STUN server told it"
        return "proved", ""
    if not _within(address, [network for network in expect if not has_every_address(network)]):
        return "wrong_address", f"{address} is seen, expected was {' or '.join(expect)}"
    return "proved", ""


def _started_elsewhere(evidence: Json, begun: t.Any) -> str:
    """Return why the evidence is not from where the allocation passed its gate, or nothing. An older sidecar does not write `begun`."""
    if begun is None:
        return ""
    names = {"boot_id": "boot of the client", "netns": "network namespace"}
    changed = [words for key, words in names.items() if not begun.get(key) or begun[key] != evidence.get(key)]
    return f"the evidence is from another {' and another '.join(changed)} than the start of the allocation" if changed else ""


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    return "/" not in text and _network(text) is not None


def is_network(text: str) -> bool:
    """Whether it is an address or a CIDR."""
    return _network(text) is not None


def has_every_address(text: str) -> bool:
    """Whether it is a CIDR that has every address of its family, so that to expect it proves nothing."""
    network = _network(text)
    return network is not None and network.prefixlen == 0


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return an address or CIDR as a network. The guard's shell knows neither dotted masks nor scopes.

    An IPv4 address that is written as an IPv6 address (::ffff:203.0.113.7) is an IPv4 address.
    """
    if "." in text.partition("/")[2] or "%" in text:
        return None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= MAPPED and network.network_address.ipv4_mapped:
        return ipaddress.IPv4Network((int(network.network_address.ipv4_mapped), network.prefixlen - MAPPED))
    return network


def _family(text: str) -> int | None:
    network = _network(text)
    return network.version if network else None


def _within(address: str, networks: t.Iterable[str]) -> bool:
    wanted = _network(address)
    return wanted is not None and any(one is not None and wanted.network_address in one for one in map(_network, networks))
