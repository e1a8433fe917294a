# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`job_info`: what it returns, and how many requests that takes."""

from __future__ import annotations

import pytest

COUNTS = {"queued": 0, "starting": 0, "running": 0, "complete": 0, "failed": 0, "lost": 0, "unknown": 0}
EVERYTHING = ["versions", "deployment", "allocations", "checks", "evaluations"]


def stub(name, namespace="default", created=10, **more):
    summary = {"Summary": {"app": {"Running": 2, "Failed": 1}}, "Children": {"Pending": 0, "Running": 0, "Dead": 0}}
    described = {"ID": name, "Namespace": namespace, "Type": "service", "Status": "running", "Stop": False, "JobModifyIndex": 12}
    return {**described, "CreateIndex": created, "JobSummary": summary, "Periodic": False, "ParameterizedJob": False, **more}


def status(name, version, namespace="default"):
    return {"ID": name, "Namespace": namespace, "Version": version}


def allocation(ident, job, namespace="default", created=20, state="running", **more):
    return {
        "ID": ident,
        "Name": f"{job}.app[0]",
        "Namespace": namespace,
        "JobID": job,
        "JobVersion": 3,
        "TaskGroup": "app",
        "NodeName": "node-1",
        "CreateIndex": created,
        "DesiredStatus": "run",
        "ClientStatus": state,
        **more,
    }


def deployment(ident, job, created, version=3, namespace="default"):
    groups = {
        "app": {"DesiredTotal": 1, "PlacedAllocs": 1, "HealthyAllocs": 1, "UnhealthyAllocs": 0, "DesiredCanaries": 0, "Promoted": False}
    }
    described = {"ID": ident, "JobID": job, "Namespace": namespace, "JobVersion": version, "CreateIndex": created}
    return {**described, "Status": "successful", "StatusDescription": "Deployment completed", "TaskGroups": groups}


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


def test_one_job_with_its_spec(nomad, call):
    nomad.on("GET /v1/jobs", [stub("whoami")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3, "Meta": {"a": "b"}})
    result = call("job_info", name="whoami")
    assert not result["changed"]
    assert result["jobs"] == [
        {
            "id": "whoami",
            "namespace": "default",
            "type": "service",
            "status": "running",
            "version": 3,
            "job_modify_index": 12,
            "stopped": False,
            "groups": {"app": {**COUNTS, "running": 2, "failed": 1}},
            "children": None,
            "job": {"ID": "whoami", "Version": 3, "Meta": {"a": "b"}},
        }
    ]
    assert len(nomad.asked) == 2


def test_an_unknown_name_is_an_empty_list(nomad, call):
    nomad.on("GET /v1/jobs", [])
    assert call("job_info", name="nobody", gather=EVERYTHING)["jobs"] == []
    assert len(nomad.asked) == 1


def test_a_job_that_vanishes_meanwhile_is_unknown_too(nomad, in_process):
    nomad.on("GET /v1/jobs", [stub("whoami")])
    assert in_process("job_info", name="whoami")["jobs"] == []


def test_no_name_of_a_job_becomes_a_filter(nomad, in_process):
    """Job IDs may hold anything but spaces; a filter that breaks would list foreign jobs."""
    nomad.on("GET /v1/jobs", [])
    in_process("job_info", name='a.b"`$(\\')
    assert nomad.asked[0].query["filter"] == r"ID matches `^a\x{2e}b\x{22}\x{60}\x{24}\x{28}\x{5c}$`"
    assert nomad.asked[0].query["prefix"] == 'a.b"`$(\\'
    in_process("job_info", prefix="a.b")
    assert nomad.asked[1].query["filter"] == r"ID matches `^a\x{2e}b`"
    in_process("job_info")
    assert "filter" not in nomad.asked[2].query


@pytest.mark.parametrize("many", [1, 40])
def test_the_number_of_requests_does_not_grow_with_the_jobs(nomad, in_process, many):
    names = [f"job-{number}" for number in range(many)]
    nomad.on("GET /v1/jobs", [stub(name) for name in names])
    nomad.on("GET /v1/jobs/statuses", [status(name, 3) for name in names])
    nomad.on("GET /v1/allocations", [allocation(f"a-{name}", name) for name in names])
    nomad.on("GET /v1/deployments", [deployment(f"d-{name}", name, 20) for name in names])
    nomad.on("GET /v1/evaluations", [])
    result = in_process("job_info", prefix="job-", gather=["deployment", "allocations", "evaluations"])
    assert [job["allocations"][0]["id"] for job in result["jobs"]] == [f"a-{name}" for name in sorted(names)]
    assert {job["version"] for job in result["jobs"]} == {3}
    assert "job" not in result["jobs"][0], "a spec is shown for one name only"
    assert len(nomad.asked) == 5
    assert all(asked.query["namespace"] == "default" for asked in nomad.asked)


