# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which levels of egress the clients allow."""

from __future__ import annotations

import typing as t

import pytest


def client(name: str, networks: tuple[str, ...] = ("host", "bridge"), docker: bool = True, **more: t.Any) -> dict[str, t.Any]:
    return {
        "Name": name,
        "Datacenter": "dc1",
        "Status": "ready",
        "SchedulingEligibility": "eligible",
        "Drivers": {"docker": {"Healthy": docker}},
        "NodeResources": {"Networks": [{"Mode": mode} for mode in networks]},
        **more,
    }


ISOLATED = ("host", "bridge", "cni/notailcar-egress")


@pytest.mark.parametrize(
    ("clients", "options", "level"),
    [
        ([client("a")], {}, "locked"),
        ([client("a"), client("b", ISOLATED)], {}, "isolated"),
        ([client("a", ISOLATED)], {"mode": "kernel"}, "isolated"),
        ([client("a")], {"mode": "userspace"}, "monitored"),
        ([client("a", ISOLATED)], {"cni_network": "other"}, "locked"),
        ([client("a"), client("b", ISOLATED, Datacenter="dc2")], {"datacenters": ["dc1"]}, "locked"),
        ([client("a"), client("b", ISOLATED, Status="down")], {}, "locked"),
        ([client("a"), client("b", ISOLATED, SchedulingEligibility="ineligible")], {"datacenters": ["dc*"]}, "locked"),
        ([client("a", ("host", "cni/notailcar-egress"))], {}, "isolated"),
    ],
)
def test_the_best_level(nomad, in_process, clients: list[dict[str, t.Any]], options: dict[str, t.Any], level: str) -> None:
    nomad.on("GET /v1/nodes", clients)
    result = in_process("egress_level_info", **options)
    assert result["level"] == level
    assert nomad.all("GET /v1/nodes")[0].query["resources"] == "true"


def test_what_each_client_lacks(nomad, in_process) -> None:
    nomad.on("GET /v1/nodes", [client("a", ("host",)), client("b", docker=False)])
    failed = in_process("egress_level_info")
    assert failed["failed"]
    assert "a: it has no bridge networking" in failed["msg"]
    assert "b: its docker driver is not healthy" in failed["msg"]
    nomad.on("GET /v1/nodes", [])
    assert "none in * is ready and eligible" in in_process("egress_level_info")["msg"]
