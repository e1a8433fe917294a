# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an allocation does not run: its tasks' ends, events and last lines, and its checks."""

from __future__ import annotations

from .._errors import NomadError
from .._json import Json
from .._nomad.checks import SHOWN_ALLOCATIONS, failing_checks
from .._nomad.client import Client
from .._nomad.tasks import task_end_line, task_ends, telling_events
from .._redact import scrub
from .hints import task_hints

LOG_LINES = 10
LOG_BYTES = 4000
LOG_LETTERS = 500
OUTPUT_LINES = 5
# Nomad's descriptions of an allocation that add nothing to those of its tasks.
EMPTY = {"", "Failed tasks", "Tasks are running", "No tasks have started", "All tasks have completed"}


def failure_causes(client: Client, allocations: list[Json], checks: dict[str, list[Json]]) -> list[Json]:
    """Return what is known about the allocations that went wrong (else: that do not run yet), newest first, with their logs.

    `checks` are those last seen failing (`failing_checks_by_allocation`), by allocation.
    """
    wrong = [allocation for allocation in allocations if allocation["ClientStatus"] in ("failed", "lost") or _unhealthy(allocation)]
    waiting = [allocation for allocation in allocations if allocation["ClientStatus"] == "pending"]
    chosen = (wrong or waiting or allocations)[:SHOWN_ALLOCATIONS]
    return [_cause(client, allocation, checks.get(allocation["ID"], [])) for allocation in chosen]


def causes_text(found: list[Json]) -> str:
    """Return the causes as indented lines for a message; a cause that several allocations share is printed once."""
    lines: list[str] = []
    said: list[list[str]] = []
    for allocation in found:
        head = f"  allocation {allocation['id'][:8]} on {allocation['node_name'] or 'no node'}: {allocation['client_status']}"
        why = _why(allocation)
        if why and why in said:
            lines.append(f"{head}, for the same reason")
        else:
            said.append(why)
            lines += [head, *_why(allocation, "stderr", "stdout")]
    return "\n".join(lines)


def _why(allocation: Json, *streams: str) -> list[str]:
    lines = [f"    {allocation['description']}"] if allocation["description"] not in EMPTY else []
    for task in allocation["tasks"]:
        lines.append(f"    task {task['task']} {task_end_line(task)}")
        lines += [f"      {line}" for line in (*task["hints"], *task["events"])]
        lines += [f"      {stream} | {line}" for stream in streams for line in task[stream]]
        if streams and task["exit_code"] is not None and not (task["stderr"] or task["stdout"]):
            lines.append("      no log lines: it wrote none, or ended before the driver read them")
    for check in allocation["checks"]:
        code = f" {check['status_code']}" if check["status_code"] else ""
        gone = " (Nomad no longer tells what it said)" if check["status"] == "unknown" else ""
        lines.append(f"    check {check['name']} of service {check['service']}: {check['status']}{code}{gone}")
        lines += [f"      {line}" for line in check["output"].splitlines()[:OUTPUT_LINES]]
    return lines


def _cause(client: Client, allocation: Json, checks: list[Json]) -> Json:
    tasks = []
    for end in task_ends(allocation):
        events = telling_events(allocation["TaskStates"][end["task"]])
        suspicious = end["state"] != "running" or end["restarts"] or _unhealthy(allocation)
        if end["failed"] or (suspicious and events):
            tasks.append({**end, "events": events})
    # Next to a task that failed, a task that waits or succeeded explains nothing.
    tasks = [task for task in tasks if task["failed"]] or tasks
    for task in tasks:
        task["hints"] = task_hints(client, allocation, task)
        task.update({stream: _log(client, allocation, task["task"], stream) for stream in ("stderr", "stdout")})
    return {
        "id": allocation["ID"],
        "name": allocation["Name"],
        "node_name": allocation.get("NodeName") or "",
        "client_status": allocation["ClientStatus"],
        "description": allocation.get("ClientDescription") or "",
        "tasks": tasks,
        "checks": failing_checks(client, allocation, checks),
    }


def _log(client: Client, allocation: Json, task: str, stream: str) -> list[str]:
    """Return the last lines of a log; none where there is no log to be had (never started, collected, client down, no read-logs)."""
    query = {"task": task, "type": stream, "plain": "true", "origin": "end", "offset": LOG_BYTES}
    try:
        said = client.text(f"/v1/client/fs/logs/{allocation['ID']}", f"read the log of {task}", "read-logs", **query)
    except NomadError as error:
        return [f"(no log: {error})"] if error.kind == "denied" and stream == "stderr" else []
    lines = [line for line in scrub(said).splitlines() if line.strip()][-LOG_LINES:]
    return [line if len(line) <= LOG_LETTERS else line[:LOG_LETTERS] + "…" for line in lines]


def _unhealthy(allocation: Json) -> bool:
    return (allocation.get("DeploymentStatus") or {}).get("Healthy") is False
