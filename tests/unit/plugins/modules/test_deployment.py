# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `deployment`."""

from __future__ import annotations

import pytest

IDENT = "d0d0d0d0-0000"
NEWEST, READ = "GET /v1/job/shop/deployment", f"GET /v1/deployment/{IDENT}"
PROMOTE, FAIL = f"PUT /v1/deployment/promote/{IDENT}", f"PUT /v1/deployment/fail/{IDENT}"


def deployment(status="running", healthy=1, words="", promoted=False):
    group = {
        "DesiredTotal": 2,
        "PlacedAllocs": 1,
        "HealthyAllocs": healthy,
        "UnhealthyAllocs": 0,
        "DesiredCanaries": 1,
        "Promoted": promoted,
    }
    return {"ID": IDENT, "Status": status, "StatusDescription": words, "JobVersion": 1, "CreateIndex": 5, "TaskGroups": {"app": group}}


@pytest.fixture
def held(nomad):
    """A deployment that waits for its promotion."""
    nomad.on("GET /v1/job/shop", {"ID": "shop", "Type": "service", "Version": 1, "Stop": False, "JobModifyIndex": 9, "TaskGroups": []})
    nomad.on("GET /v1/job/shop/allocations", [])
    nomad.on("GET /v1/job/shop/evaluations", [])
    nomad.on(NEWEST, deployment())
    nomad.on(READ, deployment(promoted=True), deployment("successful", 2, "Deployment completed", True))
    nomad.on(PROMOTE, {})
    nomad.on(FAIL, {})
    return nomad


@pytest.mark.parametrize("way", ["in_process", "packaged"])
def test_promote(held, request, way):
    done = request.getfixturevalue(way)("deployment", job="shop", state="promoted")
    assert done["changed"]
    assert done["deployment"]["status"] == "successful"
    assert held.all(PROMOTE)[0].body == {"DeploymentID": IDENT, "All": True}
    assert held.count(PROMOTE) == 1


@pytest.mark.parametrize("state", ["promoted", "failed"])
def test_check_mode_does_nothing(held, in_process, state):
    done = in_process("deployment", check=True, job="shop", state=state)
    assert done["changed"]
    assert done["deployment"]["ready_for_promotion"]
    assert {asked.method for asked in held.asked} == {"GET"}


def test_canaries_become_healthy_first(held, in_process, screen):
    held.on(NEWEST, deployment(healthy=0))
    held.on(READ, deployment(healthy=0), deployment(), deployment("successful", 2, promoted=True))
    assert in_process("deployment", job="shop", state="promoted")["changed"]
    lines = [line for line in screen.lines if "canaries" in line or "promoting" in line]
    assert lines == [
        "shop: deployment d0d0d0d0 running: app 0/1 canaries healthy",
        "shop: deployment d0d0d0d0 running: app 1/1 canaries healthy",
        "shop: promoting app",
    ]


def test_without_waiting(held, in_process):
    assert in_process("deployment", job="shop", state="promoted", wait=False)["changed"]
    assert held.count(PROMOTE) == 1


def test_fail_and_follow_the_rollback(held, in_process):
    held.on(READ, deployment("failed", words="Deployment marked as failed - rolling back to job version 0"))
    back = {"ID": "shop", "Type": "service", "Version": 2, "Stop": False, "JobModifyIndex": 12, "TaskGroups": []}
    held.on("GET /v1/job/shop", {**back, "Version": 1}, back)
    held.on("GET /v1/job/shop/evaluations", [{"ID": "e1", "Status": "complete", "CreateIndex": 12, "JobModifyIndex": 12}])
    held.on("GET /v1/evaluation/e1", {"Status": "complete", "CreateIndex": 12})
    held.on(NEWEST, deployment(), {**deployment("successful"), "JobVersion": 2, "CreateIndex": 13})
    done = in_process("deployment", job="shop", state="failed")
    assert done["changed"]
    assert done["reverted_to"] == 0
    assert held.count(FAIL) == 1


def test_fail_without_rollback(held, in_process):
    held.on(READ, deployment("failed", words="Deployment marked as failed"))
    done = in_process("deployment", job="shop", state="failed")
    assert done["reverted_to"] is None
    assert done["deployment"]["status"] == "failed"


@pytest.mark.parametrize(("status", "state", "changed"), [("successful", "promoted", False), ("failed", "failed", False)])
def test_what_has_ended_as_wanted_is_unchanged(held, in_process, status, state, changed):
    held.on(NEWEST, deployment(status, promoted=True))
    held.on(READ, deployment(status, promoted=True))
    assert in_process("deployment", job="shop", state=state)["changed"] is changed
    assert held.count(PROMOTE) == held.count(FAIL) == 0


@pytest.mark.parametrize(
    ("status", "state"), [("failed", "promoted"), ("cancelled", "promoted"), ("cancelled", "failed"), ("successful", "failed")]
)
def test_what_has_ended_otherwise_is_refused(held, in_process, status, state):
    held.on(NEWEST, deployment(status, words="so it is"))
    done = in_process("deployment", job="shop", state=state)
    assert done["failure"]["kind"] == "refused"
    assert f"cannot be {state}: it is {status} (so it is)" in done["msg"]


def test_another_deployment(held, in_process):
    done = in_process("deployment", job="shop", id="abc", state="promoted")
    assert done["failure"]["kind"] == "conflict"
    assert held.count(PROMOTE) == 0


def test_no_deployment(held, in_process):
    held.on(NEWEST, "null")
    assert "has no deployment" in in_process("deployment", job="shop", state="promoted")["msg"]


@pytest.mark.parametrize(
    ("reply", "kind"), [((403, "Permission denied"), "denied"), ((503, "later"), "server"), ((404, "job not found"), "not_found")]
)
def test_refusals(nomad, in_process, reply, kind):
    nomad.on(NEWEST, reply)
    assert in_process("deployment", job="shop", state="promoted", token="a-token")["failure"]["kind"] == kind
