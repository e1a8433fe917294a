# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `job`, and the ways in which a job does not run."""

from __future__ import annotations

import json

import pytest

SPEC = {"ID": "whoami", "Type": "service", "TaskGroups": []}
EVALUATION = "e0e0e0e0-0000"
DEPLOYMENT = "d0d0d0d0-0000"
ALLOCATION = "a0a0a0a0-0000"
PLAN, JOB = "PUT /v1/job/whoami/plan", "GET /v1/job/whoami"


def planned(kind="Added", index=0, **more):
    updates = {"app": {"Place": 1, "Ignore": 0}} if kind == "Added" else {"app": {"Ignore": 1, "InPlaceUpdate": 1}}
    diff = {"Type": kind, "ID": "whoami", "Fields": None, "Objects": None, "TaskGroups": None}
    return {"Diff": diff, "JobModifyIndex": index, "Annotations": {"DesiredTGUpdates": updates}, "Warnings": "", **more}


def job(kind="service", **more):
    return {
        "ID": "whoami",
        "Type": kind,
        "Version": 0,
        "Stop": False,
        "JobModifyIndex": 10,
        "Periodic": None,
        "ParameterizedJob": None,
        **more,
    }


def deployment(status, healthy=0, words="", created=20, **more):
    group = {"DesiredTotal": 1, "PlacedAllocs": 1, "HealthyAllocs": healthy, "UnhealthyAllocs": 0, "DesiredCanaries": 0, "Promoted": False}
    groups = {"app": {**group, **more}}
    return {
        "ID": DEPLOYMENT,
        "Status": status,
        "StatusDescription": words,
        "JobVersion": 0,
        "CreateIndex": created,
        "TaskGroups": groups,
    }


def allocation(status="running", desired="run", **tasks):
    return {
        "ID": ALLOCATION,
        "Name": "whoami.app[0]",
        "NodeName": "node-1",
        "CreateIndex": 21,
        "JobVersion": 0,
        "DesiredStatus": desired,
        "ClientStatus": status,
        "TaskGroup": "app",
        "TaskStates": tasks,
    }


def event(kind, words, fails=False):
    return {"Type": kind, "DisplayMessage": words, "FailsTask": fails}


@pytest.fixture
def runs(nomad):
    """A Nomad on which the job comes up."""
    nomad.on(PLAN, planned())
    nomad.on("PUT /v1/jobs", {"EvalID": EVALUATION, "JobModifyIndex": 10})
    nomad.on(JOB, job())
    nomad.on(f"GET /v1/evaluation/{EVALUATION}", {"Status": "complete", "CreateIndex": 11})
    nomad.on("GET /v1/job/whoami/deployment", deployment("running"))
    nomad.on(f"GET /v1/deployment/{DEPLOYMENT}", deployment("running"), deployment("successful", 1, "Deployment completed"))
    nomad.on("GET /v1/job/whoami/allocations", [allocation(app={"Events": [event("Started", "Task started by client")]})])
    nomad.on("GET /v1/job/whoami/evaluations", [{"Status": "complete", "CreateIndex": 11}])
    return nomad


def test_check_mode_plans_and_nothing_else(nomad, in_process):
    nomad.on(PLAN, planned())
    result = in_process("job", check=True, spec=SPEC)
    assert result["changed"]
    assert result["job_modify_index"] == 0
    assert result["plan"] == {
        "type": "added",
        "annotations": {"app": {"place": 1}},
        "warnings": [],
        "failed_groups": {},
        "next_periodic_launch": None,
    }
    assert len(nomad.asked) == 1


@pytest.mark.parametrize("way", ["in_process", "packaged"])
def test_create(runs, request, way):
    result = request.getfixturevalue(way)("job", spec=SPEC)
    assert result["changed"]
    assert result["job_modify_index"] == 10
    assert result["deployment"]["status"] == "successful"
    (placed,) = result["allocations"]
    assert {name: placed[name] for name in ("id", "name", "client_status", "node_name")} == {
        "id": ALLOCATION,
        "name": "whoami.app[0]",
        "client_status": "running",
        "node_name": "node-1",
    }
    assert [(task["task"], task["exit_code"]) for task in placed["tasks"]] == [("app", None)]
    sent = runs.all("PUT /v1/jobs")[0].body
    assert sent["EnforceIndex"] is True
    assert sent["JobModifyIndex"] == 0


