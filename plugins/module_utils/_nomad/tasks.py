# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state and the end of each task of an allocation, and its events."""

from __future__ import annotations

import re
import signal

from .._errors import plain
from .._json import Json
from .._redact import scrub

# Events that name the reason, in addition to those that Nomad itself marks as failing the task.
TELLING = {
    "Driver Failure",
    "Failed Artifact Download",
    "Failed Validation",
    "Failed Restoring Task",
    "Disk Resources Exceeded",
    "Plugin became unhealthy",
    "Setup Failure",
    "Task hook failed",
    "Template",
    "Terminated",
    "Not Restarting",
    "Killed",
    "Sibling Task Failed",
    "Leader Task Dead",
    "Alloc Unhealthy",
}
EVENTS = 6
LETTERS = 1000
# Of containers and images; twelve digits are what people and docker use.
LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
# Exit codes of shells and of docker.
EXIT_WORDS = {126: "the command cannot be executed", 127: "the command was not found"}


def task_ends(allocation: Json) -> list[Json]:
    """Return the state of each task of an allocation (as Nomad lists it), by name.

    `exit_code` and `signal` are those of its last end, None when it never ended; `oom_killed` is true when it then ran out of memory.
    """
    found = []
    for name, state in sorted((allocation.get("TaskStates") or {}).items()):
        ended = [event.get("Details") or {} for event in state.get("Events") or [] if event["Type"] == "Terminated"]
        last = ended[-1] if ended else {}
        found.append(
            {
                "task": name,
                "state": state.get("State") or "",
                "failed": bool(state.get("Failed")),
                "exit_code": int(last["exit_code"]) if "exit_code" in last else None,
                "signal": int(last["signal"]) if "signal" in last else None,
                "oom_killed": last.get("oom_killed") == "true",
                "restarts": int(state.get("Restarts") or 0),
            }
        )
    return found


def task_end_line(end: Json) -> str:
    """Return one item of `task_ends` in words."""
    restarts, code = end["restarts"], end["exit_code"]
    words = "failed" if end["failed"] else f"is {end['state']}"
    if restarts:
        words += f" after {restarts} restart{'s' if restarts != 1 else ''}"
    if end["oom_killed"]:
        return f"{words}: out of memory, exit code {code}"
    if code is None:
        return words
    meaning = EXIT_WORDS.get(code) or _signal(end["signal"] or code - 128)
    return f"{words}: exit code {code}{f' ({meaning})' if meaning else ''}"


def telling_events(state: Json) -> list[str]:
    """Return the last events of a task (`TaskStates`) that name a reason, else the very last, oldest first, each on one line."""
    all_events = state.get("Events") or []
    telling = [event for event in all_events if event["Type"] in TELLING or event.get("FailsTask")] or all_events[-1:]
    # The other events report this already.
    telling = [event for event in telling if event.get("DisplayMessage") != "Unhealthy because of failed task"]
    lines = [": ".join(part for part in (str(event["Type"]), event_message(event)) if part) for event in telling]
    return list(dict.fromkeys(lines))[-EVENTS:]


def event_message(event: Json) -> str:
    """Return the message of an event on one line: without the layout of Nomad's lists, without credentials."""
    told = LONG_ID.sub(r"\1", plain(scrub(str(event.get("DisplayMessage") or ""))))
    return told if len(told) <= LETTERS else told[:LETTERS] + "…"


def _signal(number: int) -> str:
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return ""
