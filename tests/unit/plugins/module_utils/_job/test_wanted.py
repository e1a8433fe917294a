# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of which allocations of a job should run."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._job.wanted import (
    OpenEvaluations,
    Shortage,
    groups_without_any,
    only_starts_others,
    open_evaluations,
    shortages,
    should_run,
    unplaced_reasons,
)

Json = dict[str, t.Any]
BLOCKED, ON_NODE = {"Status": "blocked", "NodeID": ""}, {"Status": "blocked", "NodeID": "node-1"}
CANARY = {"DeploymentStatus": {"Canary": True}}


def job(kind: str = "service", count: int = 2, **more: t.Any) -> Json:
    return {"ID": "shop", "Type": kind, "Version": 3, "TaskGroups": [{"Name": "web", "Count": count, **more}]}


def allocation(ident: str, client: str = "running", number: int = 0, **more: t.Any) -> Json:
    name = f"shop.web[{number}]"
    status = {"DesiredStatus": "run", "ClientStatus": client, "JobVersion": 3}
    return {"ID": ident, "Name": name, "NodeID": "node-1", "TaskGroup": "web", **status, **more}


def running(*numbers: int, **more: t.Any) -> list[Json]:
    return [allocation(f"a{number}", number=number, **more) for number in numbers]


@pytest.mark.parametrize(
    ("evaluations", "wanted"),
    [
        ([], OpenEvaluations()),
        ([{"Status": "complete"}, {"Status": "failed"}, {"Status": "canceled"}], OpenEvaluations()),
        ([{"Status": "pending", "NodeID": "node-1"}], OpenEvaluations(pending=True)),
        ([BLOCKED], OpenEvaluations(blocked=True)),
        ([{"Status": "blocked"}], OpenEvaluations(blocked=True)),
        ([ON_NODE], OpenEvaluations(full_node=True)),
        ([BLOCKED, ON_NODE], OpenEvaluations(blocked=True, full_node=True)),
    ],
)
def test_a_blocked_evaluation_with_a_node_is_about_this_node_only(evaluations: list[Json], wanted: OpenEvaluations) -> None:
    assert open_evaluations(evaluations) == wanted


@pytest.mark.parametrize(
    ("kind", "allocations", "kept"),
    [
        ("service", [allocation("new", number=1), allocation("old", JobVersion=2)], ["new", "old"]),
        ("service", [allocation("a", DesiredStatus="stop"), allocation("b", DesiredStatus="evict")], []),
        ("service", [allocation("a", "failed", NextAllocation="b")], []),
        ("service", [allocation("a", "failed")], ["a"]),
        # A successor has the name of its predecessor.
        ("service", [allocation("b"), allocation("a", "complete")], ["b"]),
        ("service", [allocation("canary", **CANARY), allocation("stable", JobVersion=2)], ["canary", "stable"]),
        # What has ended of an older version should not run again.
        ("batch", [allocation("old", "complete", JobVersion=2)], []),
        ("batch", [allocation("new", "complete")], ["new"]),
        # All allocations of a system job have one name.
        ("sysbatch", [allocation("a", "complete"), allocation("b", "complete", NodeID="node-2")], ["a", "b"]),
        ("system", [allocation("b"), allocation("a", "failed")], ["b"]),
    ],
)
def test_which_allocations_should_run(kind: str, allocations: list[Json], kept: list[str]) -> None:
    assert [one["ID"] for one in should_run(job(kind), allocations)] == kept


def test_nothing_of_a_stopped_job_should_run() -> None:
    stopped = {**job(), "Stop": True}
    assert should_run(stopped, running(0, 1)) == []
    assert shortages(stopped, []) == []


@pytest.mark.parametrize(
    ("kind", "group", "allocations", "short"),
    [
        ("service", {}, running(0, 1), None),
        ("service", {}, running(0), (1, 2)),
        ("service", {}, [*running(0), allocation("a1", "failed", 1)], (1, 2)),
        ("service", {}, [*running(0), allocation("a1", "complete", 1)], (1, 2)),
        ("service", {"count": 0}, [], None),
        ("batch", {}, [*running(0), allocation("a1", "complete", 1)], None),
        ("batch", {}, [*running(0), allocation("a1", "lost", 1)], (1, 2)),
        # Held canaries are all of the newest version that there is.
        ("service", {"Update": {"Canary": 1}}, running(0, **CANARY), None),
        ("service", {"count": 3, "Update": {"Canary": 2}}, running(0, **CANARY), (1, 2)),
        # They take the place of none of the version before.
        ("service", {"Update": {"Canary": 1}}, [*running(0, **CANARY), *running(1, JobVersion=2)], (1, 2)),
        ("system", {"count": 1}, running(0), None),
        ("system", {"count": 1}, [], (0, 1)),
        ("system", {"count": 0}, [], None),
        ("sysbatch", {"count": 1}, [allocation("a", "complete")], None),
    ],
)
def test_of_which_groups_there_are_too_few(kind: str, group: Json, allocations: list[Json], short: tuple[int, int] | None) -> None:
    assert shortages(job(kind, **group), allocations) == ([Shortage("web", *short)] if short else [])


def test_groups_of_which_nothing_is_placed() -> None:
    two = {**job(), "TaskGroups": [{"Name": "web", "Count": 1}, {"Name": "db", "Count": 1}, {"Name": "off", "Count": 0}]}
    assert groups_without_any(two, running(0)) == ["db"]
    assert groups_without_any({"ID": "shop"}, []) == ["shop"]


@pytest.mark.parametrize(
    ("of_job", "starts"),
    [
        ({"Periodic": {"Spec": "@daily"}}, True),
        ({"ParameterizedJob": {"Payload": ""}}, True),
        ({"ParameterizedJob": {"Payload": ""}, "Dispatched": True}, False),
        ({}, False),
    ],
)
def test_what_only_starts_others(of_job: Json, starts: bool) -> None:
    assert only_starts_others({**job(), **of_job}) is starts


def test_the_reason_is_that_of_the_newest_evaluation_that_failed() -> None:
    def failed(dimension: str) -> Json:
        return {"Status": "complete", "FailedTGAllocs": {"web": {"NodesEvaluated": 1, "DimensionExhausted": {dimension: 1}}}}

    reasons = unplaced_reasons(job(), [BLOCKED, failed("memory"), failed("cpu")], "web")
    assert reasons == ["resource memory: exhausted on 1 of 1 node"]
    assert unplaced_reasons(job(), [failed("memory")], "web") == []
    assert unplaced_reasons(job(), [BLOCKED, failed("memory")], "db") == []
