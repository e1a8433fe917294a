# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of a role as a whole: what is refused, and that it is plain data without secrets."""

from __future__ import annotations

import json
import math
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.template import trust_as_template
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import DECLARED, BadDeclaration, declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.specification import DECLARING_ROLES, role_options

from tests.unit.support.role_inputs import EGRESS_WORKER, PRIVATE_SERVICE, Json, Templates, declared, defaults, nested, paths, sentences

CANARY = "a-very-secret-value"
GOOD: dict[str, Json] = {
    "acl_policies": defaults("acl_policies"),
    "egress_network": {**defaults("egress_network"), "destinations": ["198.51.100.2"]},
    "egress_worker": EGRESS_WORKER,
    "private_service": PRIVATE_SERVICE,
}


@pytest.mark.parametrize("role", DECLARING_ROLES)
def test_a_good_declaration(role: str) -> None:
    plain = declared(role, GOOD[role]).plain
    assert json.loads(json.dumps(plain)) == plain
    assert not [name for name in plain if name.startswith(f"{role}_")]


def test_the_declaration_of_a_role_without_a_workload_is_its_inputs() -> None:
    assert declared("acl_policies", GOOD["acl_policies"]).plain == GOOD["acl_policies"]


def test_both_workloads_have_the_same_names() -> None:
    service, worker = (declared(role, GOOD[role]).plain for role in ("private_service", "egress_worker"))
    assert service.keys() == worker.keys()
    assert (service["role"], service["job"], service["app_port"]) == ("private_service", "whoami", 8080)
    assert (worker["role"], worker["job"], worker["app_port"]) == ("egress_worker", "crawler", None)
    assert (service["egress"], worker["egress"]["exit_nodes"]) == ({}, ["exit-fra"])


def test_answers_of_a_survey_are_converted() -> None:
    answers = {"port": "8080", "canary": "yes", "tags": "tag:a,tag:b", "count": "", "timeout": "60", "priority": "", "env": ""}
    plain = declared("private_service", {**PRIVATE_SERVICE, **answers}).plain
    assert {name: plain[name] for name in ("app_port", "canary", "tags", "count", "timeout", "priority")} == {
        **{"app_port": 8080, "canary": True, "tags": ["tag:a", "tag:b"], "count": 1, "timeout": 60, "priority": None}
    }
    assert plain["tasks"][0]["env"] == {}


# What is refused


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"imagee": "a"}, "private_service_imagee is unknown: did you mean private_service_image?"),
        ({"weather": "fine"}, "private_service_weather is unknown: look it up in the README of the role"),
        ({"endpoints": [{"prt": 80}]}, "private_service_endpoints[0].prt is unknown: did you mean private_service_endpoints[0].port?"),
    ],
)
def test_an_unknown_input_is_refused(inputs: Json, sentence: str) -> None:
    (found,) = sentences("private_service", {**PRIVATE_SERVICE, **inputs})
    assert found == sentence


@pytest.mark.parametrize(("role", "other"), [("private_service", "egress_worker"), ("egress_worker", "private_service")])
def test_the_declaration_of_another_role_is_refused(role: str, other: str) -> None:
    variables = {**variables_of(role, defaults(role)), **variables_of(other, GOOD[other])}
    assert refused(role, variables) == [
        f"{role}_name is required, and {other}_name is given: the declaration is one for the role {other} and its playbook"
    ]


@pytest.mark.parametrize("role", ["private_service", "egress_worker"])
def test_no_declaration_is_refused(role: str) -> None:
    inputs = defaults(role)
    templates = {inputs["hostname"]: AnsibleUndefinedVariable(f"'{role}_name' is undefined")}
    assert sentences(role, inputs, templates) == [
        f"{role}_name is required: give the declaration to the playbook, for example with -e @FILE"
    ]


def test_without_a_name_what_does_not_fit_is_refused_too() -> None:
    found = sentences("private_service", {**defaults("private_service"), "port": "http", "imagee": "a"})
    assert found[0].startswith("private_service_name is required")
    assert found[1:] == [
        "private_service_imagee is unknown: did you mean private_service_image?",
        "private_service_port must be a whole number, not 'http'",
    ]


