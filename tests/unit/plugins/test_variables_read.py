# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`variable_info` and the lookup `variable`: the same variables, without and with their values."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.constants import config
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.notailcar.nomad.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.notailcar.nomad.plugins.lookup.variable import DOCUMENTATION, LookupModule
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments

PATH = "nomad/jobs/whoami"
URL = f"GET /v1/var/{PATH}"
SECRET = "a-very-secret-value"
TIMES = {"CreateIndex": 4, "ModifyIndex": 5, "CreateTime": 1_795_321_396_197_717_990, "ModifyTime": 1_795_321_400_000_000_000}


def metadata(path=PATH, namespace="default"):
    return {"Path": path, "Namespace": namespace, **TIMES}


def described(path=PATH, namespace="default", **more):
    times = {"create_time": 1_795_321_396, "modify_time": 1_795_321_400}
    return {"path": path, "namespace": namespace, "modify_index": 5, **times, **more}


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def look(nomad) -> t.Callable[..., t.Any]:
    """The lookup, as a template calls it once Ansible has read its documentation."""
    name, options = (
        "notailcar.nomad.variable",
        yaml.safe_load(DOCUMENTATION)["options"],
    )
    of_plugins = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    for option, described in yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"].items():
        options[option] = {**described, **of_plugins[option]}
    config.initialize_plugin_configuration_definitions("lookup", name, options)

    def look(*terms: str, variables: dict[str, t.Any] | None = None, **given: t.Any) -> t.Any:
        plugin = LookupModule(templar=Templar(DataLoader(), variables or {}))
        plugin._load_name = name
        return plugin.run(list(terms), variables=variables, **given)

    return look


def test_a_variable_with_the_names_of_its_keys(nomad, call):
    nomad.on(URL, {**metadata(), "Items": {"password": SECRET, "key": SECRET}})
    result = call("variable_info", path=f"/{PATH}")
    assert result["variables"] == [described(keys=["key", "password"], revealed={})]
    assert not result["changed"]
    assert SECRET not in json.dumps(result)


def test_what_is_no_secret_is_revealed(nomad, call):
    nomad.on(URL, {**metadata(), "Items": {"password": SECRET, "key_id": "k1"}})
    result = call("variable_info", path=PATH, reveal=["key_id", "unknown"])
    assert result["variables"][0]["revealed"] == {"key_id": "k1"}
    assert SECRET not in json.dumps(result)


def test_an_unknown_path_is_an_empty_list(nomad, call):
    assert call("variable_info", path=PATH)["variables"] == []
    assert len(nomad.asked) == 1


def test_variables_below_a_prefix(nomad, call):
    nomad.on("GET /v1/vars", (200, [metadata("b", "x"), metadata("b", "a")], "x.c"), (200, [metadata("a", "x")], ""))
    result = call("variable_info", prefix="nomad/", namespace="*")
    assert result["variables"] == [described("b", "a"), described("a", "x"), described("b", "x")]
    assert nomad.asked[0].query["prefix"] == "nomad/"
    assert nomad.asked[1].query["next_token"] == "x.c"
    assert [asked.query["namespace"] for asked in nomad.asked] == ["*", "*"]


def test_all_variables(nomad, in_process):
    nomad.on("GET /v1/vars", [])
    assert in_process("variable_info")["variables"] == []
    assert "prefix" not in nomad.asked[0].query


def test_a_refusal_names_the_capability(nomad, in_process):
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "a"})
    nomad.on(URL, (403, "Permission denied"))
    assert in_process("variable_info", path=PATH, token="0000")["failure"]["capability"] == "variables read"


@pytest.mark.parametrize(
    ("args", "words"), [({"path": "a b"}, "not a variable's path"), ({"path": "a", "prefix": "a"}, "mutually exclusive")]
)
def test_what_cannot_work_is_said_without_asking(nomad, in_process, args, words):
    assert words in in_process("variable_info", **args)["msg"]
    assert not nomad.asked


def test_an_error_of_the_server(nomad, call):
    nomad.on("GET /v1/vars", (503, "no leader"))
    assert call("variable_info")["failure"]["kind"] == "server"


def test_the_lookup_gives_items_or_one_value(nomad, look):
    nomad.on(URL, {**metadata(), "Items": {"password": SECRET, "user": "me"}})
    assert look(PATH) == [{"password": SECRET, "user": "me"}]
    assert look(PATH, key="user") == ["me"]
    assert look(PATH, PATH, key="user") == ["me", "me"]


def test_what_is_missing_is_an_error_or_the_default(nomad, look):
    nomad.on(URL, {**metadata(), "Items": {"user": "me"}})
    with pytest.raises(AnsibleLookupError, match="There is no variable elsewhere in namespace team"):
        look("elsewhere", namespace="team")
    with pytest.raises(AnsibleLookupError, match="has no key password; it has user"):
        look(PATH, key="password")
    assert look("elsewhere", PATH, key="password", default="") == ["", ""]
    assert look(PATH, key="user", default="you") == ["me"]


def test_a_mistyped_option_does_not_give_all_the_items(nomad, look):
    nomad.on(URL, {**metadata(), "Items": {"user": "me"}})
    with pytest.raises(AnsibleLookupError, match="no option keey"):
        look(PATH, keey="user")


def test_options_of_the_lookup_by_keyword_variable_and_environment(nomad, look, monkeypatch):
    nomad.on(URL, {**metadata(), "Items": {"user": "me"}})
    monkeypatch.setenv("NOMAD_TOKEN", "of-environment")
    monkeypatch.setenv("NOMAD_REGION", "eu")
    variables = {"notailcar_nomad_token": trust_as_template("{{ vaulted }}"), "vaulted": "of-variable", "notailcar_nomad_namespace": "team"}
    look(PATH)
    look(PATH, variables=variables)
    look(PATH, variables=variables, token="of-keyword", namespace="own")
    assert [asked.headers["X-Nomad-Token"] for asked in nomad.asked] == ["of-environment", "of-variable", "of-keyword"]
    assert [asked.query["namespace"] for asked in nomad.asked] == ["default", "team", "own"]
    assert {asked.query["region"] for asked in nomad.asked} == {"eu"}


def test_errors_of_the_lookup_are_ours_and_hold_no_token(nomad, look):
    nomad.on(URL, (400, f"who is {SECRET}?"))
    with pytest.raises(AnsibleLookupError, match="Could not read the variable") as failed:
        look(PATH, token=SECRET)
    assert SECRET not in str(failed.value)
    with pytest.raises(AnsibleLookupError, match="not a variable's path"):
        look("a b")


def test_modules_and_plugins_have_the_same_options_of_connection():
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    sources = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    assert list(options) == list(sources) == list(_arguments.connection())
    for name, spec in _arguments.connection().items():
        (variable,) = spec["fallback"][1]
        assert sources[name] == {"env": [{"name": variable}], "vars": [{"name": f"notailcar_nomad_{name}"}]}
        assert f"E({variable})" in " ".join(options[name]["description"])
        assert (options[name]["type"], options[name].get("default")) == (spec["type"], spec.get("default"))
