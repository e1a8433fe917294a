# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an allocation does not run: its tasks' events and the last lines they wrote."""

from __future__ import annotations

import re
import typing as t

from ._client import Client
from ._errors import NomadError

Json = dict[str, t.Any]
LOG_LINES = 10
LOG_BYTES = 4000
ALLOCATIONS = 3
# Events that tell the reason, beside those that Nomad itself marks as failing the task.
TELLING = {
    "Driver Failure",
    "Failed Artifact Download",
    "Failed Validation",
    "Setup Failure",
    "Template",
    "Terminated",
    "Not Restarting",
    "Killed",
    "Sibling Task Failed",
    "Leader Task Dead",
    "Alloc Unhealthy",
    "Missing",
}
# A key that a task printed by mistake is not one of the arguments, so the edge cannot know it.
TAILSCALE_KEY = re.compile(r"\b((?:ts|hs)key-[a-z]+)-[\w-]+")


def causes(client: Client, allocations: list[Json]) -> list[Json]:
    """Return what is known about the allocations that went wrong (else: that do not run yet), newest first, with their logs."""
    wrong = [allocation for allocation in allocations if allocation["ClientStatus"] in ("failed", "lost") or _unhealthy(allocation)]
    waiting = [allocation for allocation in allocations if allocation["ClientStatus"] == "pending"]
    return [_cause(client, allocation) for allocation in (wrong or waiting or allocations)[:ALLOCATIONS]]


def text(found: list[Json]) -> str:
    """Return the causes as indented lines for a message."""
    lines = []
    for allocation in found:
        lines.append(f"  allocation {allocation['id'][:8]} on {allocation['node_name'] or 'no node'}: {allocation['client_status']}")
        if allocation["description"]:
            lines.append(f"    {allocation['description']}")
        for task in allocation["tasks"]:
            lines.append(f"    task {task['task']} is {task['state']}:")
            lines += [f"      {event}" for event in task["events"]]
            for stream in ("stderr", "stdout"):
                lines += [f"      {stream} | {line}" for line in task[stream]]
    return "\n".join(lines)


def _cause(client: Client, allocation: Json) -> Json:
    tasks = []
    for name, state in sorted((allocation.get("TaskStates") or {}).items()):
        events = _events(state)
        suspicious = state.get("State") != "running" or state.get("Restarts") or _unhealthy(allocation)
        if state.get("Failed") or (suspicious and events):
            logs = {stream: _log(client, allocation, name, stream) for stream in ("stderr", "stdout")}
            tasks.append({"task": name, "state": _state(state), "failed": bool(state.get("Failed")), "events": events, **logs})
    return {
        "id": allocation["ID"],
        "name": allocation["Name"],
        "node_name": allocation.get("NodeName") or "",
        "client_status": allocation["ClientStatus"],
        "description": allocation.get("ClientDescription") or "",
        # A task that waits, or ended well, has nothing to say beside one that failed.
        "tasks": [task for task in tasks if task["failed"]] or tasks,
    }


def _events(state: Json) -> list[str]:
    found: list[str] = []
    for event in state.get("Events") or []:
        message = str(event.get("DisplayMessage") or "")
        line = f"{event['Type']}: {message}" if message else str(event["Type"])
        if (event["Type"] in TELLING or event.get("FailsTask")) and line not in found:
            found.append(TAILSCALE_KEY.sub(r"\1-…", line))
    return found[-6:]


def _state(state: Json) -> str:
    restarts = int(state.get("Restarts") or 0)
    return f"{state.get('State')}{' (failed)' if state.get('Failed') else ''}{f', restarted {restarts} times' if restarts else ''}"


def _log(client: Client, allocation: Json, task: str, stream: str) -> list[str]:
    """Return the last lines of a log; none where there is no log to be had (never started, collected, client down, no read-logs)."""
    query = {"task": task, "type": stream, "plain": "true", "origin": "end", "offset": LOG_BYTES}
    try:
        said = client.text(f"/v1/client/fs/logs/{allocation['ID']}", f"read the log of {task}", "read-logs", **query)
    except NomadError as error:
        return [f"(no log: {error})"] if error.kind == "denied" and stream == "stderr" else []
    lines = [line for line in said.splitlines() if line.strip()]
    return [TAILSCALE_KEY.sub(r"\1-…", line) for line in lines[-LOG_LINES:]]


def _unhealthy(allocation: Json) -> bool:
    return (allocation.get("DeploymentStatus") or {}).get("Healthy") is False
