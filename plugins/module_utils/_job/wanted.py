# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of which allocations of a job should run; the modules that wait for a job or verify it share it.

| job | should run |
|---|---|
| purged, stopped, periodic, parameterized | nothing |
| service, batch | as many allocations of each group as its count; while canaries wait for their promotion, as many as canaries |
| system, sysbatch | one allocation of each group on each node that is eligible and has room |

| open evaluation | meaning |
|---|---|
| pending | the scheduler decides in a moment |
| blocked without NodeID | an allocation waits until any node has room |
| blocked with NodeID | this node has no room for a system or sysbatch job; the allocations on the other nodes do not depend on it |
"""

from __future__ import annotations

import typing as t

from .._errors import InvalidInput, NotFound
from .._json import Json
from .._nomad.allocations import TERMINAL_STATUSES, list_allocations
from .._nomad.client import Client
from .._nomad.evaluations import list_evaluations
from .placement import placement_failures

# The types of job of which each eligible node runs one allocation.
PER_NODE = ("system", "sysbatch")
# The types of job whose allocations end, and then need no successor.
ENDING = ("batch", "sysbatch")


class OpenEvaluations(t.NamedTuple):
    """What the scheduler has still to do for a job."""

    pending: bool = False
    blocked: bool = False
    full_node: bool = False


class Shortage(t.NamedTuple):
    """A group of which fewer allocations are there than should run; `wanted` of a system job is the least number, 1."""

    group: str
    there: int
    wanted: int


class Wanted(t.NamedTuple):
    """The allocations that should run, newest first, and a line for each reason why there should be others."""

    allocations: list[Json]
    lacks: list[str]
    stopped: bool = False


def open_evaluations(evaluations: list[Json]) -> OpenEvaluations:
    """Return what the open ones among a job's evaluations mean."""
    blocked = [one for one in evaluations if one["Status"] == "blocked"]
    return OpenEvaluations(
        pending=any(one["Status"] == "pending" for one in evaluations),
        blocked=any(not one.get("NodeID") for one in blocked),
        full_node=any(one.get("NodeID") for one in blocked),
    )


def only_starts_others(job: Json) -> bool:
    """Return whether a job runs nothing itself: a periodic or parameterized one, but not the jobs that it started."""
    return bool(job.get("Periodic") or (job.get("ParameterizedJob") and not job.get("Dispatched")))


def should_run(job: Json, allocations: list[Json]) -> list[Json]:
    """Return those of a job's allocations (newest first, of any version) that should run, or have ended and have no successor."""
    if job.get("Stop"):
        return []
    found: list[Json] = []
    places = set()
    for allocation in allocations:
        if allocation["DesiredStatus"] != "run" or allocation.get("NextAllocation"):
            continue
        # All allocations of a system job have one name.
        place = (allocation.get("Name"), allocation.get("NodeID") if job.get("Type") in PER_NODE else None)
        replaced = allocation.get("Name") and place in places
        if allocation["ClientStatus"] in TERMINAL_STATUSES and (replaced or allocation["JobVersion"] < job.get("Version", 0)):
            continue
        places.add(place)
        found.append(allocation)
    return found


def shortages(job: Json, allocations: list[Json]) -> list[Shortage]:
    """Return the groups of which too few of the allocations that should run (see `should_run`) are there."""
    if job.get("Stop"):
        return []
    found = []
    for group in job.get("TaskGroups") or []:
        there = [one for one in allocations if one["TaskGroup"] == group["Name"] and _is_there(job, one)]
        canaries = [one for one in there if (one.get("DeploymentStatus") or {}).get("Canary")]
        count = group.get("Count", 1)
        if canaries and len(canaries) == len(there):
            wanted = (group.get("Update") or {}).get("Canary") or count
        elif job.get("Type") in PER_NODE:
            wanted = min(count, 1)
        else:
            # Canaries run in addition to those that they may replace.
            there, wanted = [one for one in there if one not in canaries], count
        if len(there) < wanted:
            found.append(Shortage(group["Name"], len(there), wanted))
    return found


def groups_without_any(job: Json, allocations: list[Json]) -> list[str]:
    """Return the groups that should run and have none of these allocations; where the job names no groups, itself."""
    names = [group["Name"] for group in job.get("TaskGroups") or [] if group.get("Count", 1)]
    placed = {allocation["TaskGroup"] for allocation in allocations}
    return [name for name in names if name not in placed] or ([] if allocations else [job["ID"]])


def read_wanted(client: Client, job: Json, task: str, group: str | None, newest: bool) -> Wanted:
    """Return which allocations of a job (as read from Nomad) with a task should run, of one group or of all.

    With `newest`, allocations of an older version do not count.
    """
    name = job["ID"]
    if only_starts_others(job):
        raise InvalidInput(f"Job {name} runs nothing itself, it only starts others: name one of those, {name}/…")
    groups = [one["Name"] for one in job.get("TaskGroups") or [] if group in (None, one["Name"]) and _has_task(one, task)]
    if not groups:
        raise InvalidInput(f"No group of job {name} has a task {task}.")
    if job.get("Stop"):
        return Wanted([], [f"job {name} is stopped: none of its allocations should run"], stopped=True)
    listed = [one for one in list_allocations(client, name).data if not newest or one["JobVersion"] == job["Version"]]
    found = [one for one in should_run(job, listed) if one["TaskGroup"] in groups]
    short = [one for one in shortages(job, found) if one.group in groups]
    evaluations = _evaluations(client, name) if short or job.get("Type") in PER_NODE else []
    lacks = [f"job {name}: {_shortage_line(one, unplaced_reasons(job, evaluations, one.group))}" for one in short]
    if not lacks and open_evaluations(evaluations).pending:
        lacks = [f"job {name}: Nomad has not decided yet on which nodes it runs"]
    return Wanted(found, lacks)


def unplaced_reasons(job: Json, evaluations: list[Json], group: str) -> list[str]:
    """Return why allocations of a group wait for room; nothing when none waits. `evaluations` are newest first."""
    seen = open_evaluations(evaluations)
    if not (seen.blocked or seen.full_node):
        return []
    failed = [one["FailedTGAllocs"] for one in evaluations if one.get("FailedTGAllocs")]
    return placement_failures(failed[0][group], job, group) if failed and group in failed[0] else []


def _evaluations(client: Client, name: str) -> list[Json]:
    try:
        return list_evaluations(client, name)
    except NotFound:
        return []  # The job was purged a moment ago.


def _has_task(group: Json, task: str) -> bool:
    return any(one["Name"] == task for one in group.get("Tasks") or [])


def _shortage_line(shortage: Shortage, reasons: list[str]) -> str:
    line = f"{shortage.there} of {shortage.wanted} allocations of group {shortage.group} are there"
    return f"{line}: {'; '.join(reasons)}" if reasons else line


def _is_there(job: Json, allocation: Json) -> bool:
    """Return whether an allocation needs no other in its place."""
    ended = ("failed", "lost") if job.get("Type") in ENDING else TERMINAL_STATUSES
    return allocation["ClientStatus"] not in ended