def test_progress_is_told_once_and_names_its_job(runs, in_process, screen):
    in_process("job", spec=SPEC)
    assert "whoami: deployment d0d0d0d0 successful: app 1/1 healthy" in screen.lines
    assert "whoami: alloc a0a0a0a0 app: Task started by client" in screen.lines
    assert len(screen.lines) == len(set(screen.lines))
    assert all(line.startswith("whoami: ") for line in screen.lines)


def test_no_progress_with_no_log(runs, in_process, screen):
    in_process("job", no_log=True, spec=SPEC)
    assert screen.lines == []


def test_unchanged(runs, in_process, screen):
    runs.on(PLAN, planned("None", index=10))
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 1))
    result = in_process("job", spec=SPEC)
    assert not result["changed"]
    assert result["diff"] == {}
    assert runs.count("PUT /v1/jobs") == 0
    assert screen.lines == []


@pytest.mark.parametrize(
    ("settled", "path", "reply"),
    [
        (True, "deployment", deployment("successful", 1)),
        (True, "deployment", None),
        (True, "allocations", [allocation(), allocation("failed", desired="stop")]),
        (False, "deployment", deployment("running")),
        (False, "allocations", [allocation("pending")]),
        (False, "evaluations", [{"Status": "blocked", "CreateIndex": 11}]),
    ],
)
def test_settled_is_where_nothing_is_under_way(runs, in_process, screen, settled, path, reply):
    runs.on(PLAN, planned("None", index=10))
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 1))
    runs.on(f"GET /v1/job/whoami/{path}", reply)
    result = in_process("job", check=True, spec=SPEC)
    assert (result["changed"], result["settled"]) == (False, settled)
    assert screen.lines == []


@pytest.mark.parametrize("more", [{"Periodic": {"Spec": "@daily"}}, {"ParameterizedJob": {"Payload": ""}}])
def test_what_only_runs_later_is_settled(runs, in_process, more):
    runs.on(PLAN, planned("None", index=10))
    runs.on(JOB, job("batch", **more))
    assert in_process("job", check=True, spec=SPEC)["settled"]


def test_what_would_change_is_not_settled(runs, in_process):
    assert in_process("job", check=True, spec=SPEC)["settled"] is False


@pytest.mark.parametrize("check", [True, False])
def test_what_failed_before_is_started_over(runs, in_process, check):
    """The spec is the same, but an earlier run failed: for example its auth key was wrong then."""
    runs.on(PLAN, planned("None", index=10))
    runs.on(JOB, job(TaskGroups=[{"ReschedulePolicy": {"Unlimited": True}}]))
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed")], [allocation()])
    runs.on("PUT /v1/jobs", {"EvalID": "another", "JobModifyIndex": 15}, {"EvalID": EVALUATION, "JobModifyIndex": 10})
    result = in_process("job", check=check, spec=SPEC)
    assert result["changed"]
    assert "is stopped, and registered anew" in result["diff"]["prepared"]
    sent = [(call.body["Job"].get("Stop"), call.body["JobModifyIndex"]) for call in runs.all("PUT /v1/jobs")]
    assert sent == ([] if check else [(True, 10), (None, 15)])
    assert runs.count("DELETE /v1/job/whoami") == 0


