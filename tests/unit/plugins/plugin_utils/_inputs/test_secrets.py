# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in the declaration of a secret, and in how a node logs in."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._inputs.secrets import login_problems, secret_problems

from tests.unit.support.secrets import CANARY, OF_VAULT


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ([CANARY], "must be a text, or a mapping with one of env, file, vault"),
        ({"value": CANARY}, "must be a text, or a mapping with one of env, file, vault"),
        ({"env": ""}, "env must be the name of a variable"),
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
    assert list(secret_problems(secret)) == [sentence]
    assert CANARY not in sentence


LOGIN: dict[str, t.Any] = {
    "state": "present",
    "tags": ["tag:a"],
    "auth_key": CANARY,
    "minted_key": {},
    "vault": {},
    "workload_identity": {},
}
IDENTITY = {"client_id": "k1", "audience": "api.tailscale.com/k1"}
KEY_OF_VAULT = {"path": "secret/data/a", "key": "auth_key"}


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
def test_a_node_that_can_log_in(more: dict[str, t.Any]) -> None:
    assert not list(login_problems({**LOGIN, **more}))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"auth_key": None}, "auth_key is required: a reusable, ephemeral auth key of your tailnet"),
        ({"auth_key": {"env": 7}}, "auth_key env must be the name of a variable"),
        (
            {"auth_key": '{"env": "KEY"}'},
            "auth_key is a text that looks like a mapping: give what names a source as one, for example with -e in JSON",
        ),
        ({"vault": {"auth_key": {"path": "a"}}}, "vault.auth_key needs its key"),
        ({"vault": {"secrets": "A=b"}}, "vault.secrets must be a mapping of variables to path and key"),
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
        ({"minted_key": {"control": "headscale", "user": "lab"}}, "minted_key needs control_url for headscale"),
        ({"minted_key": {"api_key": CANARY}, "tags": []}, "minted_key needs tags: without them the nodes would be those of a person"),
    ],
)
def test_a_node_that_cannot_log_in(wrong: dict[str, t.Any], sentence: str) -> None:
    assert list(login_problems({**LOGIN, **wrong})) == [sentence]
