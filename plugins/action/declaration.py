# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the inputs of a role, and return them as one plain mapping."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._entry import Run
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.specification import DECLARING_ROLES
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import ControllerAction


class ActionModule(ControllerAction):
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {"role": {"type": "str", "required": True, "choices": list(DECLARING_ROLES)}}

    def execute(self, params: dict[str, t.Any], run: Run) -> dict[str, t.Any]:
        return {"declaration": declare(params["role"], self.variables, self._templar).plain}