def test_what_failed_and_is_never_rescheduled_is_removed_first(runs, in_process):
    """Nomad takes its failed allocation for a placed one, as long as it knows the job."""
    runs.on(PLAN, planned("None", index=10))
    runs.on(JOB, job(TaskGroups=[{"ReschedulePolicy": {"Unlimited": False, "Attempts": 0}}]))
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed")], [allocation()])
    runs.on("PUT /v1/jobs", {"EvalID": "another", "JobModifyIndex": 15}, {"EvalID": EVALUATION, "JobModifyIndex": 10})
    runs.on("DELETE /v1/job/whoami", {"EvalID": "", "JobModifyIndex": 10})
    result = in_process("job", spec=SPEC)
    assert "is removed with its history, and registered anew" in result["diff"]["prepared"]
    assert [call.body["JobModifyIndex"] for call in runs.all("PUT /v1/jobs")] == [10, 0]
    assert runs.all("DELETE /v1/job/whoami")[0].query["purge"] == "true"


def test_what_still_runs_is_not_stopped_for_what_failed(runs, in_process):
    runs.on(PLAN, planned("None", index=10))
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed"), {**allocation(), "ID": "another"}])
    assert not in_process("job", check=True, spec=SPEC)["changed"]


def test_warnings_say_what_they_are_about(nomad, in_process, screen):
    words = """2 warnings:

* Group "app" has warnings: 1 error occurred:
\t* Task "web" has warnings: 1 error occurred:
\t* mbits has been deprecated
* cron is deprecated
"""
    nomad.on(PLAN, planned(Warnings=words))
    wanted = ['Group "app": Task "web": mbits has been deprecated', "cron is deprecated"]
    assert in_process("job", check=True, spec=SPEC)["plan"]["warnings"] == wanted
    assert screen.warnings == [f"whoami: {warning}" for warning in wanted]


def test_a_lost_allocation_is_a_change(nomad, in_process):
    nomad.on(PLAN, {**planned("None", 10), "Annotations": {"DesiredTGUpdates": {"app": {"Place": 1}}}})
    assert in_process("job", check=True, spec=SPEC)["changed"]


def test_the_same_spec_keeps_its_index_although_the_status_has_changed(runs, in_process):
    """The answer to such a registration has the job's ModifyIndex."""
    runs.on("PUT /v1/job/whoami/plan", planned("None", 10, Annotations={"DesiredTGUpdates": {"whoami": {"Place": 1}}}))
    runs.on("PUT /v1/jobs", {"EvalID": EVALUATION, "JobModifyIndex": 12})
    result = in_process("job", spec=SPEC)
    assert result["changed"]
    assert result["job_modify_index"] == 10


@pytest.mark.parametrize(("kind", "in_place"), [("batch", 0), ("sysbatch", 0), ("system", 1)])
def test_nomad_plans_more_than_would_happen(nomad, in_process, kind, in_place):
    """A finished batch job does not run again; what is updated in place of a system job counts as placed, too."""
    nomad.on(PLAN, {**planned("None", 10), "Annotations": {"DesiredTGUpdates": {"app": {"Place": 1, "InPlaceUpdate": in_place}}}})
    assert not in_process("job", check=True, spec={**SPEC, "Type": kind})["changed"]


@pytest.mark.parametrize(("given", "now", "words"), [(7, 10, "now 10"), (7, 0, "does not exist"), (0, 10, "was not to exist")])
def test_changed_since_the_plan(nomad, in_process, given, now, words):
    nomad.on(PLAN, planned("Edited", index=now))
    result = in_process("job", spec=SPEC, check_index=given)
    assert result["failure"]["kind"] == "conflict"
    assert words in result["msg"]
    assert nomad.count("PUT /v1/jobs") == 0


def test_changed_between_plan_and_register(runs, in_process):
    runs.on("PUT /v1/jobs", (500, "Enforcing job modify index 0: job already exists"))
    result = in_process("job", spec=SPEC)
    assert result["failure"]["kind"] == "conflict"
    assert runs.count("PUT /v1/jobs") == 1


def test_registered_by_two_at_once(runs, in_process):
    """Nomad took both writes, because it compares the index only before; the other one stayed."""
    runs.on("PUT /v1/jobs", {"EvalID": EVALUATION, "JobModifyIndex": 9})
    result = in_process("job", spec=SPEC)
    assert result["failure"]["kind"] == "conflict"
    assert "left it with the index 9, and now it has 10" in result["msg"]