def test_all_problems_are_refused_at_once() -> None:
    wrong = {"imagee": "a", "port": "http", "auth_key": "", "timeout": -1, "egress": {"exit_node": ["a"]}, "tags": ["a"]}
    with pytest.raises(BadDeclaration) as caught:
        declared("private_service", {**PRIVATE_SERVICE, **wrong})
    subjects = [sentence.split(" ")[0].rstrip(":") for sentence in caught.value.problems]
    assert sorted(subjects) == [
        *("private_service_auth_key", "private_service_egress.exit_node", "private_service_imagee", "private_service_port"),
        *("private_service_tags", "private_service_timeout"),
    ]
    assert str(caught.value) == "; ".join(caught.value.problems)
    assert caught.value.details["kind"] == "invalid_input"


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": "http"},
        {"count": "two", "hostname": "whoami"},
        {"tags": {"tag": "a"}},
        {"endpoints": [{"protocol": "tcp", "port": "ssh"}]},
        {"name": ["whoami"]},
        {"hostname": ["whoami"]},
        {"driver": "podman"},
        {"spreads": [{"attribute": "a", "targets": [{"value": "b"}]}]},
        {"checks": [{"name": ["a"]}]},
    ],
)
def test_what_does_not_fit_has_no_second_sentence(wrong: Json) -> None:
    assert len(sentences("private_service", {**PRIVATE_SERVICE, **wrong})) == 1


# Inputs that are templates


@pytest.mark.parametrize(
    ("name", "empty"),
    [("image", "private_service_image"), ("auth_key", "private_service_auth_key"), ("secrets", "private_service_secrets.A")],
)
def test_an_empty_environment_variable_is_named(name: str, empty: str) -> None:
    template = "{{ lookup('env', 'SHOP_VALUE') }}"
    inputs = {**PRIVATE_SERVICE, name: {"A": template} if name == "secrets" else template}
    assert sentences("private_service", inputs, {template: ""}) == [
        f"{empty} is empty: the environment variable SHOP_VALUE, which it is read from, is not set"
    ]


def test_an_empty_environment_variable_of_a_list_is_named() -> None:
    template = "{{ lookup('env', 'EXIT_NODES') }}"
    assert sentences("egress_worker", {**EGRESS_WORKER, "exit_nodes": template}, {template: ""}) == [
        "egress_worker_exit_nodes is empty: the environment variable EXIT_NODES, which it is read from, is not set"
    ]


def test_an_empty_environment_variable_of_the_name_is_named() -> None:
    template = "{{ lookup('env', 'SERVICE_NAME') }}"
    assert sentences("private_service", {**PRIVATE_SERVICE, "name": template}, {template: ""}) == [
        "private_service_name is empty: the environment variable SERVICE_NAME, which it is read from, is not set"
    ]


@pytest.mark.parametrize("name", ["image", "name", "endpoints", "auth_key"])
def test_a_template_that_fails_is_the_only_problem_of_its_input(name: str) -> None:
    template = "{{ nowhere }}"
    error = AnsibleUndefinedVariable("'nowhere' is undefined")
    assert sentences("private_service", {**PRIVATE_SERVICE, name: template}, {template: error}) == [
        f"private_service_{name} cannot be evaluated: 'nowhere' is undefined"
    ]


@pytest.mark.parametrize("value", [None, ["whoami"]])
def test_the_template_of_a_default_is_in_no_sentence(value: t.Any) -> None:
    found = sentences("private_service", {**PRIVATE_SERVICE, "hostname": value}, {"{{ private_service_name }}": "whoami"})
    assert not [sentence for sentence in found if "{{" in sentence]


# No value of any type makes a traceback

VALUES: tuple[t.Any, ...] = (
    *(None, "", " ", "x", "7", "a,b", "{", "é", b"x", 7, -1, 1.5, math.nan, math.inf, True),
    *([], ["x"], [None], [""], [7], [[]], [{}], {}, {"x": "y"}, {"x": None}, {7: 7}),
)
PARTS_OF_MAPPINGS = (
    *(("serve_config", "TCP"), ("serve_config", "Web"), ("config", "cap_add"), ("config", "volumes"), ("config", "mounts")),
    *(("config", "runtime"), ("config", "privileged"), ("env", "A"), ("secrets", "A"), ("vault", "secrets", "A"), ("registration", "meta")),
    *(("vault", "auth_key", "path"), ("auth_key", "env"), ("auth_key", "file"), ("auth_key", "vault"), ("auth_key", "vault", "path")),
)
TEMPLATES = {
    "{{ private_service_name }}": "whoami",
    "{{ egress_worker_name }}-${NOMAD_SHORT_ALLOC_ID}": "whoami",
    "{{ inventory_hostname_short }}": "node",
}


