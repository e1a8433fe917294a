# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a Vault that gives no secret."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible_collections.notailcar.nomad.plugins.plugin_utils import _vault

from tests.unit.support.secrets import OF_VAULT, look


def causing(cause: Exception) -> AnsibleError:
    """As hashi_vault raises it."""
    error = AnsibleError("hashi_vault's own words")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("VaultDown", "Vault is sealed", "it is sealed"),
        ("ReadTimeout", "Read timed out. (read timeout=1)", "it does not answer in time"),
        ("ConnectionError", "Connection refused", "it cannot be reached"),
        ("Forbidden", "permission denied, invalid token", "it does not know the token"),
        ("Forbidden", "permission denied", "the token may not read it"),
        ("Anything", "no auth method", "no auth method"),
    ],
)
def test_each_failure_of_vault_has_its_words(monkeypatch: pytest.MonkeyPatch, name: str, said: str, words: str) -> None:
    class Lookup:
        def run(self, _terms: list[str], **_options: t.Any) -> list[t.Any]:
            raise causing(type(name, (OSError,), {})(said))

    monkeypatch.setattr(_vault.lookup_loader, "get", lambda *_args, **_more: Lookup())
    with pytest.raises(AnsibleLookupError, match=f"Could not read the key password of shop from Vault: {words}"):
        look(OF_VAULT)
