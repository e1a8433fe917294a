# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the scripts share one namespace, and the template assembles them."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROLE = Path(__file__).parents[3] / "roles/workload"
SCRIPTS = ("sidecar.sh", "guard.sh")
PARTS = sorted((ROLE / "files").glob("*/*.ash"))
# The files whose functions have the prefix of the whole script.
PREFIXES = {"sidecar/state": "sidecar", "sidecar/main": "sidecar", "guard/state": "guard"}
# A name that is assigned at the beginning of a command, by `for` or by `read`. The programs of awk have spaces around their `=`.
ASSIGNED = re.compile(r"(?:^|[;&|{(]|\bthen|\bdo|\belse)\s*([a-z_]\w*)=|\bfor (\w+) in |\bread -r ([a-z]\w*)")
SHARED = re.compile(r"(sidecar|guard)_")


def name_of(part: Path) -> str:
    return str(part.relative_to(ROLE / "files").with_suffix(""))


def functions(part: Path) -> dict[str, list[str]]:
    """The lines of each function of a part."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in part.read_text().splitlines():
        start = re.match(r"(\w+)\(\) \{(.*)", line)
        if start is not None:
            lines = found.setdefault(start[1], [])
            lines.append(start[2])
        elif line.startswith(" "):
            lines.append(line)
    return found


@pytest.mark.parametrize("part", PARTS, ids=name_of)
def test_a_function_has_the_name_of_its_file(part: Path) -> None:
    name = name_of(part)
    prefix = PREFIXES.get(name, part.stem)
    assert [function for function in functions(part) if not function.startswith(f"{prefix}_")] == []


def test_no_name_has_two_meanings() -> None:
    every = [function for part in PARTS for function in re.findall(r"^(\w+)\(\)", part.read_text(), re.MULTILINE)]
    assert len(every) > 50
    assert sorted(every) == sorted(set(every))


@pytest.mark.parametrize("part", PARTS, ids=name_of)
def test_a_variable_is_local_or_has_the_prefix_of_the_shared_ones(part: Path) -> None:
    for function, lines in functions(part).items():
        local = {word.split("=")[0] for line in lines if line.strip().startswith("local ") for word in line.split()[1:]}
        assigned = {name for line in lines for names in ASSIGNED.findall(line) for name in names if name}
        assert {name for name in assigned - local if not SHARED.match(name)} == set(), function


@pytest.mark.parametrize("script", ["sidecar", "guard"])
def test_each_shared_variable_is_in_the_list_of_its_script(script: str) -> None:
    folder = ROLE / "files" / script
    listed = set(re.findall(r"^(\w+)=", (folder / "state.ash").read_text(), re.MULTILINE))
    text = "".join(part.read_text() for part in PARTS if part.stem != "state")
    used = set(re.findall(rf"\b({script}_\w+)=|[$]{{?({script}_\w+)", text))
    assert {name for names in used for name in names if name} == listed


@pytest.fixture(scope="module")
def assembled() -> dict[str, str]:
    """The scripts as the job specification has them."""
    loader = FileSystemLoader([ROLE / "templates", ROLE / "files"])
    module: t.Any = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True).get_template("_script.hcl.j2").module
    return {script: module.script(script) for script in SCRIPTS}


def test_every_part_is_in_one_script(assembled: dict[str, str]) -> None:
    every = [function for part in PARTS for function in functions(part)]
    defined = [name for text in assembled.values() for name in re.findall(r"^(\w+)\(\)", text, re.MULTILINE)]
    assert sorted(defined) == sorted(every)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_assembled_script_is_one_that_a_shell_can_read(assembled: dict[str, str], applets: Path, script: str) -> None:
    text = assembled[script]
    done = subprocess.run([applets / "sh", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^\. .*", text, re.MULTILINE) == []
    assert text.count("SPDX-License-Identifier") == 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_assembled_script_has_nothing_that_hcl_or_nomads_templates_would_interpret(assembled: dict[str, str], script: str) -> None:
    assert re.findall(r"[$%]\{|^EOT$|\[\[notailcar:|:notailcar\]\]", assembled[script], re.MULTILINE) == []
