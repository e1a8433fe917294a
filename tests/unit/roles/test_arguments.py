# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say of their inputs is the same everywhere it is said, and every input of a workload gets into its job."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import DECLARED, Declaration
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.specification import (
    DECLARING_ROLES,
    Option,
    role_options,
)
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.values import read_values
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.contents import key_options

from tests.unit.support.paths import ROOT
from tests.unit.support.role_inputs import OptionPath, nested, paths

Json = dict[str, t.Any]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def load(role: str, path: str) -> t.Any:
    return yaml.safe_load((ROOT / "roles" / role / path).read_text())


def options(role: str) -> Json:
    return t.cast("Json", load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", DECLARING_ROLES)
def test_defaults_equal_the_argument_spec(role: str) -> None:
    described = {name: option.get("default") for name, option in options(role).items()}
    given = load(role, "defaults/main.yml")
    without_default = {name for name, default in described.items() if default is None}
    assert {name: default for name, default in described.items() if default is not None} == {
        name: default for name, default in given.items() if default is not None
    }
    assert {name for name, default in given.items() if default is None} <= without_default


@pytest.mark.parametrize("role", DECLARING_ROLES)
def test_what_is_not_required_has_a_default(role: str) -> None:
    given = load(role, "defaults/main.yml")
    assert [name for name, option in options(role).items() if not option.get("required") and name not in given] == []


def test_a_role_without_defaults_is_given_all_of_its_inputs() -> None:
    (role,) = set(ROLES) - set(DECLARING_ROLES)
    assert not (ROOT / "roles" / role / "defaults").exists()
    assert all(option["required"] for option in options(role).values())


@pytest.mark.parametrize("role", ROLES)
def test_inputs_carry_the_roles_name(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in options(role))


PUBLIC_ROLES = ("private_service", "egress_worker")
# What an app, or its node, is in one role and not in the other.
OWN = {"name", "state", "count", "image", "command", "hostname", "tailnet"}


def test_the_public_roles_say_the_same_of_the_same_input() -> None:
    one, other = ({name.removeprefix(f"{role}_"): option for name, option in options(role).items()} for role in PUBLIC_ROLES)
    # A worker is stopped at once, so it has no time to end.
    del one["tasks"]["options"]["kill_timeout"]
    for name in (one.keys() & other.keys()) - OWN - {"mode"}:
        assert str(one[name]).replace("private_service", "egress_worker").replace("the service", "the worker") == str(other[name]), name


# The options that are in no declaration: they are secret, or say how a secret is made, or are only checked.
NOT_DECLARED = ("auth_key", "minted_key", "policy_file", "sources")
# Two values of each type.
TWO: dict[str, tuple[t.Any, t.Any]] = {
    **{"bool": (False, True), "int": (1, 2), "list": (["one"], ["two"]), "dict": ({"one": "x"}, {"two": "x"})},
    **dict.fromkeys(("str", "path", "raw"), ("one", "two")),
}


def with_two_values(role: str, path: OptionPath, option: Option) -> list[Json]:
    """The inputs of a role with one value of an option, and with another; whether they go together is not asked."""
    values = option["choices"][:2] if "choices" in option and option["type"] != "list" else TWO[option["type"]]
    return [read_values({"name": "whoami", **nested(path, value)}, role_options(role), "", []) for value in values]


@pytest.mark.parametrize("role", PUBLIC_ROLES)
def test_every_option_makes_a_difference_to_the_declaration(role: str) -> None:
    tried = {path: with_two_values(role, path, option) for path, option in paths(role_options(role)) if not option.get("options")}
    assert len(tried) > 100
    ignored = [path for path, (one, other) in tried.items() if DECLARED[role](one) == DECLARED[role](other)]
    assert [path for path in ignored if path[0] not in NOT_DECLARED] == []
    assert {path[0] for path in ignored} == set(NOT_DECLARED) & set(role_options(role))


@pytest.mark.parametrize("role", PUBLIC_ROLES)
def test_every_option_of_a_minted_key_makes_a_difference_to_the_key(role: str) -> None:
    of_key = {"minted_key": role_options(role)["minted_key"]}
    for path, option in [one for one in paths(of_key) if one[0] != ("minted_key",)]:
        one, other = (key_options(Declaration({}, inputs)) for inputs in with_two_values(role, path, option))
        assert one != other, path


@pytest.mark.parametrize("script", sorted((ROOT / "roles/workload/files").glob("*.sh")), ids=lambda path: path.name)
def test_scripts_hold_nothing_that_hcl_or_templates_expand(script: Path) -> None:
    text = script.read_text()
    assert not [mark for mark in ("${", "%{", "{{", "{%", "{#", "[[notailcar:", "\nEOT") if mark in text]
