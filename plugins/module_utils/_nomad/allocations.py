# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's allocations as Nomad lists them."""

from __future__ import annotations

import re
import typing as t

from .._errors import NotFound
from .._wait import Wait
from . import jobs as _jobs
from .client import Answer, Client
from .jobs import job_path
from .tasks import message, task_ends

Json = dict[str, t.Any]
TERMINAL = ("complete", "failed", "lost")
# Nomad puts the number of the allocation for it.
INDEX = "${NOMAD_ALLOC_INDEX}"
# And for it the first eight characters of the allocation's ID.
SHORT_ID = "${NOMAD_SHORT_ALLOC_ID}"


def of_job(client: Client, job: str, **query: t.Any) -> Answer:
    """List a job's allocations, newest first; `data` holds Nomad's AllocListStub."""
    answer = client.get(job_path(job, "/allocations"), f"list the allocations of {job}", **query)
    answer.data.sort(key=lambda allocation: -allocation["CreateIndex"])
    return answer


def given_up(allocations: list[Json]) -> list[Json]:
    """Return those that failed although they should run, and have no successor.

    Nomad gives up on them only when no evaluation is left either: see `_evaluations.left`.
    """
    wanted = [allocation for allocation in allocations if allocation["DesiredStatus"] == "run"]
    return [allocation for allocation in wanted if allocation["ClientStatus"] == "failed" and not allocation.get("NextAllocation")]


def job_of(client: Client, job: str) -> Json:
    """Return the job as it should run."""
    try:
        return _jobs.read(client, job)
    except NotFound as error:
        where = f"namespace {client.namespace or 'default'}" + (f", region {client.region}" if client.region else "")
        raise NotFound(f"There is no job {job} in {where}.", **error.details) from None


def index(allocation: Json) -> int:
    """Return the number of an allocation in its group: Nomad calls it JOB.GROUP[NUMBER]."""
    found = re.search(r"\[(\d+)\]$", allocation["Name"])
    return int(found[1]) if found else 0


def summary(allocation: Json) -> Json:
    """Return what a result says about an allocation, with how each of its tasks ended or stands."""
    return {
        "id": allocation["ID"],
        "name": allocation["Name"],
        "client_status": allocation["ClientStatus"],
        "node_name": allocation.get("NodeName") or "",
        "tasks": task_ends(allocation),
    }


def named(hostname: str, allocation: Json) -> str:
    """Return a hostname as Nomad fills it in for this allocation."""
    return hostname.replace(INDEX, str(index(allocation))).replace(SHORT_ID, short(allocation))


def short(allocation: Json) -> str:
    """Return the short id that Nomad's own tools show."""
    return str(allocation["ID"])[:8]


def tell_tasks(wait: Wait, allocations: list[Json]) -> None:
    """Show each task's last event as it happens."""
    for allocation in allocations:
        for task, state in sorted((allocation.get("TaskStates") or {}).items()):
            events = state.get("Events") or []
            if events:
                text = message(events[-1]) or events[-1]["Type"]
                wait.tell(f"alloc {short(allocation)} {task}: {text}", topic=f"{allocation['ID']}/{task}")
