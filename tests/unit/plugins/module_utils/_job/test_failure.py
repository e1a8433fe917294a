# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nomad 1.11 tells about tasks that do not run, and what we make of it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._job.failure import causes_text, failure_causes
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.checks import failing_checks_by_allocation
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client

from tests.unit.support.task_states import ID, allocation, ended, event, state

ALLOCATION, CHECKS, LOGS = f"GET /v1/allocation/{ID}", f"GET /v1/client/allocation/{ID}/checks", f"GET /v1/client/fs/logs/{ID}"
PATH = "nomad/jobs/x/y"
VARIABLE = f"GET /v1/var/{PATH}"
LATE = "Task not running for min_healthy_time of 10s by healthy_deadline of 1m"


def connected():
    return Client(os.environ["NOMAD_ADDR"], None, "token", "default")


@pytest.fixture
def tell(nomad):
    """What a person reads about allocations."""

    def tell(*allocations, checks=None):
        return causes_text(failure_causes(connected(), list(allocations), checks or {}))

    return tell


def test_a_failed_task_with_its_log(nomad, tell):
    nomad.on(LOGS, "\n".join(f"line {number}" for number in range(20)) + "\n\x1b[31mpassword=hunter2\n", "")
    text = tell(allocation(t=state(event("Started"), ended(3), failed=True), sibling=state(event("Sibling Task Failed", "t failed"))))
    assert text.splitlines() == [
        "  allocation a0a0a0a0 on node-1: failed",
        "    task t failed: exit code 3",
        "      Terminated: Exit Code: 3",
        *[f"      stderr | line {number}" for number in range(11, 20)],
        "      stderr | password=(hidden)",
    ]


def test_a_task_without_a_log(nomad, tell):
    assert tell(allocation(t=state(ended(1), failed=True))).endswith("no log lines: it wrote none, or ended before the driver read them")
    assert "no log lines" not in tell(allocation(t=state(event("Driver Failure", "no engine"), failed=True)))


def test_a_log_that_may_not_be_read(nomad, tell):
    nomad.on(LOGS, (403, "Permission denied"))
    nomad.on("GET /v1/acl/token/self", {})
    assert "(no log: Could not read the log of t: the token lacks the capability read-logs" in tell(
        allocation(t=state(ended(1), failed=True))
    )


def test_the_same_reason_is_said_once(nomad, tell):
    failed = {"t": state(event("Driver Failure", "no engine"), failed=True)}
    text = tell(allocation(**failed), allocation(ident="b0b0b0b0-0000", **failed), allocation(ident="c0c0c0c0-0000", status="lost"))
    assert text.count("no engine") == 1
    assert "allocation b0b0b0b0 on node-1: failed, for the same reason" in text
    assert text.endswith("allocation c0c0c0c0 on node-1: lost")


def test_a_description_that_says_more(nomad, tell):
    given = {**allocation("lost"), "ClientDescription": "Client is down"}
    assert tell(given).splitlines()[1] == "    Client is down"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"AllocatedResources": {"Tasks": {"t": {"Memory": {"MemoryMB": 32, "MemoryMaxMB": 0}}}}}, "the 32 MiB of memory "),
        ({"AllocatedResources": {"Tasks": {"t": {"Memory": {"MemoryMB": 32, "MemoryMaxMB": 64}}}}}, "the 64 MiB of memory "),
        ((500, "Unknown allocation"), "the memory "),
        ({"AllocatedResources": None}, "the memory "),
    ],
)
def test_out_of_memory(nomad, tell, answer, words):
    nomad.on(ALLOCATION, answer)
    assert f"it used more than {words}that its resources allow: raise memory" in tell(
        allocation(t=state(ended(137, 0, "true"), failed=True))
    )
    assert f"often {words}of its resources did not suffice" in tell(allocation(t=state(ended(137), failed=True)))
    assert f"often {words}of its resources did not suffice" in tell(allocation(t=state(ended(1, 9), failed=True)))


def test_what_nomad_killed_had_memory_enough(nomad, tell):
    assert "often" not in tell(allocation(t=state(event("Killing", "Template failed", fails=True), ended(137), failed=True)))


def waits(*paths, more=()):
    return state(event("Template", f"Missing: {', '.join(f'nomad.var.block({path})' for path in paths)}"), *more, now="pending")


def test_a_variable_that_the_task_may_not_read(nomad, tell):
    nomad.on(VARIABLE, {"Items": {"password": "never shown"}})
    text = tell(allocation("pending", t=waits(f"{PATH}@default.global")))
    assert "Template: Missing: nomad.var.block(nomad/jobs/x/y@default.global)" in text
    assert f"variable {PATH} exists, but the task may not read it; without a policy it reads only " in text
    assert "nomad/jobs, nomad/jobs/web, nomad/jobs/web/app and nomad/jobs/web/app/t in namespace default" in text
    assert "never shown" not in text
    assert nomad.all(VARIABLE)[0].query["namespace"] == "default"


