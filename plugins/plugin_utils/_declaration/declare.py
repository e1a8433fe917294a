# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration: the inputs of a role, checked as a whole, as one plain mapping without the role's prefix."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

from . import acl_policies, egress_network, egress_worker, private_service
from .inputs import environment_variable, given_inputs
from .specification import DECLARING_ROLES, role_options
from .values import read_values
from .workload import Inputs

PROBLEMS: dict[str, t.Callable[[Inputs], t.Iterator[str]]] = {
    "acl_policies": acl_policies.problems,
    "egress_network": egress_network.problems,
    "egress_worker": egress_worker.problems,
    "private_service": private_service.problems,
}
# The roles whose declaration is a workload; that of the others are their inputs.
DECLARED: dict[str, t.Callable[[Inputs], Json]] = {"egress_worker": egress_worker.declared, "private_service": private_service.declared}
EMPTY = "{} is empty: the environment variable {}, which it is read from, is not set"


class BadDeclaration(InvalidInput):
    """The inputs of a role cannot work; `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Declaration:
    """`plain` is the mapping that tasks and templates get, without secrets; `inputs` are the checked inputs, which have them."""

    plain: Json
    inputs: Inputs


def declare(role: str, variables: Mapping[str, t.Any], templar: t.Any) -> Declaration:
    """Return the declaration of a role whose inputs are in `variables`; raise BadDeclaration with a sentence for each problem."""
    problems: list[str] = []
    inputs = read_inputs(role, variables, templar, problems)
    # What does not fit has its sentence; another about the same input would only confuse.
    told = {_subject(sentence) for sentence in problems}
    if role in DECLARED and not inputs["name"]:
        # The default of the host name is the name.
        own = [one for one in problems if _subject(one) == f"{role}_name" and not one.endswith("is required")]
        others = [one for one in problems if _subject(one) not in (f"{role}_name", f"{role}_hostname")]
        problems = [*(own or [_without_a_name(role, variables)]), *others]
    else:
        found = [_with_origin(f"{role}_{sentence}", variables) for sentence in PROBLEMS[role](inputs)]
        found += _unset_secrets(role, inputs, variables)
        problems += [sentence for sentence in found if _subject(sentence) not in told]
    if problems:
        raise BadDeclaration(problems)
    return Declaration(DECLARED.get(role, dict)(inputs), inputs)


def read_inputs(role: str, variables: Mapping[str, t.Any], templar: t.Any, problems: list[str]) -> Json:
    """Return the inputs of a role, evaluated and converted; what cannot be adds to `problems`."""
    prefix = f"{role}_"
    return read_values(given_inputs(role, variables, templar, problems), role_options(role), prefix, problems)


def _subject(sentence: str) -> str:
    """The input that a sentence is about."""
    return re.split(r"[ .:\[]", sentence, maxsplit=1)[0]


def _without_a_name(role: str, variables: Mapping[str, t.Any]) -> str:
    empty = _with_origin(f"{role}_name is required", variables)
    if "environment variable" in empty:
        return empty
    for other in DECLARING_ROLES:
        if other != role and f"{other}_name" in variables:
            return f"{role}_name is required, and {other}_name is given: the declaration is one for the role {other} and its playbook"
    return f"{role}_name is required: give the declaration to the playbook, for example with -e @FILE"


def _with_origin(sentence: str, variables: Mapping[str, t.Any]) -> str:
    """Say from where a missing input should have come, where its template says that."""
    name = _subject(sentence)
    variable = environment_variable(variables.get(name)) if sentence.startswith(f"{name} is required") else None
    return EMPTY.format(name, variable) if variable else sentence


def _unset_secrets(role: str, inputs: Inputs, variables: Mapping[str, t.Any]) -> t.Iterator[str]:
    """A secret may be empty, but not because an environment variable that its template reads is not set."""
    given = [(f"{role}_secrets", inputs.get("secrets"), variables.get(f"{role}_secrets"))]
    tasks = variables.get(f"{role}_tasks")
    for number, (task, raw) in enumerate(zip(inputs.get("tasks") or (), tasks if isinstance(tasks, list) else ())):
        given.append((f"{role}_tasks[{number}].secrets", task.get("secrets"), raw.get("secrets") if isinstance(raw, Mapping) else None))
    for where, secrets, raw in given:
        for name, secret in (secrets or {}).items():
            variable = environment_variable(raw.get(name)) if secret == "" and isinstance(raw, Mapping) else None
            if variable:
                yield EMPTY.format(f"{where}.{name}", variable)