def test_a_register_whose_answer_was_lost(runs, in_process):
    """The request is sent again and conflicts with its own first arrival: the plan then shows no change, but what is to be placed."""
    runs.on(PLAN, planned(), {**planned("None", index=10), "Annotations": {"DesiredTGUpdates": {"app": {"Place": 1}}}})
    runs.on("PUT /v1/jobs", (500, "Enforcing job modify index 0: job exists with conflicting job modify index: 10"))
    assert in_process("job", spec=SPEC)["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_not_placeable(nomad, in_process, check):
    metrics = {"NodesEvaluated": 2, "ConstraintFiltered": {"missing drivers": 1}, "DimensionExhausted": {"memory": 1}}
    nomad.on(PLAN, planned(FailedTGAllocs={"app": metrics}))
    result = in_process("job", check=check, spec=SPEC)
    assert "missing drivers: what the group asks for is not there, or not healthy, on 1 of 2 nodes" in result["msg"]
    assert "resource memory: exhausted on 1 of 2 nodes" in result["msg"]
    assert nomad.count("PUT /v1/jobs") == 0


NO_ROOM = {"app": {"NodesEvaluated": 1, "DimensionExhausted": {"memory": 1}}}
TOLD = "whoami: 1 allocation(s) of group app cannot be placed: resource memory: exhausted on 1 of 1 node"
FULL_NODE = {"Status": "blocked", "CreateIndex": 11, "NodeID": "node-2"}
NO_NODE = {"Status": "blocked", "CreateIndex": 11, "NodeID": ""}


def replanned(**updates):
    """The plan of the same spec, of which Nomad cannot place one allocation."""
    return planned("None", 10, Annotations={"DesiredTGUpdates": {"app": updates}}, FailedTGAllocs=NO_ROOM)


def grouped(kind="service", count=2, **more):
    return job(kind, TaskGroups=[{"Name": "app", "Count": count, **more}])


@pytest.mark.parametrize("kind", ["system", "sysbatch"])
def test_a_full_node_does_not_hold_up_the_others(runs, in_process, screen, kind):
    """Nomad reports such a node with a blocked evaluation that has its ID."""
    status = "running" if kind == "system" else "complete"
    runs.on(PLAN, planned(FailedTGAllocs=NO_ROOM))
    runs.on(JOB, grouped(kind, 1))
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 1))
    runs.on("GET /v1/job/whoami/allocations", [allocation(status)])
    runs.on("GET /v1/job/whoami/evaluations", [FULL_NODE])
    result = in_process("job", spec={**SPEC, "Type": kind}, timeout=0)
    assert not result.get("failed"), result
    assert [one["client_status"] for one in result["allocations"]] == [status]
    assert TOLD in screen.warnings


@pytest.mark.parametrize("kind", ["system", "sysbatch"])
@pytest.mark.parametrize("placed", [[], [{**allocation(), "TaskGroup": "other"}]])
def test_a_group_that_no_node_has_room_for_is_waited_for(runs, in_process, kind, placed):
    runs.on(PLAN, planned(FailedTGAllocs=NO_ROOM))
    runs.on(JOB, grouped(kind, 1))
    runs.on("GET /v1/job/whoami/allocations", [{**one, "ClientStatus": "complete" if kind == "sysbatch" else "running"} for one in placed])
    runs.on("GET /v1/job/whoami/evaluations", [FULL_NODE])
    result = in_process("job", spec={**SPEC, "Type": kind}, timeout=0)
    assert result["failure"]["kind"] == "timeout"


