# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the job of a workload with verified egress has besides its guard."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.support.rendering import rendered

EGRESS = {"exit_nodes": ["exit-fra"], "expect": ["203.0.113.7"], "echo": ["http://203.0.113.80/"], "level": "locked"}
SERVICE = {"name": "whoami", "image": "whoami:1", "port": 8080, "mode": "kernel", "tailscale_image": "tailscale:1"}
OWN_RESOLVER = {"config": {"volumes": ["local/mine:/etc/resolv.conf"]}}


@pytest.fixture(scope="module")
def specs() -> t.Sequence[str]:
    """Of a service without egress, with it, with name servers and a peer, and with a resolv.conf of the user."""
    named = {**EGRESS, "dns": ["9.9.9.9"], "peers": ["100.64.0.7"]}
    declarations: list[dict[str, t.Any]] = [{}, {"egress": EGRESS}, {"egress": named}, {"egress": EGRESS, **OWN_RESOLVER}]
    answers = rendered({**SERVICE, **one} for one in declarations)
    assert [answer for answer in answers if "error" in answer] == []
    return [answer["spec"] for answer in answers]


def test_no_logs_are_sent_to_tailscale(specs: t.Sequence[str]) -> None:
    """By a line of the hosts file they would go elsewhere."""
    assert ['TS_NO_LOGS_NO_SUPPORT  = "true"' in spec for spec in specs] == [False, True, True, True]


def test_the_app_cannot_write_the_resolv_conf_of_tailscaled(specs: t.Sequence[str]) -> None:
    ours, named = '"../tailscale/secrets/resolv.conf"', '"local/resolv.conf"'
    assert [(ours in spec, named in spec) for spec in specs] == [(False, False), (True, False), (False, True), (False, False)]
    assert [spec.count('"/etc/resolv.conf"') for spec in specs] == [0, 1, 1, 0]


def test_the_lock_knows_what_the_declaration_names(specs: t.Sequence[str]) -> None:
    assert ['GUARD_PEERS      = "9.9.9.9 100.64.0.7"' in spec for spec in specs] == [False, False, True, False]
