# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry of a module, the circumstances of one run, and the runner of a packaged module."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.basic import AnsibleModule

from ._address import address_secrets
from ._errors import NomadError
from ._json import Json


def _silent(line: str) -> None:
    """Print nothing."""


@dataclass
class Run:
    """The circumstances of one call.

    `secrets` are strings that no output may contain: the values of `no_log` options, and those that the logic adds.
    """

    check: bool = False
    progress: t.Callable[[str], None] = _silent
    warn: t.Callable[[str], None] = _silent
    secrets: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Entry:
    """One module: its arguments, the relations between them, and its logic."""

    arguments: Json
    logic: t.Callable[[Json, Run], Json]
    relations: Json = field(default_factory=dict)


class _Module(AnsibleModule):
    """A module none of whose results is a file on the target, whatever a result called `path` looks like."""

    def add_path_info(self, kwargs: Json) -> Json:
        return kwargs


def run_packaged(entry: Entry) -> None:
    """Run an entry as a packaged module, and leave."""
    module = _Module(entry.arguments, supports_check_mode=True, **entry.relations)
    params = dict(module.params)
    module.no_log_values.update(address_secrets(params))
    # The logic may remove a string from the secrets because it is an ordinary word. The arguments that the result repeats are
    # therefore hidden as a whole, not by their strings.
    for name, option in entry.arguments.items():
        if option.get("no_log") and module.params[name] is not None:
            module.params[name] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    # Ansible shows the warnings of a task whose result it hides, and they may have words of the result.
    run = Run(check=module.check_mode, warn=_silent if module.no_log else module.warn, secrets=module.no_log_values)
    try:
        result = entry.logic(params, run)
    except NomadError as error:
        module.fail_json(msg=str(error), failure=error.details)
    module.exit_json(**result)
