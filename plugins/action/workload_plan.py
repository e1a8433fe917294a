# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare a workload and plan it, in one task: each task costs time for each service."""

from __future__ import annotations

import typing as t

from ansible.executor.module_common import _apply_action_arg_defaults
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments
from ansible_collections.notailcar.nomad.plugins.module_utils._entry import Run
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import DECLARED, declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import ControllerAction
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.plans import Planner
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.questions import Questions, of_connection
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.steps import NOTHING
from ansible_collections.notailcar.nomad.plugins.plugin_utils._secrets import SecretSources


class ActionModule(ControllerAction):
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        **_arguments.connection(),
        "role": {"type": "str", "required": True, "choices": sorted(DECLARED)},
        "operation": {"type": "str", "choices": ["deploy", "rotate"], "default": "deploy"},
    }

    def execute(self, params: dict[str, t.Any], run: Run) -> dict[str, t.Any]:
        declaration = declare(params["role"], self.variables, self._templar)
        plain = declaration.plain
        questions = Questions(
            connection=of_connection(params, plain["namespace"], plain["region"]),
            # What a play gives to all tasks of a module counts here too.
            defaults=lambda module: _apply_action_arg_defaults(f"notailcar.nomad.{module}", self._task, {}, self._templar),
            warn=run.warn,
        )
        sources = SecretSources(self.variables, self._loader, self._templar)
        plan = Planner(declaration, questions, sources).plan(params["operation"])
        if plan["steps"] == ["render"]:
            return plan
        if run.check:
            # A plan is all that a run in check mode does.
            return {**plan, "next": [NOTHING]}
        # The steps report their changes themselves.
        return {**plan, "changed": False}
