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
        return self._run_in_process(self.ENTRY, tmp, task_vars)

    def _run_in_process(self, entry: Entry, tmp: str | None, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = ActionBase.run(self, tmp, task_vars)
        with self._task_environment():
            result.update(self._call(entry))
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

    def _call(self, entry: Entry) -> dict[str, t.Any]:
        # Through JSON, as a packaged module gets them: no tags, no vault objects, dates as text.
        args = json.loads(json.dumps(self._task.args, default=str))
        checked = ArgumentSpecValidator(entry.arguments, **entry.relations).validate(args)
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
            result = self._logic(entry, checked.validated_parameters, secrets)
        # Through JSON without a default: a value that is not plain data is a defect, here as in the packaged module.
        result = {"changed": False, **json.loads(json.dumps(result))}
        return {
            name: value if value is None or isinstance(value, bool) else remove_values(value, secrets) for name, value in result.items()
        }

    def _logic(self, entry: Entry, params: dict[str, t.Any], secrets: set[str]) -> dict[str, t.Any]:
        run = Run(
            check=self._task.check_mode,
            progress=lambda line: self._progress(line, secrets),
            warn=lambda line: self._warn(line, secrets),
            secrets=secrets,
        )
        try:
            return entry.logic(params, run)
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


class SecretResultAction(InProcessAction):
    """An action of which one part of the result is secret: with it the result is kept out of sight wherever the module runs."""

    SECRET_PART: t.ClassVar[str]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # With -vvv a connection shows what a module prints.
        self._connection._play_context.no_log = True
        result = super().run(tmp, task_vars)
        if result.get(self.SECRET_PART):
            # A module cannot set this itself: Ansible removes names that begin like this from its result.
            result["_ansible_no_log"] = True
        return result


class ControllerAction(InProcessAction):
    """An action without a module: it reads the variables of the task, so it runs in the worker whatever the connection is."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self.variables = task_vars or {}
        return self._run_in_process(Entry(self.ARGUMENTS, self.execute), tmp, task_vars)

    def execute(self, params: dict[str, t.Any], run: Run) -> dict[str, t.Any]:
        """Return the result of the task; raise NomadError to fail."""
        raise NotImplementedError
