# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `job` around its spec: whose the job is, counts that stay, priority, what is stored, forms of a spec."""

from __future__ import annotations

import json

import pytest

PARSE, PLAN, JOB, REGISTER = "PUT /v1/jobs/parse", "PUT /v1/job/whoami/plan", "GET /v1/job/whoami", "PUT /v1/jobs"
STOP = "DELETE /v1/job/whoami"
SPEC = {"ID": "whoami", "TaskGroups": [{"Name": "app", "Count": 1}, {"Name": "new", "Count": 2}, {"Name": "silent"}]}


def planned(kind="Edited", index=10):
    diff = {"Type": kind, "ID": "whoami", "Fields": None, "Objects": None, "TaskGroups": None}
    return {"Diff": diff, "JobModifyIndex": index, "Annotations": None, "Warnings": ""}


def existing(**more):
    return {
        "ID": "whoami",
        "Namespace": "default",
        "Type": "service",
        "Status": "running",
        "Stop": False,
        "Version": 0,
        "JobModifyIndex": 10,
        "Periodic": None,
        "ParameterizedJob": None,
        "Meta": None,
        "TaskGroups": [{"Name": "app", "Count": 7}, {"Name": "gone", "Count": 5}],
        **more,
    }


@pytest.fixture
def runs(nomad):
    """A Nomad on which the job exists already."""
    nomad.on(PLAN, planned())
    nomad.on(REGISTER, {"EvalID": "e0e0", "JobModifyIndex": 10})
    nomad.on(JOB, existing())
    nomad.on(STOP, {"EvalID": "e0e0"})
    nomad.on("GET /v1/job/whoami/deployment", "null")
    nomad.on("GET /v1/job/whoami/allocations", [])
    return nomad


@pytest.fixture
def run(runs, in_process):
    """Run the module without waiting; what it registered is in `runs`."""

    def run(check=False, **args):
        return in_process("job", check=check, wait=False, **{"spec": SPEC, **args})

    return run


def registered(nomad):
    return nomad.all(REGISTER)[-1].body


def counts(body):
    return [group.get("Count") for group in body["Job"]["TaskGroups"]]


def test_counts_stay_in_the_plan_and_in_what_is_registered(runs, run):
    assert run(preserve_counts=True)["changed"]
    assert counts(runs.all(PLAN)[0].body) == counts(registered(runs)) == [7, 2, None]


def test_counts_of_a_new_job_are_the_specs(runs, run):
    runs.on(JOB, (404, "job not found"), existing())
    runs.on(PLAN, planned("Added", 0))
    assert run(preserve_counts=True)["changed"]
    assert counts(registered(runs)) == [1, 2, None]


@pytest.mark.parametrize("option", [{"preserve_counts": True}, {"owner": "me", "adopt": True}])
def test_a_job_that_changes_after_it_was_read(runs, run, option):
    runs.on(PLAN, planned(index=12))
    result = run(**option)
    assert result["failure"]["kind"] == "conflict"
    assert "now 12" in result["msg"]
    assert not runs.count(REGISTER)


def test_without_these_options_the_job_is_not_read(runs, run):
    assert run(check=True)["changed"]
    assert [asked.path for asked in runs.asked] == ["/v1/job/whoami/plan"]
    assert "Meta" not in runs.all(PLAN)[0].body["Job"]


@pytest.mark.parametrize("meta", [None, {"a": "b"}, {"managed_by": "me"}])
def test_a_new_job_gets_its_owners_mark(runs, run, meta):
    runs.on(JOB, (404, "job not found"), existing())
    runs.on(PLAN, planned("Added", 0))
    assert run(owner="me", spec={**SPEC, "Meta": meta})["changed"]
    wanted = {**(meta or {}), "managed_by": "me"}
    assert runs.all(PLAN)[0].body["Job"]["Meta"] == registered(runs)["Job"]["Meta"] == wanted