def test_versions_and_checks_are_asked_for_one_by_one_and_only_when_wanted(nomad, in_process):
    nomad.on("GET /v1/jobs", [stub("a"), stub("b")])
    nomad.on("GET /v1/jobs/statuses", [status("a", 1)])
    nomad.on("GET /v1/allocations", [allocation("a1", "a"), allocation("a2", "a", state="complete"), allocation("b1", "b")])
    for name in "ab":
        nomad.on(
            f"GET /v1/job/{name}/versions", {"Versions": [{"Version": 1, "Stable": True, "JobModifyIndex": 9, "SubmitTime": 5 * 10**9}]}
        )
        nomad.on(f"GET /v1/client/allocation/{name}1/checks", None)
    result = in_process("job_info", gather=["versions", "checks"])
    assert len(nomad.asked) == 2 + 1 + 2 + 2
    assert result["jobs"][0]["versions"] == [{"version": 1, "stable": True, "job_modify_index": 9, "submit_time": 5, "tag": ""}]
    assert "allocations" not in result["jobs"][0]
    assert result["jobs"][0]["checks"] == [], "Nomad answers null for an allocation without checks"
    assert result["jobs"][1]["version"] is None, "it was registered after the versions were read"


def test_equal_names_in_two_namespaces_are_kept_apart(nomad, in_process):
    nomad.on("GET /v1/jobs", [stub("whoami", "b"), stub("whoami", "a")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3, "Namespace": "a"}, {"ID": "whoami", "Version": 4, "Namespace": "b"})
    nomad.on("GET /v1/allocations", [allocation("in-a", "whoami", "a"), allocation("in-b", "whoami", "b"), allocation("c", "whoami", "c")])
    result = in_process("job_info", name="whoami", namespace="*", gather=["allocations"])
    assert [(job["namespace"], [one["id"] for one in job["allocations"]]) for job in result["jobs"]] == [("a", ["in-a"]), ("b", ["in-b"])]
    assert [asked.query["namespace"] for asked in nomad.asked] == ["*", "b", "a", "*"]


def test_what_belongs_to_a_purged_job_of_that_name_is_left_out(nomad, in_process):
    nomad.on("GET /v1/jobs", [stub("whoami", created=100)])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 0})
    nomad.on("GET /v1/deployments", [deployment("old", "whoami", 90), deployment("new", "whoami", 110), deployment("newer", "whoami", 120)])
    nomad.on("GET /v1/allocations", [allocation("old", "whoami", created=90), allocation("new", "whoami", created=110)])
    (job,) = in_process("job_info", name="whoami", gather=["deployment", "allocations"])["jobs"]
    assert job["deployment"] == {
        "id": "newer",
        "status": "successful",
        "description": "Deployment completed",
        "groups": {"app": {"desired": 1, "placed": 1, "healthy": 1, "unhealthy": 0, "canaries": 0, "promoted": False}},
        "job_version": 3,
        "ready_for_promotion": False,
    }
    assert [one["id"] for one in job["allocations"]] == ["new"]


def test_an_allocation_and_its_tasks(nomad, in_process):
    codes = {"exit_code": "1", "signal": "0", "oom_killed": "false"}, {}, {"exit_code": "137", "signal": "0", "oom_killed": "true"}
    ended = [{"Type": kind, "Details": details} for kind, details in zip(("Terminated", "Restarting", "Terminated"), codes)]
    tasks = {"web": {"State": "dead", "Failed": True, "Restarts": 1, "Events": ended}, "init": {"State": "pending", "Events": None}}
    more = {"TaskStates": tasks, "DeploymentStatus": {"Healthy": False, "Canary": True}, "state": "failed"}
    nomad.on("GET /v1/jobs", [stub("whoami")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3})
    nomad.on("GET /v1/allocations", [allocation("a0", "whoami", **more), allocation("a1", "whoami", created=30, state="pending")])
    (job,) = in_process("job_info", name="whoami", gather=["allocations"])["jobs"]
    newest, failed = job["allocations"]
    assert (newest["healthy"], newest["canary"], newest["tasks"]) == (None, False, [])
    assert failed == {
        "id": "a0",
        "name": "whoami.app[0]",
        "client_status": "failed",
        "node_name": "node-1",
        "desired_status": "run",
        "group": "app",
        "job_version": 3,
        "healthy": False,
        "canary": True,
        "tasks": [
            {
                "task": "init",
                "state": "pending",
                "failed": False,
                "exit_code": None,
                "signal": None,
                "oom_killed": False,
                "restarts": 0,
            },
            {"task": "web", "state": "dead", "failed": True, "exit_code": 137, "signal": 0, "oom_killed": True, "restarts": 1},
        ],
    }


