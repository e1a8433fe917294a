# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Success, failure and time over of every type of job, on the real Nomad; the messages are what a person reads."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from tests.integration.support.jobs import ENDS_BADLY, ENDS_WELL, NEVER_STARTS, RUNS, job
from tests.lab.command import wait_until
from tests.lab.nomad import FIRST

NAME = "types"
# How each type succeeds: what the task does, and what is then said last.
SUCCESS = {
    "service": (RUNS, "running", "successful: app 1/1 healthy"),
    "batch": (ENDS_WELL, "complete", "1/1 allocations complete"),
    "system": (RUNS, "running", "successful: app 1/1 healthy"),
    "sysbatch": (ENDS_WELL, "complete", "1/1 allocations complete"),
}
FAILURE = {
    "service": "the deployment failed: Failed due to unhealthy allocations",
    "batch": "1 of 1 allocations failed, and Nomad does not try again",
    "system": "the deployment failed: Failed due to unhealthy allocations",
    "sysbatch": "1 of 1 allocations failed, and Nomad does not try again",
}
LAST_STATE = {
    "service": "running: app 0/1 healthy",
    "batch": "0/1 allocations complete",
    "system": "running: app 0/1 healthy",
    "sysbatch": "0/1 allocations complete",
}
PERIODIC = {"Periodic": {"Enabled": True, "SpecType": "cron", "Spec": "0 3 1 1 *", "TimeZone": "UTC"}}
PARAMETERIZED = {"ParameterizedJob": {"Payload": "required", "MetaRequired": ["source"], "MetaOptional": ["colour"]}}


@pytest.fixture(autouse=True)
def no_job(purge: t.Callable[[str], None]) -> t.Iterator[None]:
    purge(NAME)
    yield
    purge(NAME)


@pytest.mark.parametrize("kind", SUCCESS)
def test_success(called, kind: str) -> None:
    config, status, last = SUCCESS[kind]
    spec = job(NAME, kind, config)
    done = called("job", spec=spec, timeout=30)
    assert not done.get("failed"), done
    assert done["changed"]
    assert [allocation["client_status"] for allocation in done["allocations"]] == [status]
    ends = [task["exit_code"] for task in done["allocations"][0]["tasks"]]
    assert ends == [0 if status == "complete" else None]
    assert any(last in line for line in called.lines), called.lines
    assert f"{NAME}: successful after" in called.lines[-1]
    again = called("job", spec=spec, timeout=30)
    assert not again.get("failed"), again
    assert not again["changed"]
    assert [allocation["client_status"] for allocation in again["allocations"]] == [status]
    assert called.lines == []


@pytest.mark.parametrize("kind", FAILURE)
def test_failure(called, kind: str) -> None:
    done = called("job", spec=job(NAME, kind, ENDS_BADLY), timeout=30)
    assert done["failed"], done
    assert done["failure"]["kind"] == "failed"
    assert done["msg"].startswith(f"{NAME}: {FAILURE[kind]}")
    assert "task app failed: exit code 3" in done["msg"]
    assert "Exit Code: 3" in done["msg"]
    assert ("Nothing of the job runs now." in done["msg"]) == (kind in ("service", "system"))
    assert f"{NAME}: failed after" in called.lines[-1]


@pytest.mark.parametrize("kind", FAILURE)
def test_a_run_after_a_failure_starts_again(called, kind: str) -> None:
    """The spec is the same; what made it fail may have been outside of it. Here it fails again, so it was tried."""
    spec = job(NAME, kind, ENDS_BADLY)
    first = called("job", spec=spec, timeout=30)
    tries = 2 if kind == "system" else 1  # A system job is tried once more by Nomad itself.

    def given_up() -> bool:
        ended = [one for one in FIRST.ask(f"/v1/job/{NAME}/allocations") if one["ClientStatus"] == "failed"]
        return len(ended) == tries and called("job", check=True, spec=spec)["changed"]

    wait_until(given_up, "the job given up by Nomad")
    second = called("job", spec=spec, timeout=30)
    assert second.get("failed"), (second, called.lines)
    assert second["failure"]["kind"] == "failed", second
    tried = [result["failure"]["allocations"][0]["id"] for result in (first, second)]
    assert tried[0] != tried[1]


@pytest.mark.parametrize("kind", LAST_STATE)
def test_time_over(called, kind: str) -> None:
    done = called("job", spec=job(NAME, kind, NEVER_STARTS), timeout=5)
    assert done["failed"], done
    assert done["failure"]["kind"] == "timeout"
    assert f"{NAME}: not done after 5 s" in done["msg"]
    assert LAST_STATE[kind] in done["msg"]
    assert "allocation" in done["msg"]
    assert "on site: pending" in done["msg"]