@pytest.mark.parametrize(
    ("kind", "updates", "changed"),
    [
        ("service", {"Place": 1, "InPlaceUpdate": 1}, False),
        ("service", {"Place": 1, "Ignore": 1}, False),
        ("service", {"Place": 2, "Ignore": 1}, True),
        # Nomad 1.11 counts the allocations that stay, Nomad 1.8 those that cannot be placed.
        ("system", {"Place": 3, "InPlaceUpdate": 3}, False),
        ("system", {"Place": 3, "Ignore": 3}, False),
        ("system", {"Place": 4, "InPlaceUpdate": 3}, True),
        ("system", {"Place": 1, "InPlaceUpdate": 0}, False),
        ("system", {"Place": 1, "Ignore": 3}, False),
    ],
)
def test_what_cannot_be_placed_is_no_change(runs, in_process, kind, updates, changed):
    runs.on(PLAN, replanned(**updates))
    runs.on(JOB, grouped(kind))
    for require in (True, False):
        result = in_process("job", check=True, spec={**SPEC, "Type": kind}, require_placement=require)
        assert result["changed"] is changed


@pytest.mark.parametrize("require", [True, False])
def test_an_unchanged_service_that_lost_a_place_is_unchanged(runs, in_process, screen, require):
    runs.on(PLAN, replanned(Place=1, InPlaceUpdate=1))
    runs.on(JOB, grouped())
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 2))
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    for check in (True, False):
        result = in_process("job", check=check, spec=SPEC, require_placement=require, timeout=0)
        assert not result.get("failed"), result
        assert not result["changed"]
        assert screen.warnings.pop() == TOLD
    assert in_process("job", check=True, spec=SPEC)["settled"]
    assert runs.count("PUT /v1/jobs") == 0


def test_an_unchanged_service_of_which_some_can_be_placed_is_registered_and_not_refused(runs, in_process, screen):
    runs.on(PLAN, replanned(Place=2, InPlaceUpdate=1))
    runs.on(JOB, grouped(count=3))
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 3))
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    result = in_process("job", spec=SPEC, timeout=0)
    assert not result.get("failed"), result
    assert result["changed"]
    assert screen.warnings == [TOLD]


def test_a_failed_allocation_whose_successor_waits_for_room_is_not_given_up(runs, in_process, screen):
    runs.on(PLAN, replanned(Place=1, InPlaceUpdate=1))
    runs.on(JOB, grouped(ReschedulePolicy={"Unlimited": True}))
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 2))
    runs.on("GET /v1/job/whoami/allocations", [allocation(), {**allocation("failed"), "ID": "another", "Name": "whoami.app[1]"}])
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    result = in_process("job", spec=SPEC, timeout=0)
    assert not result.get("failed"), result
    assert (result["changed"], screen.warnings) == (False, [TOLD])


@pytest.mark.parametrize("check", [True, False])
def test_an_unchanged_service_of_which_nothing_runs_is_no_success(runs, in_process, check):
    runs.on(PLAN, replanned(Place=1))
    runs.on(JOB, grouped(count=1))
    runs.on("GET /v1/job/whoami/allocations", [allocation("lost", "stop")])
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    runs.on("GET /v1/job/whoami/deployment", deployment("successful", 1))
    assert "cannot be placed" in in_process("job", check=check, spec=SPEC)["msg"]
    waited = in_process("job", check=check, spec=SPEC, require_placement=False, timeout=0)
    assert not waited["settled"] if check else waited["failure"]["kind"] == "timeout"
    assert runs.count("PUT /v1/jobs") == 0


def test_what_failed_and_has_no_room_is_not_started_over(runs, in_process):
    """Nomad itself places it as soon as there is room."""
    runs.on(PLAN, replanned(Place=1))
    runs.on(JOB, grouped(count=1, ReschedulePolicy={"Unlimited": True}))
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed")])
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    assert not in_process("job", check=True, spec=SPEC, require_placement=False)["changed"]


def test_a_new_spec_waits_for_room(runs, in_process):
    runs.on(PLAN, planned(FailedTGAllocs=NO_ROOM))
    runs.on("GET /v1/job/whoami/evaluations", [NO_NODE])
    result = in_process("job", spec=SPEC, require_placement=False, timeout=0)
    assert result["failure"]["kind"] == "timeout"


