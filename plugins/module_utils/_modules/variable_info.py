# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `variable_info`: paths and names of keys, never values."""

from __future__ import annotations

from ...module_utils import _arguments
from .._durations import NANOSECONDS
from .._entry import Entry, Run
from .._json import Json
from .._nomad.client import Client
from .._nomad.paging import list_all
from .._nomad.variables import checked_variable_path, find_variable


def logic(params: Json, _run: Run) -> Json:
    """Return one variable with the names of its keys, or all below a prefix; nothing where there is none."""
    client = Client.from_options(params)
    if params["path"] is not None:
        path = checked_variable_path(params["path"])
        found = find_variable(client.for_one(f"variable {path}"), path)
        variables = [_with_keys(found, params["reveal"])] if found else []
    else:
        client = client.in_namespace(client.namespace or "default")
        listed = list_all(client, "/v1/vars", "list the variables", "variables list", prefix=params["prefix"] or None)
        variables = [_variable(one) for one in sorted(listed, key=lambda one: (one["Namespace"], one["Path"]))]
    return {"changed": False, "variables": variables}


def _with_keys(found: Json, reveal: list[str]) -> Json:
    items = found["Items"]
    return {**_variable(found), "keys": sorted(items), "revealed": {key: items[key] for key in reveal if key in items}}


def _variable(found: Json) -> Json:
    return {
        "path": found["Path"],
        "namespace": found["Namespace"],
        "modify_index": found["ModifyIndex"],
        "create_time": found["CreateTime"] // NANOSECONDS,
        "modify_time": found["ModifyTime"] // NANOSECONDS,
    }


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "path": {"type": "str"},
        "prefix": {"type": "str"},
        "reveal": {"type": "list", "elements": "str", "default": [], "no_log": False},
    },
    relations={"mutually_exclusive": [("path", "prefix")]},
    logic=logic,
)