def test_checks_of_a_client_that_is_down_are_unknown_and_not_absent(nomad, in_process, screen):
    nomad.on("GET /v1/jobs", [stub("whoami")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3})
    nomad.on("GET /v1/allocations", [allocation("a0", "whoami"), allocation("a1", "whoami", created=30)])
    check = {"ID": "1", "Status": "success", "Output": "nomad: http ok", "Service": "whoami", "Check": "alive", "Group": "whoami.app[0]"}
    nomad.on("GET /v1/client/allocation/a1/checks", {"1": check})
    nomad.on("GET /v1/client/allocation/a0/checks", (500, "No path to node"))
    (job,) = in_process("job_info", name="whoami", gather=["checks"])["jobs"]
    here, lost = job["checks"]
    assert here == {
        "alloc_id": "a1",
        "group": "app",
        "task": "",
        "service": "whoami",
        "name": "alive",
        "status": "success",
        "output": "nomad: http ok",
    }
    assert (lost["alloc_id"], lost["status"]) == ("a0", "unknown")
    assert "No path to node" in lost["output"]
    assert len(screen.warnings) == 1
    assert nomad.count("GET /v1/client/allocation/a0/checks") == 1, "a dead client is not asked again"


def test_an_evaluation_that_found_no_place(nomad, in_process):
    metrics = {"NodesEvaluated": 1, "ConstraintFiltered": {"missing drivers": 1}}
    blocked = {"ID": "e0", "JobID": "whoami", "Namespace": "default", "CreateIndex": 11, "TriggeredBy": "job-register"}
    nomad.on("GET /v1/jobs", [stub("whoami")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3, "TaskGroups": [{"Name": "app", "Tasks": [{"Driver": "raw_exec"}]}]})
    nomad.on("GET /v1/evaluations", [{**blocked, "Status": "blocked", "FailedTGAllocs": {"app": metrics}}])
    (job,) = in_process("job_info", name="whoami", gather=["evaluations"])["jobs"]
    (found,) = job["evaluations"]
    assert (found["status"], found["triggered_by"], found["description"]) == ("blocked", "job-register", "")
    assert "missing drivers: raw_exec is not there" in found["failed_groups"]["app"][0]


def test_children_are_counted_where_there_can_be_some(nomad, in_process):
    summary = {"Summary": {}, "Children": {"Pending": 1, "Running": 2, "Dead": 3}}
    nomad.on("GET /v1/jobs", [stub("nightly", Periodic=True, JobSummary=summary)])
    nomad.on("GET /v1/jobs/statuses", [])
    (job,) = in_process("job_info")["jobs"]
    assert job["children"] == {"pending": 1, "running": 2, "dead": 3}


def test_a_long_list_comes_in_pages(nomad, in_process):
    nomad.on("GET /v1/jobs", (200, [stub("a"), stub("b")], "default.c"), (200, [stub("c")], ""))
    nomad.on("GET /v1/jobs/statuses", [])
    assert [job["id"] for job in in_process("job_info")["jobs"]] == ["a", "b", "c"]
    asked = nomad.all("GET /v1/jobs")
    assert [one.query.get("next_token") for one in asked] == [None, "default.c"]
    assert all(int(one.query["per_page"]) > 1 for one in asked)


def test_pages_that_never_end_are_left_for_the_whole(nomad, in_process):
    """hashicorp/nomad#28167: with namespaces `a` and `a-b` the second page is the first one again."""
    jobs = [stub("x", "a"), stub("x", "a-b"), stub("y", "a-b")]
    nomad.on("GET /v1/jobs", (200, jobs[:2], "a-b.y"), (200, jobs[:2], "a-b.y"), (200, jobs, ""))
    nomad.on("GET /v1/jobs/statuses", [])
    result = in_process("job_info", namespace="*")
    assert [(job["namespace"], job["id"]) for job in result["jobs"]] == [("a", "x"), ("a-b", "x"), ("a-b", "y")]
    assert "per_page" not in nomad.all("GET /v1/jobs")[-1].query


@pytest.mark.parametrize(
    ("path", "capability"),
    [("/v1/jobs", "list-jobs"), ("/v1/allocations", "read-job"), ("/v1/client/allocation/a0/checks", "read-job")],
)
def test_a_refusal_names_the_capability(nomad, call, path, capability):
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "a"})
    nomad.on("GET /v1/jobs", [stub("whoami")])
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Version": 3})
    nomad.on("GET /v1/allocations", [allocation("a0", "whoami")])
    nomad.on(f"GET {path}", (403, "Permission denied"))
    result = call("job_info", name="whoami", token="0000", gather=["checks"])
    assert result["failed"]
    assert result["failure"]["capability"] == capability


def test_an_error_of_the_server(nomad, call):
    nomad.on("GET /v1/jobs", (503, "no leader"))
    assert call("job_info")["failure"]["kind"] == "server"


@pytest.mark.parametrize(
    ("args", "words"),
    [({"name": ""}, "name is empty"), ({"name": "a", "prefix": "a"}, "mutually exclusive"), ({"gather": ["logs"]}, "logs")],
)
def test_what_cannot_work_is_said_without_asking(nomad, in_process, args, words):
    result = in_process("job_info", **args)
    assert result["failed"]
    assert words in result["msg"]
    assert not nomad.asked
