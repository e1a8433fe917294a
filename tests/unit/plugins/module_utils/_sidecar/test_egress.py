# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on an allocation's egress."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.egress import address_verdict, egress_verdict, is_address
from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.evidence import Reading

from tests.unit.support.observed_addresses import ADDRESSES, ALLOWED, INTERFACES, JUDGEMENTS, REFUSED, UNKNOWN

NOW = 1_700_000_000
VERDICTS = {ALLOWED: "proved", REFUSED: "wrong_address", UNKNOWN: "not_proved"}


def reading(age: float = 1.0, checked: int = NOW - 2, verdict: str = "proved", **more: t.Any) -> Reading:
    egress = {"verdict": verdict, "observed": "203.0.113.7", "checked": checked, "reason": "because", "expect": "203.0.113.0/24", **more}
    return Reading({"time": NOW, "phase": "ready", "egress": egress}, age)


@pytest.mark.parametrize(
    ("found", "expect", "verdict", "words"),
    [
        (reading(), None, "proved", ""),
        (reading(), ["198.51.100.1", "203.0.113.0/24"], "proved", ""),
        (reading(observed="2001:db8::7"), ["203.0.113.0/24", "2001:db8::/32"], "proved", ""),
        (reading(), ["203.0.113.8"], "wrong_address", "203.0.113.7 is seen, expected was 203.0.113.8"),
        (reading(observed="own"), None, "not_proved", "no address: own"),
        (reading(observed=""), None, "not_proved", "no address"),
        (reading(age=28, checked=NOW - 2), None, "proved", ""),
        (reading(age=28, checked=NOW - 4), None, "stale", "32 s ago"),
        (reading(checked=NOW + 7200), None, "refused", "no evidence of a guard"),
        (reading(checked="soon"), None, "refused", "no evidence of a guard"),
        (reading(checked=float("nan")), None, "refused", "no evidence of a guard"),
        (reading(age=1, checked=0), None, "stale", "did not look any more"),
        (reading(age=-3600), None, "stale", "ahead of the server's clock"),
        (reading(verdict="waiting"), None, "not_proved", "because"),
        (reading(verdict="stopped"), None, "stopped", "because"),
        (Reading({"time": NOW, "phase": "ready", "egress": None}, 1), None, "no_guard", "without egress"),
        (Reading({"time": NOW, "phase": "ready"}, 1), None, "no_guard", "without egress"),
        (Reading(verdict="collected", reason="gone"), None, "collected", "gone"),
    ],
)
def test_verdict(found: Reading, expect: list[str] | None, verdict: str, words: str) -> None:
    judged, reason = egress_verdict(found, expect, 30)
    assert judged == verdict
    assert words in reason


@pytest.mark.parametrize(("expect", "address", "own", "verdict"), JUDGEMENTS)
def test_the_judgement(expect: str, address: str, own: tuple[str, ...], verdict: int) -> None:
    assert address_verdict(address, expect.split(), own, INTERFACES)[0] == VERDICTS[verdict]
    seen = reading(expect=expect, observed=address, direct=list(own), interfaces=list(INTERFACES))
    assert egress_verdict(seen, None, 30)[0] == VERDICTS[verdict]


@pytest.mark.parametrize(("text", "is_one"), ADDRESSES)
def test_what_is_an_address(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


def test_a_guard_that_expects_nothing_proves_nothing() -> None:
    assert egress_verdict(reading(expect=None), None, 30)[0] == "wrong_address"


HERE = {"boot_id": "boot-1", "netns": "net:[1]"}


@pytest.mark.parametrize(
    ("begun", "verdict", "words"),
    [
        (HERE, "proved", ""),
        (None, "proved", ""),
        ({**HERE, "boot_id": "boot-0"}, "restarted", "another boot of the client than the start"),
        ({**HERE, "netns": "net:[0]"}, "restarted", "another network namespace than the start"),
        ({"boot_id": "boot-0", "netns": "net:[0]"}, "restarted", "another boot of the client and another network namespace than the start"),
        ({}, "restarted", "another boot of the client and another network namespace"),
    ],
)
def test_evidence_from_another_boot_or_namespace_proves_nothing(begun: t.Any, verdict: str, words: str) -> None:
    found = reading(begun=begun)
    judged, reason = egress_verdict(Reading({**(found.evidence or {}), **HERE}, 1.0), None, 30)
    assert judged == verdict
    assert words in reason


def test_a_guard_that_stopped_after_a_restart_says_so_itself() -> None:
    assert egress_verdict(reading(verdict="stopped", begun={}), None, 30) == ("stopped", "because")


@pytest.mark.parametrize("status", ["failed", "lost"])
def test_what_has_failed_is_not_proved(status: str) -> None:
    assert egress_verdict(reading(), None, 30, status) == ("not_proved", f"the allocation is {status}")
    assert egress_verdict(reading(verdict="stopped"), None, 30, status) == ("stopped", "because")
