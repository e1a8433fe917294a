# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Nomad Variables of a workload hold, and how its key is made."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.contents import (
    KEY_ITEMS,
    control_options,
    key_options,
    variable_items,
    variable_tasks,
)
from ansible_collections.notailcar.nomad.plugins.plugin_utils._secrets import SecretSources

from tests.unit.support.role_inputs import EGRESS_WORKER, PRIVATE_SERVICE, Json, declared
from tests.unit.support.secrets import CANARY

SOURCES = SecretSources({}, None, None)
TASKS = [
    {"name": "db", "image": "db:1", "secrets": {"PASSWORD": CANARY}},
    {"name": "cache", "image": "cache:1"},
]
MINTED: Json = {"auth_key": None, "tags": ["tag:a"], "minted_key": {"api_key": CANARY, "expiry": "90d"}}
SERVE = json.dumps(
    {
        "TCP": {"80": {"HTTP": True}},
        "Web": {"${TS_CERT_DOMAIN}:80": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:${SIDECAR_APP_PORT}"}}}},
    },
    sort_keys=True,
)


def items(task: str = "tailscale", release: str | None = None, role: str = "private_service", **inputs: t.Any) -> Json:
    good = PRIVATE_SERVICE if role == "private_service" else EGRESS_WORKER
    return variable_items(declared(role, {**good, **inputs}), task, SOURCES, release)


@pytest.mark.parametrize(
    ("inputs", "tasks"),
    [
        ({}, ["tailscale"]),
        ({"secrets": {"A": "b"}}, ["tailscale", "app"]),
        ({"tasks": TASKS}, ["tailscale", "db"]),
        ({"secrets": {"A": "b"}, "tasks": TASKS}, ["tailscale", "app", "db"]),
    ],
)
def test_each_task_with_secrets_has_a_variable(inputs: Json, tasks: list[str]) -> None:
    assert variable_tasks(declared("private_service", {**PRIVATE_SERVICE, **inputs}).plain) == tasks


# The variable of the sidecar


def test_the_sidecar_gets_its_key_and_what_it_serves() -> None:
    assert items() == {"serve_config": SERVE, "auth_key": "key"}


def test_a_worker_serves_nothing() -> None:
    assert items(role="egress_worker") == {"serve_config": "{}", "auth_key": "key"}


def test_the_serve_configuration_of_the_user_is_stored_as_it_is() -> None:
    assert json.loads(items(serve_config={"TCP": {"443": {"HTTPS": True}}})["serve_config"]) == {"TCP": {"443": {"HTTPS": True}}}


def test_the_key_is_read_from_its_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TS_AUTHKEY", CANARY)
    (tmp_path / "key").write_text(f"{CANARY}\n")
    assert items(auth_key={"env": "TS_AUTHKEY"})["auth_key"] == CANARY
    assert items(auth_key={"file": str(tmp_path / "key")})["auth_key"] == CANARY


@pytest.mark.parametrize(
    "inputs",
    [
        {"workload_identity": {"client_id": "a", "audience": "b"}, "tags": ["tag:a"]},
        {"vault": {"auth_key": {"path": "a", "key": "b"}}},
    ],
)
def test_without_a_key_of_ansible_none_is_stored(inputs: Json) -> None:
    assert items(**inputs) == {"serve_config": SERVE}


def test_the_items_of_a_minted_key_have_a_place() -> None:
    """The step that makes the key stores them; until then the items that are there are kept."""
    found = items(**MINTED)
    assert set(found) == {"serve_config", *KEY_ITEMS}
    assert {found[name] for name in KEY_ITEMS} == {"made when it is run"}


@pytest.mark.parametrize(("release", "holder"), [("abc", "abc"), ("", "before"), (None, "before")])
def test_with_canaries_a_release_holds_the_name(release: str | None, holder: str) -> None:
    assert items(release=release, canary=True) == {"serve_config": SERVE, "auth_key": "key", "release": holder}


def test_without_canaries_no_release_is_stored() -> None:
    assert "release" not in items(release="abc")


# The variables of the other tasks


def test_a_task_gets_its_own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", CANARY)
    inputs: Json = {"secrets": {"TOKEN": {"env": "TOKEN"}, "PIN": 7}, "tasks": TASKS}
    assert items("app", **inputs) == {"TOKEN": CANARY, "PIN": 7}
    assert items("db", **inputs) == {"PASSWORD": CANARY}


def test_a_secret_that_is_gone_is_an_error_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", CANARY)
    declaration = declared("private_service", {**PRIVATE_SERVICE, "secrets": {"TOKEN": {"env": "TOKEN"}, "B": CANARY}})
    monkeypatch.delenv("TOKEN")
    with pytest.raises(InvalidInput, match="environment variable TOKEN") as caught:
        variable_items(declaration, "app", SOURCES, None)
    assert CANARY not in str(caught.value)


# How a key is made


def test_a_minted_key_is_reusable_and_lives_long() -> None:
    key = key_options(declared("private_service", {**PRIVATE_SERVICE, **MINTED, "minted_key": {"api_key": CANARY}}))
    assert key == {
        **{"control": "tailscale", "api_key": CANARY},
        **{"reusable": True, "preauthorized": True, "expiry": "30d", "renew_before": "7d"},
    }


def test_the_declaration_decides_how_a_key_is_made() -> None:
    minted = {"api_key": CANARY, "reusable": "no", "expiry": "90d", "renew_before": "9d", "preauthorized": False}
    key = key_options(declared("private_service", {**PRIVATE_SERVICE, **MINTED, "minted_key": minted}))
    assert {name: key[name] for name in minted} == {**minted, "reusable": False}


def test_the_control_plane_is_reached_with_the_same_credentials() -> None:
    of_headscale = {"control": "headscale", "control_url": "https://hs", "user": "lab", "api_key": CANARY, "expiry": "90d"}
    declaration = declared("private_service", {**PRIVATE_SERVICE, **MINTED, "minted_key": of_headscale})
    assert control_options(declaration) == {"control": "headscale", "control_url": "https://hs", "user": "lab", "api_key": CANARY}
