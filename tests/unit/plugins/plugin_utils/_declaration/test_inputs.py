# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a role among the variables of a task."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.inputs import environment_variable, given_inputs, plain

from tests.unit.support.role_inputs import Templates

IMAGE = "{{ image }}"


def given(variables: dict[str, t.Any], templates: Templates | None = None) -> tuple[dict[str, t.Any], list[str]]:
    problems: list[str] = []
    return given_inputs("private_service", variables, templates or Templates(), problems), problems


def test_inputs_are_found_by_the_prefix_of_the_role() -> None:
    variables = {"private_service_name": "a", "egress_worker_name": "b", "name": "c", "private_services": 7, "ansible_host": "d"}
    assert given(variables) == ({"name": "a"}, [])


def test_every_unknown_name_with_the_prefix_has_a_sentence() -> None:
    variables = {"private_service_prot": 1, "private_service_name": "a", "private_service_imagee": 2}
    assert given(variables) == (
        {"name": "a"},
        [
            "private_service_imagee is unknown: did you mean private_service_image?",
            "private_service_prot is unknown: did you mean private_service_port?",
        ],
    )


def test_the_variables_of_the_playbook_are_no_inputs() -> None:
    assert given({"private_service_hosts": "services", "private_service_result": {"changed": True}}) == ({}, [])


def test_a_template_is_evaluated() -> None:
    variables = {"private_service_image": IMAGE, "private_service_env": {"A": "{% if x %}{% endif %}"}, "private_service_args": ["{# y #}"]}
    templates = Templates({IMAGE: "whoami:1"})
    found, problems = given(variables, templates)
    assert (found["image"], problems) == ("whoami:1", [])
    assert all(value in templates.asked for value in variables.values())


def test_what_is_no_template_is_not_evaluated() -> None:
    """To find out that there is nothing to evaluate takes Ansible long, and most inputs are defaults."""
    values = {"image": "whoami:1", "port": 80, "canary": True, "priority": None, "args": ["a", {"b": ["c"]}], "env": {"A": "${B} {C}"}}
    templates = Templates()
    assert given({f"private_service_{name}": value for name, value in values.items()}, templates) == (values, [])
    assert templates.asked == []


@pytest.mark.parametrize("error", [AnsibleUndefinedVariable("'image' is undefined"), AnsibleError("two\n  lines")])
def test_an_input_that_cannot_be_evaluated_has_a_sentence(error: AnsibleError) -> None:
    found, problems = given({"private_service_image": IMAGE, "private_service_name": "a"}, Templates({IMAGE: error}))
    assert found == {"name": "a", "image": None}
    assert problems == [f"private_service_image cannot be evaluated: {' '.join(str(error).split())}"]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ lookup('env', 'TS_AUTHKEY') }}", "TS_AUTHKEY"),
        ('{{ lookup("ansible.builtin.env", "TS_AUTHKEY") }}', "TS_AUTHKEY"),
        ("{{ lookup( 'env' , 'TS_AUTHKEY', default='') }}", "TS_AUTHKEY"),
        ("{{ query('env', 'TS_AUTHKEY') | first }}", "TS_AUTHKEY"),
        ("{{ q('env', 'TS_AUTHKEY') | first }}", "TS_AUTHKEY"),
        ("{{ lookup('file', 'TS_AUTHKEY') }}", None),
        ("{{ lookup('env', name) }}", None),
        ("{{ env }}", None),
        ("TS_AUTHKEY", None),
        (7, None),
        (None, None),
    ],
)
def test_the_environment_variable_of_a_template(template: t.Any, name: str | None) -> None:
    assert environment_variable(template) == name


def test_values_of_ansible_become_plain_data() -> None:
    of_file = DataLoader().load("seven: 7")
    parts = {"a": trust_as_template("{{ x }}"), "b": [trust_as_template("y"), of_file["seven"]], "c": {"d": None, "e": True}}
    lazy = Templar(loader=DataLoader(), variables={"x": 7, "parts": parts}).template(trust_as_template("{{ parts }}"))
    value = plain({7: lazy, "tuple": (1, 2.5)})
    assert value == {"7": {"a": 7, "b": ["y", 7], "c": {"d": None, "e": True}}, "tuple": [1, 2.5]}
    plain_kinds = {dict, list, str, int, float, bool, type(None)}
    assert kinds(value) <= plain_kinds
    assert kinds(lazy) - plain_kinds


def kinds(value: t.Any) -> set[type]:
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(kinds, parts))


def test_an_object_becomes_its_text() -> None:
    class Secret:
        def __str__(self) -> str:
            return "text"

    assert plain([Secret()]) == ["text"]


@pytest.mark.parametrize("state", ["absent", "rendered"])
def test_where_nothing_needs_a_secret_none_is_read(state: str) -> None:
    variables = {"private_service_state": state, "private_service_auth_key": "{{ a }}", "private_service_secrets": {"TOKEN": "{{ b }}"}}
    templates = Templates()
    found, problems = given(variables, templates)
    assert (found["auth_key"], list(found["secrets"]), problems, templates.asked) == (None, ["TOKEN"], [], [])
    assert "{{" not in str(found)