@pytest.mark.parametrize("end", [job(Stop=True), (404, "job not found")])
def test_an_unchanged_job_that_somebody_ends_in_between(runs, in_process, end):
    runs.on(PLAN, planned("None", index=10))
    runs.on(JOB, job(), end)
    runs.on("GET /v1/job/whoami/deployment", None)
    runs.on("GET /v1/job/whoami/allocations", [allocation()], [])
    result = in_process("job", spec=SPEC, timeout=0)
    assert result["failure"]["kind"] == "conflict"
    assert "somebody" in result["msg"]


def test_what_nomad_says_on_the_way_is_scrubbed(runs, in_process, screen):
    runs.on(PLAN, planned(Warnings="1 warning:\n\n* Group is old: password=hunter2\n"))
    events = [event("Driver", "Downloading image\nwith password=hunter2")]
    runs.on("GET /v1/job/whoami/allocations", [allocation(app={"Events": events})])
    result = in_process("job", spec=SPEC)
    assert result["plan"]["warnings"] == ["Group is old: password=(hidden)"]
    assert screen.warnings == ["whoami: Group is old: password=(hidden)"]
    assert "whoami: alloc a0a0a0a0 app: Downloading image; with password=(hidden)" in screen.lines


def test_bad_hcl_shows_its_line(nomad, in_process):
    nomad.on("PUT /v1/jobs/parse", (400, 'Failed to parse job: input.hcl:2,3-7: Unsupported argument; "cpux" is not expected here.'))
    result = in_process("job", spec='job "x" {\n  cpux = 1\n}\n')
    assert result["failure"]["line"] == 2
    assert result["failure"]["line_text"] == "  cpux = 1"
    assert "line 2" in result["msg"]
    result = in_process("job", spec='job "x" {\n  db_password = "hunter2"\n}\n')
    assert result["failure"]["line_text"] == "  db_password = (hidden)"
    assert "hunter2" not in str(result)


@pytest.mark.parametrize("spec", [SPEC, {"Job": SPEC}, json.dumps(SPEC), " " + json.dumps({"Job": SPEC})])
def test_forms_of_a_spec(nomad, in_process, spec):
    nomad.on(PLAN, planned())
    assert in_process("job", check=True, spec=spec)["job_id"] == "whoami"


@pytest.mark.parametrize(("spec", "words"), [("{", "not: "), ("", "empty"), ({"a": 1}, "without ID"), ([1], "not list")])
def test_what_is_no_spec(nomad, in_process, spec, words):
    assert words in in_process("job", spec=spec)["msg"]
    assert not nomad.asked


def test_another_jobs_spec(nomad, in_process):
    assert "describes the job whoami" in in_process("job", spec=SPEC, name="other")["msg"]


def test_the_specs_namespace_wins(nomad, in_process):
    nomad.on(PLAN, planned())
    assert in_process("job", check=True, spec={**SPEC, "Namespace": "team"}, namespace="mine")["namespace"] == "team"
    assert nomad.asked[0].query["namespace"] == "team"


def test_a_failed_deployment_tells_why(runs, in_process):
    events = [event("Driver Failure", "failed to pull lab/none"), event("Not Restarting", "Exceeded allowed attempts", True)]
    state = {"State": "dead", "Failed": True, "Restarts": 2, "Events": events}
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed", app=state)])
    runs.on(f"GET /v1/deployment/{DEPLOYMENT}", deployment("failed", words="Failed due to progress deadline"))
    runs.on(f"GET /v1/client/fs/logs/{ALLOCATION}", "one\nlast line with tskey-auth-k1-abc and s3cr3t-token\n")
    result = in_process("job", spec=SPEC, token="s3cr3t-token")
    assert result["failure"]["kind"] == "failed"
    for words in ("progress deadline", "Driver Failure: failed to pull lab/none", "stderr | last line", "on node-1"):
        assert words in result["msg"]
    text = json.dumps(result)
    assert "s3cr3t-token" not in text
    assert "k1-abc" not in text
    assert result["failure"]["allocations"][0]["tasks"][0]["task"] == "app"


