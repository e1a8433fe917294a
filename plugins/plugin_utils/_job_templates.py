# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates of the roles, compiled by Jinja itself, so that one compilation serves every host; they see Ansible's variables."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from jinja2.utils import missing

from ._hcl_expressions import to_hcl

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
    """The content of a file on the controller, without the end of its last line."""
    return Path(path).expanduser().read_text(encoding="utf-8").rstrip()


@functools.cache
def compiled() -> Environment:
    """Return the environment that holds all templates; the first call compiles them."""
    loader = FileSystemLoader([WORKLOAD / "templates", WORKLOAD / "files"])
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, auto_reload=False)
    environment.context_class = Variables
    environment.filters.update({"notailcar.nomad.to_hcl": to_hcl, "text_of_file": _text_of_file})
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def render_template(name: str, evaluate: Evaluate, more: t.Mapping[str, t.Any]) -> str:
    """Return a template with `more` variables than Ansible's; `evaluate` gives one of those, or `missing`."""
    # Jinja leaves out the end of the last line.
    return compiled().get_template(name).render({**more, EVALUATE: evaluate}) + "\n"
