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


SPEC = {
    **{"ID": "crawler", "Datacenters": ["dc1"], "NodePool": "egress", "Constraints": [{"LTarget": "${meta.egress}", "RTarget": "yes"}]},
    "TaskGroups": [
        {"Name": "app", "Constraints": [{"LTarget": "${attr.cpu.arch}"}], "Tasks": [{"Name": "app", "Constraints": [{"LTarget": "x"}]}]},
        {"Name": "other", "Constraints": [{"LTarget": "elsewhere"}]},
    ],
}
PLAN = "PUT /v1/job/notailcar-level-probe/plan"
GROUP = "notailcar-level-probe"


def plan(**failed: t.Any) -> dict[str, t.Any]:
    none = {"FailedTGAllocs": {GROUP: {"NodesEvaluated": 1, **failed}} if failed else None}
    return {"Diff": {"Type": "Added"}, "JobModifyIndex": 0, "Annotations": None, "Warnings": "", **none}


EXCLUDED = plan(NodesFiltered=1, ConstraintFiltered={"${meta.egress} = yes": 1})


def test_clients_that_the_job_excludes_by_its_node_pool_do_not_count(nomad, in_process) -> None:
    nomad.on("GET /v1/nodes", [client("a", NodePool="egress"), client("b", ISOLATED, NodePool="default"), client("c", ISOLATED)])
    nomad.on(PLAN, plan())
    result = in_process("egress_level_info", spec=SPEC)
    assert (result["level"], [one["name"] for one in result["clients"]]) == ("locked", ["a"])
    assert in_process("egress_level_info", spec={**SPEC, "NodePool": "all"})["level"] == "isolated"


def test_clients_that_the_job_excludes_by_constraints_do_not_count(nomad, in_process) -> None:
    """Nomad decides, with the constraints of the job, of its first group and of this group's tasks."""
    nomad.on("GET /v1/nodes", [client("a", NodePool="egress"), client("b", ISOLATED, NodePool="egress")])
    nomad.on(PLAN, EXCLUDED, plan())
    assert in_process("egress_level_info", spec=SPEC)["level"] == "locked"
    sent = [asked.body["Job"] for asked in nomad.all(PLAN)]
    assert [one["TaskGroups"][0]["Networks"] for one in sent] == [[{"Mode": "cni/notailcar-egress"}], [{"Mode": "bridge"}]]
    assert (sent[0]["NodePool"], sent[0]["Datacenters"], sent[0]["Constraints"]) == ("egress", ["dc1"], SPEC["Constraints"])
    assert [one["LTarget"] for one in sent[0]["TaskGroups"][0]["Constraints"]] == ["${attr.cpu.arch}", "x"]
    assert nomad.count("PUT /v1/jobs") == 0


def test_a_full_client_counts(nomad, in_process) -> None:
    nomad.on("GET /v1/nodes", [client("a", ISOLATED, NodePool="egress")])
    nomad.on(PLAN, plan(NodesExhausted=1, DimensionExhausted={"memory": 1}))
    assert in_process("egress_level_info", spec=SPEC)["level"] == "isolated"


def test_no_client_is_left_that_the_job_allows(nomad, in_process) -> None:
    nomad.on("GET /v1/nodes", [client("a", ISOLATED, NodePool="egress")])
    nomad.on(PLAN, EXCLUDED)
    failed = in_process("egress_level_info", spec=SPEC)
    assert "level isolated: constraint ${meta.egress} = yes: excludes 1 of 1 node" in failed["msg"]
    nomad.on("GET /v1/nodes", [client("a", ISOLATED)])
    assert "none in dc1 of node pool egress is ready and eligible" in in_process("egress_level_info", spec=SPEC)["msg"]