@pytest.mark.parametrize("more", [{}, {"mode": "kernel"}], ids=["usual", "kernel"])
@pytest.mark.parametrize("role", DECLARING_ROLES)
def test_no_value_is_more_than_a_declaration_can_take(role: str, more: Json) -> None:
    more = {name: value for name, value in more.items() if name in role_options(role)}
    of_mappings = [path for path in PARTS_OF_MAPPINGS if path[0] in role_options(role)]
    wrong, tried = [], 0
    for path in [*(path for path, _option in paths(role_options(role))), *of_mappings]:
        for value in VALUES:
            tried += 1
            try:
                json.dumps(declared(role, {**GOOD[role], **more, **nested(path, value)}, TEMPLATES).plain)
            except BadDeclaration as error:
                wrong += [f"{path} {value!r}: {sentence}" for sentence in error.problems if not sentence.startswith(f"{role}_")]
            except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
                wrong.append(f"{path} {value!r}: {error!r}")
    assert not wrong, "\n".join(wrong)
    assert tried == len(VALUES) * (len(list(paths(role_options(role)))) + len(of_mappings))


# Secrets

OF_VAULT = {"vault": {"path": "shop", "key": "password", "token": CANARY, "url": "https://vault", "secret_id": CANARY}}
SECRETS: list[Json] = [
    {"auth_key": CANARY},
    {"auth_key": OF_VAULT},
    {"secrets": {"A": CANARY, "B": OF_VAULT}},
    {"tasks": [{"name": "db", "image": "db:1", "secrets": {"A": CANARY, "B": OF_VAULT}}]},
    {"auth_key": None, "tags": ["tag:a"], "minted_key": {"api_key": CANARY}},
    {"auth_key": None, "tags": ["tag:a"], "minted_key": {"oauth_client_id": "a", "oauth_client_secret": CANARY}},
]


@pytest.mark.parametrize("role", sorted(DECLARED))
@pytest.mark.parametrize("inputs", SECRETS)
def test_a_declaration_holds_no_secret(role: str, inputs: Json) -> None:
    declaration = declared(role, {**GOOD[role], **inputs})
    assert CANARY not in json.dumps(declaration.plain)
    assert CANARY in json.dumps(declaration.inputs)


@pytest.mark.parametrize("role", sorted(DECLARED))
def test_of_a_secret_the_name_is_declared(role: str) -> None:
    inputs = {**GOOD[role], "secrets": {"B": CANARY, "A": OF_VAULT}, "tasks": [{"name": "db", "image": "db:1", "secrets": {"C": CANARY}}]}
    tasks = declared(role, inputs).plain["tasks"]
    assert [(task["name"], task["secrets"]) for task in tasks] == [("app", ["A", "B"]), ("db", ["C"])]


@pytest.mark.parametrize("role", sorted(DECLARED))
@pytest.mark.parametrize("inputs", SECRETS)
def test_no_sentence_shows_a_secret(role: str, inputs: Json) -> None:
    for wrong in (
        {"imagee": CANARY, "timeout": "soon", "tags": ["a"]},
        {"hostname": ["a"]},
        {"auth_key": f"{{{CANARY}", "minted_key": {}},
        {"auth_key": f"tskey-api-{CANARY}", "minted_key": {}},
        {"minted_key": CANARY},
    ):
        with pytest.raises(BadDeclaration) as caught:
            declared(role, {**GOOD[role], **inputs, **wrong})
        assert CANARY not in json.dumps([str(caught.value), caught.value.problems, caught.value.details])


def test_a_declaration_of_ansible_is_plain_data(tmp_path: Path) -> None:
    """Its values have tags of Ansible, which no JSON of a result shows, and which a comparison by type sees."""
    env_file = tmp_path / "env"
    env_file.write_text("A=b\n")
    inputs = {
        **{name: trust_as_template(value) if isinstance(value, str) else value for name, value in PRIVATE_SERVICE.items()},
        "env": {trust_as_template("A"): trust_as_template("b")},
        "env_files": [trust_as_template(str(env_file))],
        "endpoints": ({"protocol": trust_as_template("http")},),
    }
    plain = declared("private_service", inputs).plain
    assert plain == {**declared("private_service", {**PRIVATE_SERVICE, "env": {"A": "b"}, "env_files": [str(env_file)]}).plain}
    assert kinds(plain) <= {dict, list, str, int, float, bool, type(None)}


def kinds(value: t.Any) -> set[type]:
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(kinds, parts))


def variables_of(role: str, inputs: Json) -> Json:
    return {f"{role}_{name}": value for name, value in inputs.items()}


def refused(role: str, variables: Json) -> list[str]:
    with pytest.raises(BadDeclaration) as caught:
        declare(role, variables, Templates())
    return caught.value.problems
