# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job specification of a declaration, from the templates of the role workload, which are compiled once for every host."""

from __future__ import annotations

import functools
import hashlib
import typing as t
from pathlib import Path

from ansible.errors import AnsibleFilterError
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ._declaration.declared_workload import variable_path
from ._hcl_expressions import to_hcl

WORKLOAD = Path(__file__).parents[2] / "roles/workload"


class RenderedJob(t.NamedTuple):
    """A job specification in HCL2, and the name of this very release: empty unless updates run as canaries first."""

    spec: str
    release: str


def _text_of_file(path: str) -> str:
    """The content of a file on the controller, without the end of its last line."""
    return Path(path).expanduser().read_text(encoding="utf-8").rstrip()


@functools.cache
def compiled() -> Environment:
    """Return the environment that holds all templates; the first call compiles them."""
    loader = FileSystemLoader([WORKLOAD / "templates", WORKLOAD / "files"])
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, auto_reload=False)
    environment.filters.update({"notailcar.nomad.to_hcl": to_hcl, "text_of_file": _text_of_file})
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def render_job(declaration: Json) -> RenderedJob:
    """Return the job of a declaration; raise InvalidInput for a value that no HCL can hold."""
    release = hashlib.sha1(_render("job", declaration, "").encode()).hexdigest() if declaration["canary"] else ""
    return RenderedJob(_render("job", declaration, release), release)


def render_placement(declaration: Json) -> str:
    """Return a job that has of a declaration only what decides which clients may run it."""
    return _render("placement", declaration, "")


def _render(template: str, declaration: Json, release: str) -> str:
    path = variable_path(declaration, "").rstrip("/")
    try:
        text = compiled().get_template(f"{template}.nomad.hcl.j2").render(workload=declaration, path=path, release=release)
    except (AnsibleFilterError, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The job {declaration['job']} cannot be rendered: {error}") from None
    # Jinja leaves out the end of the last line.
    return text + "\n"
