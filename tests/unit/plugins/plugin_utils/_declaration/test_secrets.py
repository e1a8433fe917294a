# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in the declaration of a secret, and in how a node logs in."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.unit.support.role_inputs import PRIVATE_SERVICE, sentences
from tests.unit.support.secrets import CANARY, OF_VAULT

Json = dict[str, t.Any]
LOGIN: Json = {**PRIVATE_SERVICE, "tags": ["tag:a"], "auth_key": CANARY}
IDENTITY = {"client_id": "k1", "audience": "api.tailscale.com/k1"}
KEY_OF_VAULT = {"path": "secret/data/a", "key": "auth_key"}


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        (True, "must be a text, or a mapping with one of env, file, vault"),
        (None, "must be a text, or a mapping with one of env, file, vault"),
        ([CANARY], "must be a text, or a mapping with one of env, file, vault"),
        ({"value": CANARY}, "must be a text, or a mapping with one of env, file, vault"),
        ({"env": "A", "file": "b"}, "must be a text, or a mapping with one of env, file, vault"),
        ({"env": ""}, "env must be the name of a variable"),
        (
            {"env": "SHOP_TOKEN"},
            "is to be in the environment variable SHOP_TOKEN of the controller, which is not set or empty: set it",
        ),
        ({"file": "/nowhere/key"}, f"is to be in the file '/nowhere/key', which does not exist: a relative path is seen from {Path.cwd()}"),
        ({"file": [CANARY]}, "file must be the path of a file"),
        ({"vault": CANARY}, "vault must be a mapping with path and key"),
        ({"vault": {"path": "shop"}}, "vault needs its key"),
        ({"vault": {**OF_VAULT["vault"], "engine_version": "v2"}}, "vault.engine_version must be 1 or 2"),
        (
            {"vault": {**OF_VAULT["vault"], "engine_version": 1, "version": 3}},
            "vault.version is for engines of kind 2: the other keeps one version only",
        ),
    ],
)
def test_a_declaration_that_says_nothing(secret: t.Any, sentence: str) -> None:
    task = {"name": "db", "image": "db:1", "secrets": {"B": secret}}
    assert sentences("private_service", {**LOGIN, "secrets": {"A": secret}, "tasks": [task]}) == [
        f"private_service_secrets.A {sentence}",
        f"private_service_tasks[0].secrets.B {sentence}",
    ]
    assert CANARY not in sentence


@pytest.mark.parametrize("state", ["rendered", "absent"])
def test_a_secret_is_needed_only_where_it_is_stored(state: str) -> None:
    assert sentences("private_service", {**LOGIN, "secrets": {"A": {"env": "SHOP_TOKEN"}}, "state": state}) == []


def test_a_source_that_has_the_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_TOKEN", CANARY)
    (tmp_path / "key").write_text(CANARY)
    secrets = {"A": {"env": "SHOP_TOKEN"}, "B": {"file": str(tmp_path / "key")}, "C": OF_VAULT, "D": CANARY, "E": 7}
    assert sentences("private_service", {**LOGIN, "secrets": secrets}) == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"auth_key": OF_VAULT},
        {"auth_key": None, "vault": {"auth_key": KEY_OF_VAULT}},
        {"auth_key": None, "workload_identity": IDENTITY},
        {"auth_key": None, "minted_key": {"api_key": CANARY}},
        {"auth_key": None, "state": "absent"},
    ],
)
def test_a_node_that_can_log_in(more: Json) -> None:
    assert sentences("private_service", {**LOGIN, **more}) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"auth_key": None}, "auth_key is required: a reusable, ephemeral auth key of your tailnet"),
        ({"auth_key": ""}, "auth_key is required: a reusable, ephemeral auth key of your tailnet"),
        ({"auth_key": {"env": 7}}, "auth_key env must be the name of a variable"),
        (
            {"auth_key": {"env": "SHOP_TOKEN"}},
            "auth_key is to be in the environment variable SHOP_TOKEN of the controller, which is not set or empty: set it",
        ),
        (
            {"auth_key": f"tskey-api-{CANARY}"},
            "auth_key is an API access token, which lets no node in: make an auth key (tskey-auth-…), or give this one in minted_key",
        ),
        (
            {"auth_key": f" tskey-client-{CANARY}\n"},
            "auth_key is the secret of an OAuth client, which lets no node in: make an auth key (tskey-auth-…), or give this one in "
            "minted_key",
        ),
        (
            {"auth_key": '{"env": "KEY"}'},
            "auth_key is a text that looks like a mapping: give what names a source as one, for example with -e in JSON",
        ),
        ({"vault": {"auth_key": {"path": "a"}}}, "vault.auth_key needs its key"),
        ({"vault": {"secrets": ["A"]}}, "vault.secrets must be a mapping"),
        ({"vault": {"secrets": "A=b"}}, "vault.secrets.A must be a mapping with path and key"),
        ({"vault": {"secrets": {"A": None}}}, "vault.secrets.A must be a mapping with path and key"),
        ({"vault": {"secrets": {"A": {**KEY_OF_VAULT, "engine_version": 3}}}}, "vault.secrets.A.engine_version must be 1 or 2"),
        (
            {"vault": {"secrets": {"A": {**KEY_OF_VAULT, "version": 3}}}},
            "vault.secrets.A does not know version, only engine_version, key, path: Nomad reads Vault's API by its path",
        ),
        ({"workload_identity": {"client_id": "k1"}}, "workload_identity needs client_id and audience"),
        (
            {"workload_identity": IDENTITY, "tags": []},
            "workload_identity needs tags: a tailnet gives a federated identity tagged nodes only",
        ),
        (
            {"workload_identity": IDENTITY, "vault": {"auth_key": KEY_OF_VAULT}},
            "vault.auth_key and workload_identity exclude each other: a node logs in by one of them",
        ),
        (
            {"workload_identity": IDENTITY, "minted_key": {"api_key": CANARY}},
            "minted_key and workload_identity exclude each other: a node logs in by one of them",
        ),
        ({"minted_key": {"control": "headscale", "user": "lab"}}, "minted_key needs control_url for headscale"),
        ({"minted_key": {"control": "headscale", "control_url": "https://hs"}}, "minted_key needs user for headscale"),
        ({"minted_key": {"api_key": CANARY}, "tags": []}, "minted_key needs tags: without them the nodes would be those of a person"),
    ],
)
def test_a_node_that_cannot_log_in(wrong: Json, sentence: str) -> None:
    assert sentences("private_service", {**LOGIN, **wrong}) == [f"private_service_{sentence}"]
    assert CANARY not in sentence


def test_a_secret_may_be_empty() -> None:
    assert sentences("private_service", {**LOGIN, "secrets": {"A": ""}}) == []