def test_a_periodic_job_is_registered_and_says_when_it_runs(called) -> None:
    done = called("job", spec=job(NAME, "batch", ENDS_WELL, **PERIODIC), timeout=30)
    assert done["changed"]
    assert done["allocations"] == []
    assert done["plan"]["next_periodic_launch"].endswith("-01-01T03:00:00Z")
    assert not called("job", spec=job(NAME, "batch", ENDS_WELL, **PERIODIC))["changed"]


def test_a_periodic_job_is_forced(called) -> None:
    called("job", spec=job(NAME, "batch", ENDS_WELL, **PERIODIC))
    foreseen = called("job_dispatch", check=True, job=NAME)
    assert foreseen["changed"]
    assert foreseen["dispatched_job_id"] is None
    done = called("job_dispatch", job=NAME, timeout=30)
    assert done["dispatched_job_id"].startswith(f"{NAME}/periodic-")
    assert [allocation["client_status"] for allocation in done["allocations"]] == ["complete"]
    assert "no meta" in called("job_dispatch", job=NAME, meta={"a": "b"})["msg"]


def test_a_parameterized_job_is_dispatched(called) -> None:
    registered = called("job", spec=job(NAME, "batch", ENDS_WELL, **PARAMETERIZED))
    assert registered["changed"]
    assert registered["allocations"] == []
    token = str(uuid.uuid4())  # Nomad remembers it, also after the job was purged.
    done = called("job_dispatch", job=NAME, payload="{}", meta={"source": "here", "colour": 7}, idempotency_token=token, timeout=30)
    assert done["changed"]
    assert done["dispatched_job_id"].startswith(f"{NAME}/dispatch-")
    assert [allocation["client_status"] for allocation in done["allocations"]] == ["complete"]
    again = called("job_dispatch", job=NAME, payload="{}", meta={"source": "here"}, idempotency_token=token, timeout=30)
    assert not again["changed"]
    assert again["dispatched_job_id"] == done["dispatched_job_id"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"meta": {"source": "x"}}, "requires a payload"),
        ({"payload": "x"}, "meta lacks source"),
        ({"payload": "x", "meta": {"source": "x", "size": 1}}, "meta has size"),
        ({"payload": "x" * 20000, "meta": {"source": "x"}}, "at most 16384"),
    ],
)
def test_what_cannot_be_dispatched(called, given, words: str) -> None:
    called("job", spec=job(NAME, "batch", ENDS_WELL, **PARAMETERIZED))
    for check in (True, False):
        assert words in called("job_dispatch", check=check, job=NAME, **given)["msg"]


@pytest.mark.parametrize(("more", "given"), [(PERIODIC, {}), (PARAMETERIZED, {"payload": "{}", "meta": {"source": "here"}})])
def test_what_was_started_fails_or_takes_too_long(called, more, given) -> None:
    called("job", spec=job(NAME, "batch", ENDS_BADLY, **more))
    failed = called("job_dispatch", job=NAME, timeout=30, **given)
    assert failed["failure"]["kind"] == "failed"
    assert "1 of 1 allocations failed" in failed["msg"]
    assert "Exit Code: 3" in failed["msg"]
    called("job", spec=job(NAME, "batch", NEVER_STARTS, **more))
    late = called("job_dispatch", job=NAME, timeout=5, **given)
    assert late["failure"]["kind"] == "timeout"
    assert "0/1 allocations complete" in late["msg"]


def test_what_is_not_there_to_be_started(called) -> None:
    assert f"There is no job {NAME}" in called("job_dispatch", job=NAME)["msg"]
    called("job", spec=job(NAME, "service", RUNS), timeout=30)
    assert "neither parameterized nor periodic" in called("job_dispatch", job=NAME)["msg"]


def test_room_is_awaited_where_it_is_asked_for(called) -> None:
    spec = job(NAME, "service", RUNS, Constraints=[{"LTarget": "${attr.kernel.name}", "RTarget": "plan9", "Operand": "="}])
    assert "cannot be placed" in called("job", spec=spec, timeout=2)["msg"]
    done = called("job", spec=spec, require_placement=False, timeout=2)
    assert done["failure"]["kind"] == "timeout"
    assert "waits for a place: constraint ${attr.kernel.name} = plan9" in done["msg"]
