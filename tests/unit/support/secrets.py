# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup `secret` outside of a template, and the declarations that tests give to it."""

from __future__ import annotations

import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.notailcar.nomad.plugins.lookup.secret import LookupModule

CANARY = "a-very-secret-value"
OF_VAULT = {"vault": {"path": "shop", "key": "password"}}


def look(*terms: t.Any) -> list[t.Any]:
    return LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), {})).run(list(terms), variables={})
