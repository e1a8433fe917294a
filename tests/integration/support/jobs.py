# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small jobs on Nomad's mock driver, which does what its configuration says, without containers."""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]
SECOND = 10**9
RUNS = {"run_for": "600s"}
ENDS_WELL = {"run_for": "200ms"}
ENDS_BADLY = {"run_for": "200ms", "exit_code": 3}
# Its template waits for a variable that nobody writes. What the driver itself holds back could not be stopped.
NEVER_STARTS = {"run_for": "600s", "waits_for": "nomad/jobs/nobody-writes-this"}


def job(name: str, kind: str, config: Json, *, count: int = 1, update: Json | None = None, memory: int = 10, **more: t.Any) -> Json:
    """A job of one task as JSON; what fails is not restarted, what is healthy is so after half a second."""
    task: Json = {"Name": "app", "Driver": "mock_driver", "Resources": {"CPU": 10, "MemoryMB": memory}}
    task["Config"] = {key: value for key, value in config.items() if key != "waits_for"}
    if "waits_for" in config:
        task["Templates"] = [{"EmbeddedTmpl": f'{{{{ with nomadVar "{config["waits_for"]}" }}}}{{{{ end }}}}', "DestPath": "local/never"}]
    group: Json = {
        "Name": "app",
        "Count": count,
        "RestartPolicy": {"Attempts": 0, "Mode": "fail"},
        "Tasks": [task],
    }
    if kind in ("service", "batch"):
        group["ReschedulePolicy"] = {"Attempts": 0, "Unlimited": False}
    if kind in ("service", "system"):
        group["Update"] = {"MaxParallel": 2, "MinHealthyTime": SECOND // 2, "ProgressDeadline": 0, **(update or {})}
    return {"ID": name, "Name": name, "Type": kind, "TaskGroups": [group], **more}
