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


def egress_verdict(reading: Reading, expect: t.Sequence[str] | None, max_age: int, client_status: str = "running") -> tuple[str, str]:
    """Return verdict and reason of an allocation's egress.

    `expect` are addresses and CIDRs, one of which must be observed; None: those of the guard's own configuration. `max_age` is in seconds.
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
    # No observation is in the future.
    if not is_time(checked) or checked > evidence["time"] + 1:
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
    address = str(seen.get("observed"))
    if not is_address(address):
        return "not_proved", f"what was seen is no address: {address}"
    if expect is not None and not _within(address, expect):
        return "wrong_address", f"{address} is seen, expected was {' or '.join(expect)}"
    return "proved", ""


def _started_elsewhere(evidence: Json, begun: t.Any) -> str:
    """Return why the evidence is not from where the allocation passed its gate, or nothing. An older sidecar does not write `begun`."""
    if begun is None:
        return ""
    if not isinstance(begun, dict):
        return "where the sidecar started first cannot be read"
    names = {"boot_id": "boot of the client", "netns": "network namespace"}
    changed = [words for key, words in names.items() if not begun.get(key) or begun[key] != evidence.get(key)]
    return f"the evidence is from another {' and another '.join(changed)} than the start of the allocation" if changed else ""


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """Whether it is an address or a CIDR. The guard's shell knows no dotted masks."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "." not in text.partition("/")[2]


def _within(address: str, networks: t.Iterable[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False) for network in networks)
