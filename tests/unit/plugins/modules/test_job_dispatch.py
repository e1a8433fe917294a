# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `job_dispatch`: a start that is sent once, whatever happens to its answer."""

from __future__ import annotations

import base64

import pytest

CHILD = "import/dispatch-1-2"
JOB, CHILD_PATH = "GET /v1/job/import", "/v1/job/import%2Fdispatch-1-2"
DISPATCH = "PUT /v1/job/import/dispatch"


def job(**more):
    rules = {"Payload": "optional", "MetaRequired": None, "MetaOptional": ["colour"]}
    return {
        "ID": "import",
        "Type": "batch",
        "Version": 0,
        "Stop": False,
        "Periodic": None,
        "ParameterizedJob": rules,
        "TaskGroups": [],
        **more,
    }


def allocation(status):
    return {"ID": "a0a0a0a0-0", "Name": "x", "CreateIndex": 1, "JobVersion": 0, "DesiredStatus": "run", "ClientStatus": status}


@pytest.fixture
def runs(nomad):
    nomad.on(JOB, job())
    nomad.on(DISPATCH, {"DispatchedJobID": CHILD, "EvalID": "e0"})
    nomad.on(f"GET {CHILD_PATH}", {**job(), "ID": CHILD})
    nomad.on("GET /v1/evaluation/e0", {"Status": "complete", "CreateIndex": 5, "JobID": CHILD})
    nomad.on(f"GET {CHILD_PATH}/allocations", [allocation("running")], [allocation("complete")])
    nomad.on(f"GET {CHILD_PATH}/evaluations", [])
    return nomad


@pytest.mark.parametrize("way", ["in_process", "packaged"])
def test_dispatch(runs, request, way):
    done = request.getfixturevalue(way)("job_dispatch", job="import", payload="päyload", meta={"colour": 7})
    assert done["changed"]
    assert (done["job_id"], done["dispatched_job_id"], done["eval_id"]) == ("import", CHILD, "e0")
    assert [one["client_status"] for one in done["allocations"]] == ["complete"]
    (sent,) = runs.all(DISPATCH)
    assert base64.b64decode(sent.body["Payload"]).decode() == "päyload"
    assert sent.body["Meta"] == {"colour": "7"}
    assert sent.query["idempotency_token"]


@pytest.mark.parametrize(("value", "sent"), [("a", "a"), ("", ""), (7, "7"), (1.5, "1.5"), (True, "true"), (False, "false")])
def test_a_value_of_meta_as_text(runs, in_process, value, sent):
    in_process("job_dispatch", job="import", meta={"colour": value})
    assert runs.all(DISPATCH)[0].body["Meta"] == {"colour": sent}


def test_check_mode_starts_nothing(runs, in_process):
    done = in_process("job_dispatch", check=True, job="import")
    assert done["changed"]
    assert done["dispatched_job_id"] is None
    assert runs.count(DISPATCH) == 0


def test_a_lost_answer_starts_nothing_twice(runs, in_process):
    """Sent again with the same token, Nomad answers with what was started the first time, and without an evaluation."""
    runs.on(DISPATCH, (503, "later"), {"DispatchedJobID": CHILD, "EvalID": ""})
    done = in_process("job_dispatch", job="import")
    assert done["dispatched_job_id"] == CHILD
    first, second = runs.all(DISPATCH)
    assert first.query["idempotency_token"] == second.query["idempotency_token"]


def test_the_same_token_is_no_change(runs, in_process):
    runs.on(DISPATCH, {"DispatchedJobID": CHILD, "EvalID": ""})
    assert not in_process("job_dispatch", job="import", idempotency_token="mine", wait=False)["changed"]
    assert runs.all(DISPATCH)[0].query["idempotency_token"] == "mine"


def test_force_a_periodic_job(runs, in_process):
    runs.on(JOB, job(ParameterizedJob=None, Periodic={"Enabled": True}))
    runs.on("PUT /v1/job/import/periodic/force", {"EvalID": "e0"})
    done = in_process("job_dispatch", job="import")
    assert done["dispatched_job_id"] == CHILD


def test_force_is_not_sent_twice(runs, in_process):
    runs.on(JOB, job(ParameterizedJob=None, Periodic={"Enabled": True}))
    runs.on("PUT /v1/job/import/periodic/force", (503, "later"), {"EvalID": "e0"})
    assert in_process("job_dispatch", job="import")["failure"]["kind"] == "server"
    assert runs.count("PUT /v1/job/import/periodic/force") == 1


@pytest.mark.parametrize(
    ("found", "given", "words"),
    [
        (job(Stop=True), {}, "is stopped"),
        (job(ParameterizedJob=None), {}, "neither parameterized nor periodic"),
        (job(ParameterizedJob=None, Periodic={"Enabled": True}), {"payload": "x", "meta": {"a": 1}}, "takes no payload, no meta"),
        (job(ParameterizedJob={"Payload": "forbidden"}), {"payload": "x"}, "forbids a payload"),
        (job(ParameterizedJob={"Payload": "required"}), {}, "requires a payload"),
        (job(ParameterizedJob={"MetaRequired": ["b", "a"]}), {}, "lacks a, b"),
        (job(), {"meta": {"size": 1}}, "has size, which job import does not take (only colour)"),
        (job(), {"payload": "x" * 16385}, "16385 bytes"),
        (job(), {"meta": {"colour": ["a"]}}, "meta, colour: Nomad takes text only; a list is neither a string nor a number nor a boolean"),
        (job(), {"meta": {"colour": {"a": 1}}}, "meta, colour: Nomad takes text only; a mapping is"),
        (job(), {"meta": {"colour": None}}, "meta, colour: Nomad takes text only; null is"),
    ],
)
def test_what_cannot_be_started(nomad, in_process, found, given, words):
    nomad.on(JOB, found)
    done = in_process("job_dispatch", job="import", **given)
    assert words in done["msg"]
    assert done["failure"]["kind"] == "invalid_input"
    assert nomad.count(DISPATCH) == 0


@pytest.mark.parametrize(
    ("reply", "kind"), [((403, "Permission denied"), "denied"), ((503, "no"), "server"), ((404, "job not found"), "not_found")]
)
def test_refusals(nomad, in_process, reply, kind):
    nomad.on(JOB, reply)
    assert in_process("job_dispatch", job="import", token="a-token")["failure"]["kind"] == kind


def test_what_was_started_fails(runs, in_process):
    runs.on(f"GET {CHILD_PATH}/allocations", [allocation("failed")])
    done = in_process("job_dispatch", job="import")
    assert f"{CHILD}: 1 of 1 allocations failed" in done["msg"]
    assert done["failure"]["kind"] == "failed"
