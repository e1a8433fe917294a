# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for the HCL2 variables of a job spec, with the precedence of `nomad job run`.

Nomad's API accepts one var file and ignores variables that the spec does not declare; the command accepts many sources in an order and
refuses undeclared variables (jobspec2/types.variables.go). So the sources are taken apart here and become one var file; each value stays
the expression that somebody wrote, and Nomad evaluates it.
"""

from __future__ import annotations

import decimal
import json
import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

from .._errors import InvalidInput
from .._json import Json
from .hcl_syntax import NotHcl, enclosed_expression, is_text_or_number, json_expression, statements

FROM_ENVIRONMENT = "NOMAD_VAR_"


@dataclass(frozen=True)
class Value:
    """One assignment: the variable, its HCL expression, and where it came from."""

    name: str
    expression: str
    origin: str


class Values:
    """One value per variable."""

    def __init__(self, values: t.Iterable[Value] = ()) -> None:
        self._values = list({value.name: value for value in values}.values())

    def file(self, lines_above: int = 0) -> str:
        """Return them as one var file that begins with empty lines, or nothing."""
        lines = "".join(f"{value.name}={value.expression}\n" for value in self._values)
        return lines and "\n" * lines_above + lines

    def origin(self, line: int) -> str:
        """Return whence the value at a line (from 1) of the var file came."""
        for value in self._values:
            line -= value.expression.count("\n") + 1
            if line <= 0:
                return value.origin
        return "the variables"


def collect_values(spec: str, variables: Json | None, files: list[str] | None) -> Values:
    """Return the values for the variables of a spec in HCL; no work when there is none.

    Raises InvalidInput for what cannot be a value, NotHcl for a spec that cannot be taken apart.
    """
    environment = {name[len(FROM_ENVIRONMENT) :]: text for name, text in os.environ.items() if name.startswith(FROM_ENVIRONMENT)}
    if not (variables or files or environment):
        return Values()
    declared = _declared(spec)
    given = [value for path in files or [] for value in _of_file(path)]
    given += [_of_value(name, value, declared.get(name, True), f"variables, {name}") for name, value in (variables or {}).items()]
    unknown = [f"{value.name} ({value.origin})" for value in given if value.name not in declared]
    if unknown:
        raise InvalidInput(f"The spec does not declare {', '.join(unknown)}. Declare it there with a block `variable`, or do not set it.")
    # All specs share the environment: a variable that this spec does not declare is meant for another one.
    inherited = [(name, text, FROM_ENVIRONMENT + name) for name, text in environment.items() if name in declared]
    return Values([*(_of_value(name, text, declared[name], origin) for name, text, origin in inherited), *given])


def _declared(spec: str) -> dict[str, bool | None]:
    """Return the variables that a spec declares, and whether a text for each is taken literally or as an expression."""
    found: dict[str, bool | None] = {}
    for block in statements(spec):
        if block.name == "variable" and block.labels:
            inside = {part.name: part.text for part in statements(block.text)}
            found[block.labels[0]] = _literal(inside.get("type"), inside.get("default"))
        elif block.name == "variables":
            found.update({part.name: _literal(None, part.text) for part in statements(block.text)})
    return found


def _literal(kind: str | None, default: str | None) -> bool | None:
    """As `expressionFromVariableDefinition`: without a type it is that of the default. None: only an evaluation would show it."""
    if kind is not None:
        return kind in ("string", "number")
    return default is None or is_text_or_number(default)


def _of_value(name: str, value: t.Any, literal: bool | None, origin: str) -> Value:
    if not isinstance(value, str) or literal:
        return Value(name, json_expression(value), origin)
    if literal is None:
        raise InvalidInput(
            f"{origin}: whether this text is taken as it is or as an HCL expression depends on the type of the variable, which follows "
            "from a default that only Nomad can evaluate. Add `type` to the block `variable`."
        )
    try:
        return Value(name, enclosed_expression(value), origin)
    except NotHcl:
        raise InvalidInput(f"{origin}: the text is not an HCL expression, and the variable's type is neither string nor number.") from None


def _of_file(path: str) -> list[Value]:
    """Return the assignments of a var file, HCL or JSON."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"Cannot read the var file {path}: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"The var file {path} is not UTF-8: {error}.") from error
    values = _of_json(path, text) if text.lstrip().startswith("{") else _of_hcl(path, text)
    names = [value.name for value in values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"The var file {path} sets {', '.join(twice)} more than once.")
    return values


def _of_hcl(path: str, text: str) -> list[Value]:
    try:
        found = list(statements(text))
    except NotHcl as error:
        raise InvalidInput(f"The var file {path} is not HCL: what begins in line {error.line} is no assignment `name = value`.") from None
    for statement in found:
        if statement.block:
            raise InvalidInput(
                f"The var file {path} has a block `{statement.name}` in line {statement.line}, but only assignments `name = value` "
                "belong there; variables are declared in the spec."
            )
    return [Value(statement.name, statement.text, f"var file {path}, line {statement.line}") for statement in found]


def _of_json(path: str, text: str) -> list[Value]:
    try:
        # Numbers keep their digits; a repeated name is an error. "//" is a comment in HCL's JSON syntax.
        pairs = json.loads(text, parse_float=decimal.Decimal, object_pairs_hook=_Object).items()
    except ValueError as error:
        raise InvalidInput(f"The var file {path} looks like JSON, but is not: {error}.") from error
    return [Value(name, json_expression(value), f"var file {path}, {name}") for name, value in pairs if name != "//"]


class _Object(dict[str, t.Any]):
    """A JSON object without repeated keys."""

    def __init__(self, pairs: list[tuple[str, t.Any]]) -> None:
        super().__init__(pairs)
        if len(self) != len(pairs):
            raise ValueError("a key stands more than once in an object")
