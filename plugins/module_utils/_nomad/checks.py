# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that keep an allocation from being healthy."""

from __future__ import annotations

from .._errors import NomadError
from .._json import Json
from .._redact import scrub
from .client import Client

OUTPUT_LETTERS = 400
# The allocations that a failure names, at most.
SHOWN_ALLOCATIONS = 3


def check_results(client: Client, allocation: Json) -> list[Json]:
    """Ask an allocation's client for the results of the checks of Nomad's own services, by service; the servers do not know them."""
    path = f"/v1/client/allocation/{allocation['ID']}/checks"
    # By their IDs; null where the allocation has no check.
    found = client.get(path, f"read the checks of allocation {allocation['ID'][:8]}", retries=False).data or {}
    return [found[ident] for ident in sorted(found, key=lambda ident: (found[ident]["Service"], found[ident]["Check"], ident))]


def failing_checks_by_allocation(client: Client, job: Json, allocations: list[Json]) -> dict[str, list[Json]]:
    """Return the failing checks of the newest allocations that run and are not healthy yet, by allocation."""
    services = [service for group in job.get("TaskGroups") or [] for _task, service in _services(group)]
    if not any(service.get("Provider") == "nomad" and service.get("Checks") for service in services):
        return {}
    young = [one for one in allocations if one["ClientStatus"] == "running" and not (one.get("DeploymentStatus") or {}).get("Healthy")]
    found = {allocation["ID"]: _told(client, allocation) for allocation in young[:SHOWN_ALLOCATIONS]}
    return {ident: checks for ident, checks in found.items() if checks}


def failing_checks(client: Client, allocation: Json, seen: list[Json]) -> list[Json]:
    """Return the checks of an allocation that do not succeed, by service.

    Where the client no longer reports them, they are those last seen; where none was ever seen and the tasks did not fail,
    all checks are named, with the status `unknown`.
    """
    told = _told(client, allocation)
    return (seen or _suspected(client, allocation)) if told is None else told


def _told(client: Client, allocation: Json) -> list[Json] | None:
    """Return the failing checks of Nomad's own services; None where the client does not report them (stopped, collected, down)."""
    try:
        found = check_results(client, allocation)
    except NomadError:
        return None
    if not found:
        return None
    return [
        _check(result["Service"], result["Check"], result.get("Task"), result["Status"], result.get("StatusCode"), result.get("Output"))
        for result in found
        if result["Status"] != "success"
    ]


def _suspected(client: Client, allocation: Json) -> list[Json]:
    """Return all checks of an allocation whose tasks ran, and that did not become healthy in time: Nomad only blames the tasks.

    Results are gone as soon as Nomad stops the allocation, for example to roll back; those of Consul never were Nomad's.
    """
    states = list((allocation.get("TaskStates") or {}).values())
    events = [event for state in states for event in state.get("Events") or []]
    late = any("healthy_deadline" in str(event.get("DisplayMessage")) for event in events)
    started = any(event["Type"] == "Started" for event in events) and not any(state.get("Restarts") for state in states)
    if not (late and started):
        return []
    try:
        job = client.get(f"/v1/allocation/{allocation['ID']}", "read the allocation", retries=False).data["Job"]
    except NomadError:
        return []
    (group,) = (group for group in job["TaskGroups"] if group["Name"] == allocation["TaskGroup"])
    return [
        _check(service["Name"], check["Name"], task, "unknown", None, "")
        for task, service in _services(group)
        for check in service.get("Checks") or []
    ]


def _services(group: Json) -> list[tuple[str, Json]]:
    """Return a group's services, each with its task (none for those of the group itself)."""
    of_tasks = [(task["Name"], service) for task in group.get("Tasks") or [] for service in task.get("Services") or []]
    return [("", service) for service in group.get("Services") or []] + of_tasks


def _check(service: str, name: str, task: str | None, status: str, code: int | None, output: str | None) -> Json:
    return {
        "name": name,
        "service": service,
        "task": task or "",
        "status": status,
        "status_code": code or None,
        "output": scrub(output or "").strip()[:OUTPUT_LETTERS],
    }
