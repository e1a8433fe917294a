# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup `variable`: items or one value, defaults, options and errors."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.constants import config
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.notailcar.nomad.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.notailcar.nomad.plugins.lookup.variable import DOCUMENTATION, LookupModule

from tests.unit.support.variables import PATH, SECRET, URL, metadata


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


def test_one_variable_is_in_one_namespace(nomad, look):
    with pytest.raises(AnsibleLookupError, match="namespace"):
        look(PATH, namespace="*", default="none")
    assert not nomad.asked
