# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a node that should be ready, or should have logged out."""

from __future__ import annotations

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.evidence import Reading
from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.readiness import ExpectedNode, logout_verdict, readiness_verdict

from tests.unit.support.evidence import IN_FORCE, SERVE, evidence, without

WANTED = ExpectedNode("whoami", "tail.example", ("tag:service",), None, 30)


def serving(found):
    """A reading of this evidence, with its Serve configuration."""
    return Reading(found, 1, serve_config=found["serve_config"] or {})


@pytest.mark.parametrize(
    ("reading", "wanted", "verdict", "words"),
    [
        (Reading(evidence(), 1), WANTED, "ready", ""),
        (Reading(evidence(), 31), WANTED, "stale", "31 s old"),
        (Reading(evidence(), -3600), WANTED, "stale", "3600 s ahead"),
        (Reading(evidence("starting"), 1), WANTED, "not_ready", "starting"),
        (Reading(evidence("degraded"), 1), WANTED, "not_ready", "degraded"),
        (Reading(without(evidence(), BackendState="NeedsLogin"), 1), WANTED, "not_ready", "auth key"),
        (Reading(without(evidence(), BackendState="NeedsMachineAuth"), 1), WANTED, "not_ready", "approval"),
        (Reading({**evidence(), "status": None}, 1), WANTED, "not_ready", "not started"),
        (Reading(without(evidence(), TailscaleIPs=None), 1), WANTED, "not_ready", "no tailnet address"),
        (Reading(evidence(Online=False), 1), WANTED, "not_ready", "online"),
        (Reading(evidence(Expired=True, KeyExpiry="2026-01-01"), 1), WANTED, "key_expired", "2026-01-01"),
        (
            Reading({**evidence("degraded"), "status": None, "key_expired": True, "reason": "no login"}, 1),
            WANTED,
            "key_expired",
            "; no login",
        ),
        (Reading({**evidence(), "key_expired": False}, 1), WANTED, "ready", ""),
        (Reading(evidence(DNSName="whoami-1.tail.example."), 1), WANTED, "wrong_name", "still holds whoami"),
        (Reading(evidence(DNSName="whoami-82yrzelo.tail.example."), 1), WANTED, "wrong_name", "still holds whoami"),
        (Reading({**evidence(DNSName="whoami-canary.tail.example."), "canary": True}, 1), WANTED, "wrong_name", "was not promoted"),
        (Reading({**evidence(DNSName="whoami-canary.tail.example."), "canary": True}, 1), ExpectedNode("whoami", canary=True), "ready", ""),
        (Reading(evidence(), 1), ExpectedNode("whoami", canary=True), "ready", ""),
        (Reading(evidence(DNSName="other.tail.example."), 1), WANTED, "wrong_name", "wanted was whoami"),
        (Reading(evidence(DNSName="whoami.evil.example."), 1), WANTED, "wrong_name", "right tailnet"),
        (Reading(evidence(Tags=None), 1), WANTED, "wrong_tags", "none"),
        (Reading(evidence(Tags=["tag:service", "tag:admin"]), 1), WANTED, "wrong_tags", "tag:admin"),
        (Reading(evidence(Tags=None, DNSName="x."), 1), ExpectedNode(), "ready", ""),
        (serving(evidence(serve=IN_FORCE)), ExpectedNode(serve_config=SERVE), "ready", ""),
        (serving(evidence(serve={**IN_FORCE, "AllowFunnel": {"x:443": False}})), ExpectedNode(serve_config=SERVE), "ready", ""),
        (
            serving(
                {**evidence(serve={"TCP": {"80": {"TCPForward": "127.0.0.1:8080", "TerminateTLS": "web.tail.example"}}}), "app_port": 8080}
            ),
            ExpectedNode(
                serve_config={"TCP": {"80": {"TCPForward": "127.0.0.1:${SIDECAR_APP_PORT}", "TerminateTLS": "web.${SIDECAR_TAILNET}"}}}
            ),
            "ready",
            "",
        ),
        (Reading(evidence(serve=None), 1), ExpectedNode(serve_config=SERVE), "serve_differs", "TCP, Web"),
        (Reading(evidence(), 1), ExpectedNode(serve_config={"TCP": {"443": {"HTTPS": True}}}), "serve_differs", "no HTTPS certificates"),
        (
            serving(evidence(serve={**IN_FORCE, "AllowFunnel": {"x:443": True}})),
            ExpectedNode(serve_config=SERVE),
            "serve_differs",
            "AllowFunnel",
        ),
        (Reading(verdict="collected", reason="gone"), WANTED, "collected", "gone"),
    ],
)
def test_verdict(reading, wanted, verdict, words):
    found, reason = readiness_verdict(reading, wanted)
    assert found == verdict
    assert words in reason


@pytest.mark.parametrize(("phase", "verdict"), [("logged_out", "logged_out"), ("stopping", "not_ready"), ("ready", "not_ready")])
def test_logout(phase, verdict):
    assert logout_verdict(Reading(evidence(phase, age=9999), 9999))[0] == verdict


def test_a_killed_sidecar_could_not_log_out():
    assert logout_verdict(Reading(evidence("ready"), 9999), ended=True)[0] == "abandoned"
    assert logout_verdict(Reading(evidence("stopped"), 9999), ended=True)[0] == "not_ready"
    assert logout_verdict(Reading(evidence("logged_out"), 9999), ended=True)[0] == "logged_out"
    assert logout_verdict(Reading(verdict="never_written"), ended=True)[0] == "abandoned"
    assert logout_verdict(Reading(verdict="never_written"))[0] == "never_written"
    assert logout_verdict(Reading(verdict="refused"), ended=True)[0] == "refused"


def test_a_node_that_never_joined_has_not_to_leave():
    assert logout_verdict(Reading({**evidence("failed"), "joined": False}, 9999))[0] == "never_joined"
    assert logout_verdict(Reading({**evidence("failed"), "joined": True}, 9999))[0] == "not_ready"
