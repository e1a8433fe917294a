# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say of their inputs is the same everywhere it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def load(role: str, path: str):
    return yaml.safe_load((ROOT / "roles" / role / path).read_text())


def options(role: str) -> dict:
    return load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_equal_the_argument_spec(role: str) -> None:
    described = {name: option.get("default") for name, option in options(role).items()}
    given = load(role, "defaults/main.yml")
    without_default = {name for name, default in described.items() if default is None}
    assert {name: default for name, default in described.items() if default is not None} == {
        name: default for name, default in given.items() if default is not None
    }
    assert {name for name, default in given.items() if default is None} <= without_default


@pytest.mark.parametrize("role", ROLES)
def test_inputs_carry_the_roles_name(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in options(role))


FRONT_DOORS = ("private_service", "egress_worker")


@pytest.mark.parametrize("role", FRONT_DOORS)
def test_a_front_door_gives_the_house_only_what_it_knows(role: str) -> None:
    tasks = load(role, "tasks/main.yml")
    (handed,) = [task["vars"] for task in tasks if "ansible.builtin.import_role" in task]
    assert set(handed) <= set(options("workload"))


# What an app, or its node, is at one door and not at the other.
OWN = {"name", "state", "count", "image", "command", "hostname", "tailnet"}


def test_the_front_doors_say_the_same_of_the_same_input() -> None:
    one, other = ({name.removeprefix(f"{role}_"): option for name, option in options(role).items()} for role in FRONT_DOORS)
    for name in (one.keys() & other.keys()) - OWN - {"mode"}:
        assert str(one[name]).replace("private_service", "egress_worker").replace("the service", "the worker") == str(other[name]), name


@pytest.mark.parametrize("script", sorted((ROOT / "roles/workload/files").glob("*.sh")), ids=lambda path: path.name)
def test_scripts_hold_nothing_that_hcl_or_templates_expand(script: Path) -> None:
    text = script.read_text()
    assert not [mark for mark in ("${", "%{", "{{", "{%", "{#", "[[notailcar:", "\nEOT") if mark in text]
