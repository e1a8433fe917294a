# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each task began and ended, by the controller's clock."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: clock
type: notification
short_description: Write begin and end of each task to a file
description:
  - Each line is a JSON object with the task's name, its host, begin and end in seconds since the epoch, and whether it changed something
    or failed.
options: {}
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "clock"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begin = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._begin = time.time()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, True)

    def _write(self, result: Any, failed: bool) -> None:
        told = {"task": result.task.get_name(), "host": result.host.get_name(), "begin": self._begin, "end": time.time()}
        with Path(os.environ["BENCH_CLOCK"]).open("a") as file:
            file.write(json.dumps({**told, "failed": failed, "changed": bool(result.result.get("changed"))}) + "\n")
