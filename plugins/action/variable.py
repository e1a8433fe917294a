# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `variable` in process where that is possible, and keep what a variable held out of sight where a task asks for it."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._modules.variable import ENTRY
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction, SecretResultAction


class ActionModule(SecretResultAction):
    ENTRY = ENTRY
    SECRET_PART = "previous"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if not self._task.args.get("return_previous"):
            return InProcessAction.run(self, tmp, task_vars)
        # Another action reports the end of an asynchronous task, and it would show the items.
        self._supports_async = False
        return super().run(tmp, task_vars)