def test_a_variable_that_does_not_exist(nomad, tell):
    own = "nomad/jobs/web/app"
    text = tell(allocation("pending", t=waits(f"{PATH}@team.global", f"{own}@default.global")))
    assert f"variable {PATH} in namespace team does not exist" in text
    assert f"nomad var put -namespace team {PATH} KEY=VALUE, but where the task may read it (without a policy" in text
    assert nomad.all(VARIABLE)[0].query["namespace"] == "team"
    assert f"variable {own} does not exist: make it with notailcar.nomad.variable or nomad var put {own} KEY=VALUE\n" in text


def test_a_variable_that_we_may_not_look_for(nomad, tell):
    nomad.on(VARIABLE, (403, "Permission denied"))
    nomad.on("GET /v1/acl/token/self", {})
    text = tell(allocation("pending", t=waits(f"{PATH}@default.global")))
    assert "it does not exist, or the task may not read it" in text
    assert "this token may not look" in text


@pytest.mark.parametrize("job", ["web/periodic-1795321174", "web/dispatch-1795321174-ab12"])
def test_a_child_reads_its_parents_variables(nomad, tell, job):
    nomad.on("GET /v1/var/nomad/jobs/web", {"Items": {}})
    assert "exists by now, and the task may read it" in tell(allocation("pending", job=job, t=waits("nomad/jobs/web@default.global")))


def test_a_variable_that_once_was_missing(nomad, tell):
    tell(allocation(t=waits(f"{PATH}@default.global", more=(event("Started"), ended(1)))))
    assert nomad.count(VARIABLE) == 0


def result(status, code=0, output="", name="answers"):
    return {"Check": name, "Service": "web", "Status": status, "StatusCode": code, "Output": output}


def test_failing_checks(nomad, tell):
    output = "<h1>\nno password=hunter2\n" + "more\n" * 200
    checks = [result("failure", 503, output, "b"), result("success", name="c"), result("pending", name="a")]
    nomad.on(CHECKS, {str(number): check for number, check in enumerate(checks)})
    text = tell(allocation("running", healthy=False, t=state(event("Started"), event("Alloc Unhealthy", LATE), now="running")))
    assert text.splitlines()[3:7] == [
        "    check a of service web: pending",
        "    check b of service web: failure 503",
        "      <h1>",
        "      no password=(hidden)",
    ]
    assert len(text.splitlines()) == 10, "the output is cut"


SERVICES = [{"Name": "web", "Checks": [{"Name": "answers"}]}, {"Name": "more", "Checks": None}]
SPEC = {"Job": {"TaskGroups": [{"Name": "app", "Services": SERVICES, "Tasks": [{"Name": "t", "Services": None}]}, {"Name": "other"}]}}


@pytest.mark.parametrize(
    ("told", "task", "suspected"),
    [
        ((404, "Unknown allocation"), state(event("Started"), event("Alloc Unhealthy", LATE)), True),
        ({}, state(event("Started"), event("Alloc Unhealthy", LATE)), True),
        ({"1": result("success")}, state(event("Started"), event("Alloc Unhealthy", LATE)), False),
        ({}, state(event("Received"), event("Alloc Unhealthy", LATE)), False),
        ({}, state(event("Started"), event("Alloc Unhealthy", LATE), restarts=1), False),
        ({}, state(event("Started"), ended(1)), False),
    ],
)
def test_checks_of_which_nothing_is_told(nomad, tell, told, task, suspected):
    """Nomad forgets the results when it stops the allocation, and only says that the task was not running."""
    nomad.on(CHECKS, told)
    nomad.on(ALLOCATION, SPEC)
    text = tell(allocation("running", healthy=False, t=task))
    assert ("check answers of service web: unknown (Nomad no longer tells what it said)" in text) is suspected


def test_checks_are_remembered(nomad, tell):
    nomad.on(CHECKS, {"1": result("failure", 503)})
    of_nomad = {"TaskGroups": [{"Tasks": [{"Name": "t", "Services": [{"Provider": "nomad", "Checks": [{}]}]}]}]}
    young = allocation("running", t=state(now="running"))
    seen = failing_checks_by_allocation(
        connected(), of_nomad, [young, allocation("pending", "b"), allocation("running", "c", healthy=True)]
    )
    assert list(seen) == [ID]
    assert len(nomad.asked) == 1
    nomad.on(CHECKS, (404, "Unknown allocation"))
    assert "check answers of service web: failure 503" in tell(allocation(healthy=False, t=state(now="running")), checks=seen)
    assert failing_checks_by_allocation(connected(), of_nomad, [young]) == {}
    of_consul = {"TaskGroups": [{"Services": [{"Provider": "consul", "Checks": [{}]}]}]}
    count = len(nomad.asked)
    assert failing_checks_by_allocation(connected(), of_consul, [young]) == {}
    assert len(nomad.asked) == count, "there is nothing to ask for"


def test_what_waits_is_told_where_nothing_failed(nomad, tell):
    text = tell(
        allocation("running", t=state(now="running")), allocation("pending", "b0b0", t=state(event("Driver", "Downloading"), now="pending"))
    )
    assert text.splitlines() == ["  allocation b0b0 on node-1: pending", "    task t is pending", "      Driver: Downloading"]
