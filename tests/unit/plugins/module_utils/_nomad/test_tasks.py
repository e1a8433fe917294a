# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task ended, and which of its events tell why."""

from __future__ import annotations

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.tasks import task_end_line, task_ends, telling_events

from tests.unit.support.task_states import allocation, ended, event, state


def test_how_tasks_ended():
    found = task_ends(
        allocation(
            b=state(event("Started"), ended(3, 9, "true"), event("Restarting"), ended(0), restarts=1),
            a=state(event("Started"), now="running"),
            c=state(event("Terminated"), failed=True),
        )
    )
    nothing = {"exit_code": None, "signal": None, "oom_killed": False}
    assert found == [
        {"task": "a", "state": "running", "failed": False, **nothing, "restarts": 0},
        {"task": "b", "state": "dead", "failed": False, "exit_code": 0, "signal": 0, "oom_killed": False, "restarts": 1},
        {"task": "c", "state": "dead", "failed": True, **nothing, "restarts": 0},
    ]
    assert task_ends({"TaskStates": None}) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (state(ended(3), failed=True), "failed: exit code 3"),
        (state(ended(127), failed=True), "failed: exit code 127 (the command was not found)"),
        (state(ended(137), failed=True), "failed: exit code 137 (killed by SIGKILL)"),
        (state(ended(200), failed=True), "failed: exit code 200"),
        (state(ended(1, 15), failed=True, restarts=2), "failed after 2 restarts: exit code 1 (killed by SIGTERM)"),
        (state(ended(1, 99), failed=True), "failed: exit code 1"),
        (state(ended(7, 0, "true"), failed=True), "failed: out of memory, exit code 7"),
        (state(ended(1), now="pending", restarts=1), "is pending after 1 restart: exit code 1"),
        (state(now="pending"), "is pending"),
    ],
)
def test_in_words(given, words):
    (end,) = task_ends({"TaskStates": {"t": given}})
    assert task_end_line(end) == words


def test_events_that_tell():
    config = "2 errors occurred:\n\t* failed to parse config: \n\t* No argument is named x.\n\n"
    told = telling_events(
        state(
            event("Received", "Task received by client"),
            event("Driver Failure", f"no container {'0123456789abcdef' * 4} with hvs.CAESIJ1234567890"),
            event("Failed Validation", config),
            event("Killing", "Template failed", fails=True),
            event("Killing", "Sent interrupt"),
            event("Driver Failure", "once more"),
            event("Driver Failure", "once more"),
            event("Alloc Unhealthy", "Unhealthy because of failed task"),
        )
    )
    assert told == [
        "Driver Failure: no container 0123456789ab with hvs.…",
        "Failed Validation: failed to parse config: No argument is named x.",
        "Killing: Template failed",
        "Driver Failure: once more",
    ]
    assert len(telling_events(state(*[event("Terminated", str(number)) for number in range(20)]))) == 6
    assert len(telling_events(state(event("Driver Failure", "x" * 9000)))[0]) < 1100


def test_without_a_telling_event_the_last_one():
    assert telling_events(state(event("Received"), event("Driver", "Downloading image"))) == ["Driver: Downloading image"]