def test_time_over_tells_the_last_state(runs, in_process):
    runs.on(f"GET /v1/deployment/{DEPLOYMENT}", deployment("running"))
    runs.on("GET /v1/job/whoami/allocations", [allocation("pending")])
    result = in_process("job", spec=SPEC, timeout=0)
    assert result["failure"]["kind"] == "timeout"
    assert "deployment d0d0d0d0 running: app 0/1 healthy" in result["msg"]


def test_an_allocation_that_dies_after_the_deployment(runs, in_process, monkeypatch):
    monkeypatch.setattr("ansible_collections.notailcar.nomad.plugins.module_utils._job.rollout.GIVEN_UP_SECONDS", 0)
    runs.on("GET /v1/job/whoami/allocations", [allocation()], [allocation()], [allocation("failed")])
    result = in_process("job", spec=SPEC)
    assert "does not try again" in result["msg"]


def test_a_deployment_without_a_progress_deadline_gives_the_reason_itself(runs, in_process, monkeypatch):
    monkeypatch.setattr("ansible_collections.notailcar.nomad.plugins.module_utils._job.rollout.GIVEN_UP_SECONDS", 0)
    running, failed = deployment("running", ProgressDeadline=0), deployment("failed", words="Failed due to unhealthy allocations")
    runs.on("GET /v1/job/whoami/deployment", running)
    runs.on(f"GET /v1/deployment/{DEPLOYMENT}", running, running, failed)
    runs.on("GET /v1/job/whoami/allocations", [allocation("failed")])
    assert in_process("job", spec=SPEC)["failure"]["reason"] == "the deployment failed: Failed due to unhealthy allocations"


def test_without_waiting(runs, in_process):
    assert in_process("job", spec=SPEC, wait=False)["deployment"]["status"] == "running"
    assert runs.count(f"GET /v1/evaluation/{EVALUATION}") == 0


def test_a_periodic_job_is_only_registered(runs, in_process):
    runs.on("PUT /v1/jobs", {"EvalID": "", "JobModifyIndex": 10})
    runs.on(JOB, job("batch", Periodic={"Enabled": True}))
    runs.on("GET /v1/job/whoami/allocations", [])
    result = in_process("job", spec={**SPEC, "Type": "batch"})
    assert result["eval_id"] is None
    assert result["allocations"] == []


def test_stop_waits_for_the_end(nomad, in_process):
    nomad.on(JOB, job(Stop=False, Status="running"))
    nomad.on("DELETE /v1/job/whoami", {"EvalID": EVALUATION, "JobModifyIndex": 10})
    nomad.on("GET /v1/job/whoami/allocations", [allocation(desired="stop")], [allocation("complete", "stop")])
    result = in_process("job", name="whoami", state="absent")
    assert result["changed"]
    assert result["allocations"][0]["client_status"] == "complete"
    assert nomad.count("GET /v1/job/whoami/allocations") == 2


@pytest.mark.parametrize("purge", [False, True])
def test_what_is_stopped_is_only_purged(nomad, in_process, purge):
    nomad.on(JOB, job(Stop=True, Status="dead"))
    nomad.on("GET /v1/job/whoami/allocations", [])
    nomad.on("DELETE /v1/job/whoami", {"EvalID": EVALUATION, "JobModifyIndex": 10})
    assert in_process("job", name="whoami", state="absent", purge=purge)["changed"] is purge
    assert nomad.count("DELETE /v1/job/whoami") == purge


def test_what_does_not_exist_is_absent(nomad, in_process):
    assert not in_process("job", name="whoami", state="absent", purge=True)["changed"]


def test_check_mode_stops_nothing(nomad, in_process):
    nomad.on(JOB, job(Stop=False, Status="running"))
    assert in_process("job", check=True, name="whoami", state="absent")["changed"]
    assert len(nomad.asked) == 1
