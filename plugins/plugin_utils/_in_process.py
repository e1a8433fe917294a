# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module's logic inside the Ansible worker, or package it as usual."""

from __future__ import annotations

import json
import os
import typing as t
from contextlib import contextmanager

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as PackagedAction
from ansible_collections.notailcar.nomad.plugins.module_utils._address import address_secrets
from ansible_collections.notailcar.nomad.plugins.module_utils._entry import Entry, Run
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import NomadError

from . import _before_fork

# At import, because an import is all that Ansible does with an action before it forks.
_before_fork.prepare()


class InProcessAction(PackagedAction):
    """An action that runs `ENTRY` in the worker when the packaged module would run on the controller anyway."""

    ENTRY: t.ClassVar[Entry]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._connection.transport != "local" or self._connection.become or self._task.async_val:
            return t.cast("dict[str, t.Any]", super().run(tmp, task_vars))
        result: dict[str, t.Any] = ActionBase.run(self, tmp, task_vars)
        with self._task_environment():
            result.update(self._call())
        return result

    @contextmanager
    def _task_environment(self) -> t.Iterator[None]:
        """Give `environment:` to this task alone; the worker goes on with the next loop item."""
        wanted: dict[str, t.Any] = {}
        self._compute_environment_string(wanted)
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update({name: str(value) for name, value in wanted.items()})
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _call(self) -> dict[str, t.Any]:
        # Through JSON, as a packaged module gets them: no tags, no vault objects, dates as text.
        args = json.loads(json.dumps(self._task.args, default=str))
        checked = ArgumentSpecValidator(self.ENTRY.arguments, **self.ENTRY.relations).validate(args)
        for old in checked._deprecations:
            self._display.deprecated(
                old["msg"], version=old.get("version"), date=old.get("date"), collection_name=old.get("collection_name")
            )
        secrets: set[str] = checked._no_log_values | address_secrets(checked.validated_parameters)
        for twice in checked._warnings:
            self._warn(f"Both option {twice['option']} and its alias {twice['alias']} are set.", secrets)
        if checked.error_messages:
            named = f"Unsupported parameters for ({self._task.action}) module: " if isinstance(checked.errors[0], UnsupportedError) else ""
            result: dict[str, t.Any] = {"failed": True, "msg": named + checked.errors.msg}
        else:
            result = self._logic(checked.validated_parameters, secrets)
        # Through JSON without a default: a value that is not plain data is a defect, here as in the packaged module.
        result = {"changed": False, **json.loads(json.dumps(result))}
        return {
            name: value if value is None or isinstance(value, bool) else remove_values(value, secrets) for name, value in result.items()
        }

    def _logic(self, params: dict[str, t.Any], secrets: set[str]) -> dict[str, t.Any]:
        run = Run(
            check=self._task.check_mode,
            progress=lambda line: self._progress(line, secrets),
            warn=lambda line: self._warn(line, secrets),
            secrets=secrets,
        )
        try:
            return self.ENTRY.logic(params, run)
        except NomadError as error:
            return {"failed": True, "msg": str(error), "failure": error.details}

    def _warn(self, line: str, secrets: set[str]) -> None:
        """Ansible shows the warnings of a task whose result it hides, and they may have words of the result."""
        if not self._task.no_log:
            self._display.warning(remove_values(line, secrets))

    def _progress(self, line: str, secrets: set[str]) -> None:
        """On stderr: at once even through a pipe, and never inside the JSON of a machine-readable callback."""
        if not self._task.no_log:
            self._display.display(f"    {remove_values(line, secrets)}", color="dark gray", stderr=True)
