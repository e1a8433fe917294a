# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules called as their action plugins call them inside the Ansible worker, without Ansible around them."""

from __future__ import annotations

import importlib
import typing as t
from types import SimpleNamespace

PLUGINS = "ansible_collections.notailcar.nomad.plugins"
Result = dict[str, t.Any]


class Screen:
    """What a person sees while a task runs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def display(self, line: str, **_options: t.Any) -> None:
        self.lines.append(line.strip())

    def warning(self, line: str) -> None:
        self.warnings.append(line)


def call(screen: Screen, module: str, args: dict[str, t.Any], check: bool = False, no_log: bool = False) -> Result:
    """Run a module's logic with these arguments; what it shows goes to `screen`."""
    action_class = _action(module)
    action = action_class.__new__(action_class)
    action._task = SimpleNamespace(args=args, check_mode=check, no_log=no_log, action=f"notailcar.nomad.{module}")
    action._display = screen
    return t.cast("Result", action._call(action.ENTRY))


def arguments(module: str) -> t.Collection[str]:
    """The names of a module's arguments."""
    return t.cast("t.Collection[str]", _action(module).ENTRY.arguments)


def _action(module: str) -> t.Any:
    return importlib.import_module(f"{PLUGINS}.action.{module}").ActionModule
