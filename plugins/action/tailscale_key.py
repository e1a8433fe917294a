# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `tailscale_key` in process where that is possible, and keep a new key out of sight wherever it runs."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailscale_key import ENTRY
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    ENTRY = ENTRY
    # Another action reports the end of an asynchronous task, and it would show the key.
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # With -vvv a connection shows what a module prints.
        self._connection._play_context.no_log = True
        result = super().run(tmp, task_vars)
        if result.get("key"):
            # A module cannot set this itself: Ansible removes names that begin like this from its result.
            result["_ansible_no_log"] = True
        return result
