# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `variable`: read, compare, write once with CAS. Values are never shown."""

from __future__ import annotations

import contextlib

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import Conflict, InvalidInput, NomadError
from .._json import Json
from .._nomad.client import Client
from .._nomad.variables import checked_variable_path, find_variable, variable_api_path

Items = dict[str, str]
VARIABLE_LIMIT_BYTES = 64 * 1024
# A shorter value ("true", "8080") is no secret worth hiding wherever it happens to occur.
SECRET_LENGTH = 6
NOT_SHOWN = "(value not shown)"


def logic(params: Json, run: Run) -> Json:
    """Bring the variable to the wanted state, or in check mode report the change."""
    client = Client.from_options(params)
    _choose_secrets(params, run)
    path = checked_variable_path(params["path"])
    client = client.for_one(f"variable {path}")
    wanted = _checked_items(params["items"]) if params["state"] == "present" else {}
    before, index = _read(client, path)
    _check_index(params["check_index"], index, path)
    wanted.update({key: before[key] for key in params["keep"] if key in wanted and key in before})
    others = sorted(before.keys() - wanted.keys()) if params["merge"] and wanted else []
    if others:
        wanted = {**before, **wanted}
        _check_size(wanted)
    if before != wanted and not run.check:
        index = _write(client, path, wanted, before, index)
        if wanted:
            _warn_without_acls(client, run)
    keys = {
        "added": sorted(wanted.keys() - before.keys()),
        "changed": sorted(key for key in wanted.keys() & before.keys() if wanted[key] != before[key]),
        "removed": sorted(before.keys() - wanted.keys()),
        "others": others,
    }
    result = {
        "changed": before != wanted,
        "path": path,
        "namespace": client.namespace,
        "modify_index": index,
        "keys": keys,
        "diff": {"before": _masked(before, keys["changed"], "old"), "after": _masked(wanted, keys["changed"], "new"), **_headers(path)},
    }
    if not params["return_previous"]:
        return result
    # They have to reach the result whole. The action keeps the result out of sight.
    run.secrets.clear()
    return {**result, "previous": before}


def _checked_items(items: Json | None) -> Items:
    if not items:
        raise InvalidInput("items is empty: Nomad keeps no empty variable. Use state=absent to delete it.")
    for key, value in items.items():
        if not isinstance(value, (str, int, float)):
            raise InvalidInput(
                f"items: the value of {key} is a {type(value).__name__}; Nomad keeps texts only. Use the filter to_json on it."
            )
    texts = {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in items.items()}
    _check_size(texts)
    return texts


def _check_size(texts: Items) -> None:
    size = sum(len(key.encode()) + len(value.encode()) for key, value in texts.items())
    if size > VARIABLE_LIMIT_BYTES:
        raise InvalidInput(
            f"items: {size} bytes of keys and values; a variable holds at most {VARIABLE_LIMIT_BYTES}. Split it over several paths."
        )


def _choose_secrets(params: Json, run: Run) -> None:
    """Keep ordinary words out of the scrubbing: results would be full of asterisks and still not more secret.

    The result is made of names, never of values; scrubbing is the second line of defence, for the words of a server.
    """
    items = params["items"] or {}
    visible = [params["path"], *map(str, items)]
    credentials = {params["token"], params["http_auth"]}
    for value in {str(value) for value in items.values()} - credentials:
        if len(value) < SECRET_LENGTH or any(value in text for text in visible):
            run.secrets.discard(value)


def _check_index(wanted: int | None, index: int, path: str) -> None:
    if wanted not in (None, index):
        raise Conflict(
            f"The variable {path} was changed by someone else: its index is {index}, not {wanted}. Nothing was written. Run again.",
            check_index=wanted,
            modify_index=index,
        )


def _read(client: Client, path: str) -> tuple[Items, int]:
    """Return items and index to write against; 0 means that the variable must not exist."""
    found = find_variable(client, path)
    return (found["Items"], int(found["ModifyIndex"])) if found else ({}, 0)


def _write(client: Client, path: str, wanted: Items, before: Items, index: int) -> int:
    try:
        if not wanted:
            client.delete(variable_api_path(path), f"delete the variable {path}", "variables destroy", cas=index)
            return 0
        body = {"Path": path, "Namespace": client.namespace, "Items": wanted}
        return int(
            client.put(variable_api_path(path), body, f"write the variable {path}", "variables write", cas=index).data["ModifyIndex"]
        )
    except Conflict as error:
        # Our own write arrived, but its answer was lost on the way and it was sent again: that is no conflict.
        now, new_index = _read(client, path)
        if now == wanted:
            return new_index
        kind = "changed" if before else "created"
        raise Conflict(
            f"The variable {path} was {kind} by someone else in between; nothing was written. Run again.", **error.details
        ) from None


def _warn_without_acls(client: Client, run: Run) -> None:
    # The variable is written: that this question had no answer is no failure.
    with contextlib.suppress(NomadError):
        if client.acls_off():
            run.warn("ACLs are off in this Nomad: every job, and whoever reaches its API, reads this variable. Turn them on.")


def _masked(items: Items, changed: list[str], age: str) -> str:
    return "".join(f"{key}: ({age} value, not shown)\n" if key in changed else f"{key}: {NOT_SHOWN}\n" for key in sorted(items))


def _headers(path: str) -> Json:
    return {"before_header": path, "after_header": path}


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "path": {"type": "str", "required": True},
        "items": {"type": "dict", "no_log": True},
        "keep": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "merge": {"type": "bool", "default": False},
        "check_index": {"type": "int"},
        "return_previous": {"type": "bool", "default": False},
    },
    relations={"required_if": [("state", "present", ["items"])]},
    logic=logic,
)
