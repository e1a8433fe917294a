# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents name exists, and what exists is named."""

from __future__ import annotations

import ast
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.lanes import FIRST, INDEPENDENT, LAST

ROOT = Path(__file__).parents[2]
CONTENT = {
    "role": ("roles", "*"),
    "module": ("plugins/modules", "*.py"),
    "filter": ("plugins/filter", "*.py"),
    "lookup": ("plugins/lookup", "*.py"),
    "playbook": ("playbooks", "*.yml"),
}
# The folders whose tests import no other test; code that several tests share is in a folder `support`.
INDEPENDENT_TESTS = ("tests/unit", "tests/integration")
# Actions that ask no server, and so have no connection that a group could give them.
WITHOUT_A_SERVER = {"declaration", "workload_report"}
MODULES = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}


@pytest.fixture(scope="module")
def targets() -> set[str]:
    """The targets that `make help` lists."""
    shown = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in shown.stdout.splitlines()}


def test_the_readme_names_the_content_of_the_collection() -> None:
    named = set(re.findall(r"^\| (\w+) `(\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert named == {(kind, path.stem) for kind, (folder, files) in CONTENT.items() for path in (ROOT / folder).glob(files)}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "tests/lab/README.md"])
def test_a_document_names_targets_that_exist(document: str, targets: set[str]) -> None:
    named = set(re.findall(r"(?:^ *|[`(])make (?:-s )?([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_a_document_names_tests_that_exist() -> None:
    files = (ROOT / "tests").rglob("test_*.py")
    known = {(path.stem, name) for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    text = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    named = set(re.findall(r"\b(test_\w+)(?:\.py)?::(test_\w+)", text)) - {("test_x", "test_y")}
    assert named
    assert named <= known
    assert set(re.findall(r"`(?:::)?(test_\w+)`", text)) - {"test_y"} <= {name for pair in known for name in pair}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"])
def test_a_document_names_paths_that_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    linked = {(ROOT / document).parent / path for path in re.findall(r"\]\((?!https?:)([^)#\s]+)", text)}
    named = {ROOT / path for path in re.findall(r"`((?:changelogs|playbooks|plugins|roles|tests)/[a-z0-9_./]+)`", text)}
    assert linked
    assert [str(path) for path in sorted(linked | named) if not path.exists()] == []


def test_the_architecture_names_functions_that_exist() -> None:
    named = re.findall(r"`(?:[\w./]+/)?(\w+\.\w+)`: `(\w+)`", (ROOT / "docs/architecture.md").read_text())
    files = [path for folder in ("plugins", "roles") for path in (ROOT / folder).rglob("*")]
    assert named
    for file, name in named:
        assert any(re.search(rf"^(def |class )?{name}\b", path.read_text(), re.MULTILINE) for path in files if path.name == file), name


def test_the_order_of_the_tests_names_files_that_exist() -> None:
    files = [path.name for folder in ("integration", "unit/playbooks") for path in (ROOT / "tests" / folder).rglob("test_*.py")]
    for name in {*INDEPENDENT, *FIRST, LAST}:
        assert files.count(name) == 1, name


def test_help_lists_every_target(targets: set[str]) -> None:
    rules = "".join((ROOT / file).read_text() for file in ("Makefile", "tests/lab/lab.mk"))
    assert set(re.findall(r"^([a-z][a-z-]*):(?!=)", rules, re.MULTILINE)) == targets


def test_every_module_runs_in_process_and_takes_a_groups_defaults() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    # Each in one group: what reaches Nomad does not reach a control plane.
    assert sorted(name for group in runtime["action_groups"].values() for name in group) == sorted(MODULES - WITHOUT_A_SERVER)
    assert {path.stem for path in (ROOT / "plugins/action").glob("*.py")} == MODULES


def imported_modules(source: str) -> t.Iterator[str]:
    """The dotted names that a file imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def imported_tests(source: str) -> list[str]:
    """The test files that a file imports, by their dotted names."""
    return [name for name in imported_modules(source) if any(part.startswith("test_") for part in name.split("."))]


@pytest.mark.parametrize("folder", INDEPENDENT_TESTS)
def test_a_test_imports_no_other_test(folder: str) -> None:
    found = {str(path.relative_to(ROOT)): imported_tests(path.read_text()) for path in (ROOT / folder).rglob("*.py")}
    assert found
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.plugins.test_x import GOOD",
        "from tests.unit.plugins import test_x",
        "from . import test_x",
        "from .test_x import y",
        "import tests.unit.test_x",
        "def later():\n    from tests.integration.test_x import y",
    ],
)
def test_an_import_of_a_test_is_seen(line: str) -> None:
    assert len(imported_tests(f"import ast\n{line}\n")) == 1


def test_a_unit_test_has_the_path_of_the_code_that_it_tests() -> None:
    tests = ROOT / "tests/unit/plugins"
    astray = []
    for path in tests.glob("*/**/test_*.py"):
        names = [file.stem.lstrip("_") for file in (ROOT / "plugins" / path.parent.relative_to(tests)).glob("*.py")]
        if not any(f"{path.stem}_".startswith(f"test_{name}_") for name in names):
            astray.append(str(path.relative_to(tests)))
    assert astray == []
