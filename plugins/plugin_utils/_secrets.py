# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets from the sources that their declarations name."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput

from . import _vault
from ._declaration.secrets import secret_problems


@dataclass(frozen=True)
class SecretSources:
    """Reads secrets; the lookups of community.hashi_vault take the variables, the loader and the templar of a task."""

    variables: t.Any
    loader: t.Any
    templar: t.Any

    def read(self, secret: t.Any) -> t.Any:
        """Return a secret that is a text as it is, and one with a source from there; raise InvalidInput where it is not there."""
        if not isinstance(secret, Mapping):
            return secret
        if wrong := next(secret_problems(secret), None):
            raise InvalidInput(f"A secret {wrong}.")
        ((source, where),) = secret.items()
        if source == "env":
            return os.environ[where]
        if source == "file":
            return Path(where).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        try:
            return _vault.read_vault_key(where, self.variables, self.loader, self.templar)
        except AnsibleLookupError as error:
            raise InvalidInput(str(error)) from None
