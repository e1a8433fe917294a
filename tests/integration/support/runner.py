# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks run as AWX runs them: by ansible-runner, which turns all output into events while it comes."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible_runner

from tests.integration.support import leavings, play

Event = dict[str, t.Any]
# As in AWX's own demo inventory.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


@dataclass(frozen=True)
class Job:
    """A job that has ended: `successful` or `failed`, and its events in the order in which they came."""

    status: str
    events: list[Event]

    @property
    def said(self) -> str:
        """What AWX shows."""
        return "\n".join(text(event) for event in self.events)

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What the playbook's set_stats hands to the next node of a workflow."""
        (stats,) = (event for event in self.events if event["event"] == "playbook_on_stats")
        return stats["event_data"]["artifact_data"]


def text(event: Event) -> str:
    """What an event shows, without colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", event["stdout"])


def run(
    directory: Path,
    playbook: str,
    *,
    environment: t.Mapping[str, str],
    project: Path = play.ROOT,
    hosts: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    look: t.Callable[[Event], None] = lambda event: None,
    extravars: t.Mapping[str, t.Any] | None = None,
    cmdline: str = "",
    **options: t.Any,
) -> Job:
    """Run a project's playbook on these hosts (localhost); `look` sees each event when it comes."""
    events: list[Event] = []

    def keep(event: Event) -> bool:
        events.append(event)
        look(event)
        return True

    # As AWX hands them over.
    given = directory / "extravars.json"
    given.write_text(json.dumps(extravars or {}))
    given.chmod(0o600)
    done = ansible_runner.run(
        private_data_dir=str(directory),
        project_dir=str(project),
        playbook=playbook,
        inventory={"all": {"hosts": hosts or {"localhost": {}}, "vars": LOCAL}},
        envvars=dict(environment),
        event_handler=keep,
        quiet=True,
        cmdline=f"-e @{given} {cmdline}",
        # The environment has a token, and what is asked for by a test may have secrets.
        suppress_env_files=True,
        **options,
    )
    leavings.keep("events", json.dumps(events))
    for file in leavings.files(directory / "artifacts"):
        # The runner's own file has the whole environment of the command.
        if file.name != "command":
            leavings.keep("artifacts", file.read_text(errors="replace"))
    return Job(done.status, events)
