# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lookup `secret` finds a secret, and what it says when there is none."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError

from tests.unit.support.secrets import CANARY, OF_VAULT, look


def test_a_text_is_itself() -> None:
    assert look(CANARY, None, 7) == [CANARY, None, 7]


def test_of_the_controller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_TOKEN", CANARY)
    (tmp_path / "key").write_text(f" {CANARY}\r\n")
    assert look({"env": "SHOP_TOKEN"}, {"file": str(tmp_path / "key")}) == [CANARY, f" {CANARY}"]


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ({"env": "SHOP_TOKEN"}, "A secret is to be in the environment variable SHOP_TOKEN of the controller, which is not set or empty"),
        ({"file": "/dev/null"}, "A secret is to be in the file '/dev/null', which is empty"),
        ({"file": "/nowhere/key"}, "A secret is to be in the file '/nowhere/key', which does not exist: a relative path is seen from"),
        ({"file": "/"}, "A secret is to be in the file '/', which cannot be read: Is a directory"),
        ({"env": 7}, "A secret env must be the name of a variable"),
        ({"env": "A", "file": "b"}, "A secret must be a text, or a mapping with one of env, file, vault"),
        (OF_VAULT, "ansible-galaxy collection install community.hashi_vault"),
    ],
)
def test_a_source_without_a_secret(monkeypatch: pytest.MonkeyPatch, secret: t.Any, words: str) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "")
    with pytest.raises(AnsibleLookupError, match=words):
        look(secret)


def test_a_file_that_holds_no_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"caf\xe9")
    with pytest.raises(AnsibleLookupError, match="/key', which is no text in UTF-8"):
        look({"file": str(tmp_path / "key")})
