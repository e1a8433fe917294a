# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a role as they are in the variables of a task: which are given, and what each evaluates to."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleError
from ansible.template import trust_as_template

from .specification import role_options
from .values import unknown_name

# Variables with the prefix of a role that are no inputs: the hosts of its playbook, and what the role reports.
NOT_INPUTS = ("hosts", "result")
# Inputs whose values may be out of reach where nothing needs them, for example without the password of a vault.
SECRETS, NOT_READ = ("auth_key", "secrets"), "not read"
TEMPLATE_MARKS = ("{{", "{%", "{#")
OF_ENVIRONMENT = re.compile(r"""\b(?:lookup|query|q)\(\s*['"](?:ansible\.builtin\.)?env['"]\s*,\s*['"](\w+)['"]""")


def given_inputs(role: str, variables: Mapping[str, t.Any], templar: t.Any, problems: list[str]) -> dict[str, t.Any]:
    """Return the inputs that are in `variables`, evaluated, by their names without the prefix; what cannot be adds to `problems`."""
    prefix = f"{role}_"
    names = {name.removeprefix(prefix) for name in variables if name.startswith(prefix)}
    options = role_options(role)
    problems += [unknown_name(prefix, name, options) for name in sorted(names) if name not in options and name not in NOT_INPUTS]
    inputs: dict[str, t.Any] = {}
    # The state comes first: only what is to be there needs its secrets.
    for name in sorted(options, key=lambda name: name != "state"):
        if name not in names:
            continue
        value = variables[prefix + name]
        if name in SECRETS and inputs.get("state") in ("absent", "rendered"):
            inputs[name] = dict.fromkeys(value, NOT_READ) if isinstance(value, Mapping) else None
            continue
        if value in (None, "") and not _is_literal(options[name].get("default")):
            value = trust_as_template(options[name]["default"])
        try:
            inputs[name] = plain(value if _is_literal(value) else templar.template(value))
        except AnsibleError as error:
            problems.append(f"{prefix}{name} cannot be evaluated: {' '.join(str(error).split())}")
            inputs[name] = None
    return inputs


def _is_literal(value: t.Any) -> bool:
    """Whether there is nothing to evaluate, as with most defaults: Ansible takes long to find that out."""
    if isinstance(value, str):
        return not any(mark in value for mark in TEMPLATE_MARKS)
    if isinstance(value, Mapping):
        return all(_is_literal(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return all(map(_is_literal, value))
    return value is None or isinstance(value, (bool, int, float))


def environment_variable(template: t.Any) -> str | None:
    """Return the environment variable that a template reads, if it is one that does."""
    found = OF_ENVIRONMENT.search(template) if isinstance(template, str) else None
    return found[1] if found else None


def plain(value: t.Any) -> t.Any:
    """Return a value of Ansible as plain data: no tags, nothing lazy, no objects of its vault."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else str(value)
