# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates of the roles, compiled once.

Ansible compiles a template anew in each worker, that is for every host and task; that was half of what an unchanged service cost.
These are compiled before Ansible forks its workers, by Jinja itself, and see Ansible's variables.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.notailcar.nomad.plugins.filter.to_hcl import to_hcl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from jinja2.utils import missing

WORKLOAD = Path(__file__).parents[2] / "roles/workload"
# The name under which a template's context holds `Evaluate`; no variable of Ansible is called so.
EVALUATE = "evaluate variable"
Evaluate = t.Callable[[str], t.Any]


class Variables(Context):
    """The names in a template; one that the template does not know itself is a variable of Ansible, evaluated now."""

    def resolve_or_missing(self, key: str) -> t.Any:
        found = super().resolve_or_missing(key)
        return self.parent[EVALUATE](key) if found is missing else found


def _text_of_file(path: str) -> str:
    """What stands in a file on the controller, without the end of its last line."""
    return Path(path).expanduser().read_text(encoding="utf-8").rstrip()


def _compiled() -> Environment:
    loader = FileSystemLoader([WORKLOAD / "templates", WORKLOAD / "files"])
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, auto_reload=False)
    environment.context_class = Variables
    environment.filters.update({"notailcar.nomad.to_hcl": to_hcl, "text_of_file": _text_of_file})
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


ENVIRONMENT = _compiled()


def render(name: str, evaluate: Evaluate, more: t.Mapping[str, t.Any]) -> str:
    """Return a template with `more` variables than Ansible's; `evaluate` gives one of those, or `missing`."""
    # Jinja leaves out the end of the last line.
    return ENVIRONMENT.get_template(name).render({**more, EVALUATE: evaluate}) + "\n"
