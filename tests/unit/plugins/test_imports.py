# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each part of plugins/ imports only the parts that the table allows."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
PACKAGE = "ansible_collections.notailcar.nomad.plugins"
MODULE_UTILS = ("root", "_nomad", "_tailnet", "_sidecar", "_job", "_modules")
# The table: a part, and the parts that its files may import. `root` are the files of module_utils that are in no subpackage. Nothing
# may import `modules`, `action`, `filter` or `lookup`, and a file of `_modules` never imports another one.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "root": ("root",),
    "_nomad": ("root", "_nomad"),
    "_tailnet": ("root", "_tailnet"),
    "_sidecar": ("root", "_nomad", "_sidecar"),
    "_job": ("root", "_nomad", "_job"),
    "_modules": ("root", "_nomad", "_tailnet", "_sidecar", "_job"),
    "plugin_utils": (*MODULE_UTILS, "plugin_utils"),
    # A packaged module runs on the target, where there is no plugin_utils.
    "modules": MODULE_UTILS,
    "action": (*MODULE_UTILS, "plugin_utils"),
    "filter": (*MODULE_UTILS, "plugin_utils"),
    "lookup": (*MODULE_UTILS, "plugin_utils"),
    "doc_fragments": (),
}
FILES = {".".join(path.relative_to(PLUGINS).with_suffix("").parts): path for path in sorted(PLUGINS.rglob("*.py"))}


def part(name: str) -> str:
    """The part of plugins/ that a file or a folder (`module_utils._nomad.jobs`) belongs to."""
    first, _dot, rest = name.partition(".")
    second = rest.partition(".")[0]
    if first != "module_utils" or not second:
        return first
    return second if (PLUGINS / first / second).is_dir() else "root"


def imported(name: str, source: str) -> t.Iterator[str]:
    """What of plugins/ a file imports, at its top or inside of a function."""
    package = f"{PACKAGE}.{name}".split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            names = [f"{module}.{alias.name}" for alias in node.names]
            found = [one if exists(one) else module for one in names]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            continue
        yield from (one.removeprefix(PACKAGE).lstrip(".") for one in found if f"{one}.".startswith(f"{PACKAGE}."))


def exists(module: str) -> bool:
    """Whether there is a file or a folder of this name in plugins/."""
    path = PLUGINS / module.removeprefix(f"{PACKAGE}.").replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()


def forbidden(name: str, source: str) -> list[str]:
    """The imports of a file that the table does not allow."""
    return [one for one in imported(name, source) if part(one) not in MAY_IMPORT[part(name)]]


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_what_the_table_allows(name: str) -> None:
    assert forbidden(name, FILES[name].read_text()) == []


def test_imports_are_found() -> None:
    """A table that no import is compared with would be kept by everything."""
    found = {(part(name), part(one)) for name, path in FILES.items() for one in imported(name, path.read_text())}
    assert found >= {(room, "root") for room in MODULE_UTILS}
    assert found >= {("_modules", room) for room in MAY_IMPORT["_modules"]}
    assert found >= {("plugin_utils", "plugin_utils"), ("plugin_utils", "_sidecar"), ("modules", "_modules"), ("action", "plugin_utils")}
    assert {part(name) for name in FILES} == MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("module_utils._wait", "from ._nomad.client import Client", "module_utils._nomad.client"),
        ("module_utils._wait", "from ._nomad import client", "module_utils._nomad.client"),
        ("module_utils._wait", "from . import _nomad", "module_utils._nomad"),
        ("module_utils._nomad.jobs", "from .._job.plan import Plan", "module_utils._job.plan"),
        ("module_utils._nomad.jobs", "from .._tailnet import api", "module_utils._tailnet.api"),
        ("module_utils._tailnet.api", "from .._nomad.client import Client", "module_utils._nomad.client"),
        ("module_utils._sidecar.egress", "from .._job import plan", "module_utils._job.plan"),
        ("module_utils._job.plan", "from .._sidecar.egress import is_network", "module_utils._sidecar.egress"),
        ("module_utils._job.plan", "from .._tailnet.names import TAG", "module_utils._tailnet.names"),
        ("module_utils._job.plan", "from .._modules.job import ENTRY", "module_utils._modules.job"),
        ("module_utils._modules.job", "from .job_info import ENTRY", "module_utils._modules.job_info"),
        ("module_utils._modules.job", "from . import job_info", "module_utils._modules.job_info"),
        ("module_utils._entry", "from ..plugin_utils import _vault", "plugin_utils._vault"),
        ("module_utils._entry", f"from {PACKAGE}.plugin_utils._vault import x", "plugin_utils._vault"),
        ("plugin_utils._in_process", f"from {PACKAGE}.filter import to_hcl", "filter.to_hcl"),
        ("plugin_utils._declaration.workload", f"from {PACKAGE}.lookup.secret import LookupModule", "lookup.secret"),
        ("plugin_utils._declaration.workload", "from ...action import job", "action.job"),
        ("modules.job", f"def main():\n    from {PACKAGE}.plugin_utils._vault import x", "plugin_utils._vault"),
        ("action.job", f"import {PACKAGE}.modules.job", "modules.job"),
        ("lookup.secret", f"from {PACKAGE}.lookup.variable import x", "lookup.variable"),
        ("action.job", f"from {PACKAGE} import module_utils", "module_utils"),
        ("action.job", f"import {PACKAGE}", ""),
        ("doc_fragments.control", f"from {PACKAGE}.module_utils import _wait", "module_utils._wait"),
    ],
)
def test_every_kind_of_violation_is_seen(name: str, line: str, found: str) -> None:
    assert forbidden(name, f"import os\n{line}\n") == [found]
