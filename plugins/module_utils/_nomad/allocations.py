# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's allocations as Nomad lists them."""

from __future__ import annotations

import re
import typing as t

from .._json import Json
from .._wait import Wait
from .client import Answer, Client
from .jobs import job_path
from .tasks import event_message, task_ends

TERMINAL_STATUSES = ("complete", "failed", "lost")
# Nomad replaces it with the number of the allocation.
ALLOC_INDEX = "${NOMAD_ALLOC_INDEX}"
# Nomad replaces it with the first eight characters of the allocation's ID.
SHORT_ALLOC_ID = "${NOMAD_SHORT_ALLOC_ID}"


def list_allocations(client: Client, job: str, **query: t.Any) -> Answer:
    """List a job's allocations, newest first; `data` holds Nomad's AllocListStub."""
    answer = client.get(job_path(job, "/allocations"), f"list the allocations of {job}", **query)
    answer.data.sort(key=lambda allocation: -allocation["CreateIndex"])
    return answer


def given_up_allocations(allocations: list[Json]) -> list[Json]:
    """Return those that failed although they should run, and have no successor.

    Nomad has given up on them only when no open evaluation is left either.
    """
    wanted = [allocation for allocation in allocations if allocation["DesiredStatus"] == "run"]
    return [allocation for allocation in wanted if allocation["ClientStatus"] == "failed" and not allocation.get("NextAllocation")]


def allocation_index(allocation: Json) -> int:
    """Return the number of an allocation in its group: Nomad calls it JOB.GROUP[NUMBER]."""
    found = re.search(r"\[(\d+)\]$", allocation["Name"])
    return int(found[1]) if found else 0


def allocation_summary(allocation: Json) -> Json:
    """Return an allocation as results show it, with the end or the state of each of its tasks."""
    return {
        "id": allocation["ID"],
        "name": allocation["Name"],
        "client_status": allocation["ClientStatus"],
        "node_name": allocation.get("NodeName") or "",
        "tasks": task_ends(allocation),
    }


def allocation_hostname(hostname: str, allocation: Json) -> str:
    """Return a hostname as Nomad fills it in for this allocation."""
    return hostname.replace(ALLOC_INDEX, str(allocation_index(allocation))).replace(SHORT_ALLOC_ID, short_id(allocation))


def short_id(allocation: Json) -> str:
    """Return the short id that Nomad's own tools show."""
    return str(allocation["ID"])[:8]


def tell_task_events(wait: Wait, allocations: list[Json]) -> None:
    """Show each task's last event as it happens."""
    for allocation in allocations:
        for task, state in sorted((allocation.get("TaskStates") or {}).items()):
            events = state.get("Events") or []
            if events:
                text = event_message(events[-1]) or events[-1]["Type"]
                wait.tell(f"alloc {short_id(allocation)} {task}: {text}", topic=f"{allocation['ID']}/{task}")