def test_ones_own_job_is_ones_own(runs, run):
    runs.on(JOB, existing(Meta={"managed_by": "me"}))
    assert run(owner="me")["changed"]
    assert run(owner="me", state="absent", spec=None, name="whoami")["changed"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize(("meta", "words"), [(None, "no owner's mark"), ({"managed_by": "you"}, "belongs to you")])
def test_a_foreign_job_is_refused(runs, run, check, state, stop, meta, words):
    runs.on(JOB, existing(Meta=meta, Stop=stop))
    result = run(check=check, owner="me", state=state, name="whoami", purge=True)
    assert result["failure"] == {"kind": "conflict", "owner": (meta or {}).get("managed_by")}
    for word in (words, "whoami", "not me's", "adopt: true"):
        assert word in result["msg"]
    assert [asked.method for asked in runs.asked] == ["GET"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_foreign_job_is_taken_over_on_request(runs, run, state):
    runs.on(JOB, existing(Meta={"managed_by": "you"}))
    assert run(owner="me", adopt=True, state=state, name="whoami")["changed"]
    assert runs.count(REGISTER) == (state == "present")
    assert runs.count(STOP) == (state == "absent")


def test_the_specs_own_mark_is_another(runs, run):
    assert "spec's own meta has managed_by = you" in run(owner="me", adopt=True, spec={**SPEC, "Meta": {"managed_by": "you"}})["msg"]


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("priority", [0, 101, -1])
def test_a_priority_that_nomad_would_refuse(nomad, in_process, state, priority):
    assert "between 1 and 100" in in_process("job", spec=SPEC, name="whoami", state=state, eval_priority=priority)["msg"]
    assert not nomad.asked


@pytest.mark.parametrize("priority", [1, 100, None])
def test_priority(runs, run, priority):
    run(eval_priority=priority)
    assert registered(runs)["EvalPriority"] == priority
    run(eval_priority=priority, state="absent", name="whoami")
    assert runs.all(STOP)[0].query.get("eval_priority") == (str(priority) if priority else None)


def test_the_priority_of_what_is_started_over(runs, run):
    runs.on(PLAN, planned("None"))
    failed = {"ID": "a0", "Name": "whoami.app[0]", "CreateIndex": 1, "JobVersion": 0, "DesiredStatus": "run", "ClientStatus": "failed"}
    runs.on("GET /v1/job/whoami/allocations", [failed])
    assert run(eval_priority=90)["changed"]
    assert [call.body["EvalPriority"] for call in runs.all(REGISTER)] == [90, 90]


def test_the_source_is_stored_with_its_variables(runs, run):
    runs.on(PARSE, {"ID": "whoami", "Name": "whoami"})
    text = 'variable "a" {}\nvariable "b" {}\njob "whoami" {}\n'
    run(spec=text, variables={"a": 'x "y"', "b": [1]})
    assert registered(runs)["Submission"] == {"Source": text, "Format": "hcl2", "Variables": 'a="x \\"y\\""\nb=[1]\n'}
    assert registered(runs)["Job"]["ID"] == "whoami"


def test_the_source_of_json_is_stored(runs, run):
    run(spec=json.dumps(SPEC))
    assert registered(runs)["Submission"] == {"Source": json.dumps(SPEC), "Format": "json"}
    run(spec=SPEC)
    assert registered(runs)["Submission"] is None


def test_a_stopped_jobs_description_is_run(runs, run):
    run(spec={"Job": {**existing(), "Stop": True}})
    assert "Stop" not in registered(runs)["Job"]


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("spec", [{"job": {"whoami": {"type": "batch"}}}, {"job": [{"whoami": {}}], "variable": {"a": {}}}])
def test_hcl_in_json_syntax(nomad, in_process, spec, as_text):
    result = in_process("job", spec=json.dumps(spec) if as_text else spec)
    assert "HCL in JSON syntax" in result["msg"]
    assert "nomad job run -output" in result["msg"]
    assert not nomad.asked


def test_the_right_to_parse_is_wanted_in_the_options_namespace(nomad, in_process):
    nomad.on(PARSE, (403, "Permission denied"))
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "a"})
    result = in_process("job", spec='job "whoami" {\n  namespace = "team"\n}\n', token="s3cr3t", namespace="mine")
    assert "parse-job or submit-job (option namespace: mine)" in result["msg"]
