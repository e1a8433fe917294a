# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: a row for each workload, and the data for a workflow."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.steps import Deployment, deployment_steps
from ansible_collections.notailcar.nomad.plugins.plugin_utils._report import of_workflow, row, table

Json = dict[str, t.Any]
RESULT: Json = {"job_id": "whoami", "changed": False, "steps": [], "nodes": [], "egress": [], "urls": []}
NODE = {"dns_name": "whoami.tail1234.ts.net", "age_seconds": 4.4}
PROVED = {"verdict": "proved", "observed": "203.0.113.7", "exit_node": "exit-fra", "age_seconds": 2}


def cells(check: bool = False, failed: bool = False, **result: t.Any) -> list[str]:
    return row("host-1", {**RESULT, **result}, check, failed)


# One row


def test_a_verified_workload_has_all_cells() -> None:
    assert cells(changed=True, steps=["run", "prove"], nodes=[NODE], egress=[PROVED], urls=["http://whoami", "https://whoami"]) == [
        *("whoami", "changed: run", "http://whoami", "whoami.tail1234.ts.net", "203.0.113.7 through exit-fra", "4 s")
    ]


@pytest.mark.parametrize(
    ("result", "check", "change"),
    [
        ({}, False, "unchanged"),
        ({"steps": ["prove"]}, False, "unchanged"),
        ({}, True, "unchanged"),
        ({"changed": True, "steps": ["secrets", "run", "prove"]}, False, "changed: secrets, run"),
        ({"changed": True, "steps": ["secrets", "run", "prove"]}, True, "would change: secrets, run"),
        ({"changed": True, "steps": ["run", "canary", "ask_canary", "promote", "prove", "egress"]}, False, "changed: run"),
        ({"changed": True, "steps": ["stop", "stop_runs", "delete", "prove_removal"]}, False, "changed: stop, stop runs, delete"),
        ({"changed": True, "steps": []}, False, "changed"),
    ],
)
def test_a_row_names_the_steps_that_change_something(result: Json, check: bool, change: str) -> None:
    assert cells(**result, check=check)[1] == change


def test_every_step_that_only_looks_is_left_out() -> None:
    update = Deployment(settled=False, verified=False, canary=True, asks_canary=True, has_egress=True)
    assert cells(changed=True, steps=deployment_steps(update))[1] == "changed: run"


@pytest.mark.parametrize(
    ("nodes", "cell"),
    [
        ([], "-"),
        ([NODE], "whoami.tail1234.ts.net"),
        ([{"dns_name": "a"}, {"dns_name": "b"}], "a, b"),
        ([{"dns_name": ""}, {"dns_name": "b"}], "b"),
        ([{"dns_name": ""}, {}], "2"),
    ],
)
def test_a_row_names_the_nodes(nodes: list[Json], cell: str) -> None:
    assert cells(nodes=nodes)[3] == cell


@pytest.mark.parametrize(
    ("egress", "cell"),
    [
        ([], ""),
        ([PROVED], "203.0.113.7 through exit-fra"),
        ([PROVED, PROVED], "203.0.113.7 through exit-fra"),
        ([PROVED, {**PROVED, "exit_node": "exit-ams"}], "203.0.113.7 through exit-fra, 203.0.113.7 through exit-ams"),
        ([{**PROVED, "exit_node": ""}], "203.0.113.7"),
        ([{**PROVED, "observed": "", "exit_node": ""}], "proved"),
        ([{**PROVED, "verdict": "leaking"}], "leaking"),
    ],
)
def test_a_row_names_the_egress(egress: list[Json], cell: str) -> None:
    assert cells(egress=egress)[4] == cell


@pytest.mark.parametrize(
    ("nodes", "egress", "age"),
    [
        ([], [], ""),
        ([NODE], [], "4 s"),
        ([NODE, {**NODE, "age_seconds": 9.6}], [PROVED], "10 s"),
        ([NODE], [{**PROVED, "age_seconds": 30}], "30 s"),
        ([{"dns_name": "a"}, {"dns_name": "b", "age_seconds": None}], [], ""),
        ([{**NODE, "age_seconds": 0}], [], "0 s"),
    ],
)
def test_the_age_is_that_of_the_oldest_evidence(nodes: list[Json], egress: list[Json], age: str) -> None:
    assert cells(nodes=nodes, egress=egress)[5] == age


@pytest.mark.parametrize(
    ("result", "name"),
    [({"msg": "private_service_port is required", "failed": True}, "host-1"), ({**RESULT, "changed": True, "nodes": [NODE]}, "whoami")],
)
def test_a_workload_that_failed_has_no_cells_of_a_good_one(result: Json, name: str) -> None:
    assert row("host-1", result, False, True) == [name, "failed", "", "", "", ""]


# The table


def test_the_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [
        cells(changed=True, steps=["run"], nodes=[NODE], urls=["http://whoami"]),
        row("another-service", {}, False, True),
    ]
    assert table(rows) == [
        "SERVICE          CHANGE        URL            NODES                   PROOF AGE",
        "whoami           changed: run  http://whoami  whoami.tail1234.ts.net  4 s",
        "another-service  failed",
    ]


def test_a_column_that_is_empty_everywhere_is_left_out() -> None:
    assert table([row("a", {}, False, True), ["b", "unchanged", "", "", "", ""]]) == [
        "SERVICE  CHANGE",
        "a        failed",
        "b        unchanged",
    ]
    assert table([]) == ["SERVICE  CHANGE"]


# The data of a workflow


def test_a_workflow_gets_the_result_without_the_plan() -> None:
    plan = {"declaration": {"env": {}}, "diff": [], "holder": "", "key": {}, "next": ["begin"], "plan": {}, "spec": "job"}
    more = {"failed": False, "release": "", "variables": [], "_ansible_no_log": False}
    assert of_workflow({**RESULT, **plan, **more, "url": "http://whoami"}) == {**RESULT, "url": "http://whoami"}
