# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the roles, with the defaults of each role, and the declarations that they make."""

from __future__ import annotations

import typing as t

import yaml
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import BadDeclaration, Declaration, declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.specification import Option, Options

from tests.unit.support.paths import ROOT

Json = dict[str, t.Any]


def defaults(role: str) -> Json:
    """Return the defaults of a role by their names without the role's prefix."""
    given = yaml.safe_load((ROOT / "roles" / role / "defaults/main.yml").read_text())
    return {name.removeprefix(f"{role}_"): value for name, value in given.items()}


# Declarations without a problem.
PRIVATE_SERVICE: Json = {
    **defaults("private_service"),
    "name": "whoami",
    "hostname": "whoami",
    "image": "whoami:1",
    "port": 8080,
    "auth_key": "key",
}
EGRESS_WORKER: Json = {
    **defaults("egress_worker"),
    "name": "crawler",
    "hostname": "crawler-${NOMAD_SHORT_ALLOC_ID}",
    "image": "crawler:1",
    "auth_key": "key",
    "exit_nodes": ["exit-fra"],
    "expect": ["203.0.113.0/24"],
    "echo": ["https://ip.example.com/"],
}


class Templates:
    """A templar that knows what some templates come to; an error is raised, and everything else is itself."""

    def __init__(self, known: t.Mapping[str, t.Any] | None = None) -> None:
        self.known = known or {}
        self.asked: list[t.Any] = []

    def template(self, value: t.Any) -> t.Any:
        self.asked.append(value)
        found = self.known.get(value, value) if isinstance(value, str) else value
        if isinstance(found, Exception):
            raise found
        if isinstance(found, list):
            return [self.template(part) for part in found]
        return {name: self.template(part) for name, part in found.items()} if isinstance(found, dict) else found


def declared(role: str, inputs: Json, templates: t.Mapping[str, t.Any] | None = None) -> Declaration:
    """Return the declaration of inputs by their names without the role's prefix."""
    return declare(role, {f"{role}_{name}": value for name, value in inputs.items()}, Templates(templates))


def sentences(role: str, inputs: Json, templates: t.Mapping[str, t.Any] | None = None) -> list[str]:
    """Return the sentence for each problem of a declaration, none for a good one."""
    try:
        declared(role, inputs, templates)
    except BadDeclaration as error:
        return error.problems
    return []


OptionPath = tuple[t.Union[str, int], ...]


def paths(options: Options, at: OptionPath = ()) -> t.Iterator[tuple[OptionPath, Option]]:
    """Yield every option of a role and every part of one, each with its path; 0 is the first of a list."""
    for name, option in options.items():
        yield (*at, name), option
        yield from paths(option.get("options") or {}, (*at, name, *([0] if option["type"] == "list" else [])))


def nested(path: OptionPath, value: t.Any) -> t.Any:
    """Return the mapping that has a value at a path, and nothing else."""
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


def named(path: OptionPath) -> str:
    """Return a path as sentences name it."""
    return "".join(f"[{part}]" if part == 0 else f".{part}" for part in path).removeprefix(".")
