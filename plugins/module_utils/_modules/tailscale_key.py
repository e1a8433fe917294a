# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `tailscale_key`: a new key only when the current one is not usable."""

from __future__ import annotations

import typing as t

from ...module_utils import _arguments
from .._durations import seconds, shown
from .._entry import Entry, Run
from .._errors import InvalidInput
from .._json import Json
from .._tailnet.auth_keys import AuthKey, KeyRequest
from .._tailnet.control_plane import ControlPlane, control_plane_of
from .._tailnet.names import checked_tags

ALIKE = ("reusable", "ephemeral", "preauthorized", "tags")


def logic(params: Json, run: Run) -> Json:
    """Ensure that there is a usable key, or none; in check mode report the change."""
    control = control_plane_of(params, run.secrets)
    return _present(control, params, run) if params["state"] == "present" else _absent(control, params, run)


def _present(control: ControlPlane, params: Json, run: Run) -> Json:
    wanted = _wanted(params)
    renew_before = seconds("renew_before", params["renew_before"])
    if renew_before >= wanted.expiry:
        raise InvalidInput("renew_before is not shorter than expiry: every run would make a key.")
    control.check(wanted)
    current = control.key(params["current"]) if params["current"] and _from_here(control, params) else None
    reason = "forced" if params["force"] else _reason(current, wanted, renew_before)
    origin = {"origin": control.origin}
    if current and not reason:
        return {"changed": False, "id": current.id, "expires": shown(current.expires), "reason": None, **origin}
    if run.check:
        return {"changed": True, "id": None, "expires": None, "reason": reason, **origin}
    # The text is no secret of this run: it has to reach the result whole. The action keeps the result out of sight.
    made, text = control.make(wanted)
    return {"changed": True, "id": made.id, "expires": shown(made.expires), "reason": reason, "key": text, **origin}


def _absent(control: ControlPlane, params: Json, run: Run) -> Json:
    if not params["id"]:
        raise InvalidInput("id is empty: which key?")
    found = control.key(params["id"]) if _from_here(control, params) else None
    alive = found is not None and not found.spent
    if found and alive and not run.check:
        control.revoke(found)
    return {"changed": alive, "id": params["id"]}


def _from_here(control: ControlPlane, params: Json) -> bool:
    return params["origin"] in (None, control.origin)


def _wanted(params: Json) -> KeyRequest:
    expiry = seconds("expiry", params["expiry"])
    if not expiry:
        raise InvalidInput("expiry is 0; such a key lets no node in.")
    return KeyRequest(
        reusable=params["reusable"],
        ephemeral=params["ephemeral"],
        preauthorized=params["preauthorized"],
        tags=checked_tags(params["tags"]),
        expiry=expiry,
        description=params["description"],
    )


def _reason(current: AuthKey | None, wanted: KeyRequest, renew_before: int) -> str | None:
    """Return why the current key is not usable; None when it is."""
    if current is None:
        return "no current key"
    if current.spent:
        return current.spent
    different = [name for name in ALIKE if _comparable(current, name) != _comparable(wanted, name)]
    if different:
        return f"differs in {', '.join(different)}"
    ends_soon = current.expires is not None and current.expires - current.now <= renew_before
    return "ends soon" if ends_soon else None


def _comparable(key: AuthKey | KeyRequest, name: str) -> t.Any:
    value = getattr(key, name)
    return sorted(value) if name == "tags" else value


ENTRY = Entry(
    arguments={
        **_arguments.control(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "id": {"type": "str"},
        "current": {"type": "str"},
        "origin": {"type": "str"},
        "renew_before": {"type": "str", "default": "0"},
        "force": {"type": "bool", "default": False},
        "reusable": {"type": "bool", "default": False},
        "ephemeral": {"type": "bool", "default": True},
        "preauthorized": {"type": "bool", "default": True},
        "tags": {"type": "list", "elements": "str", "default": []},
        "expiry": {"type": "str", "default": "1h"},
        "description": {"type": "str", "default": ""},
    },
    relations={"required_if": [("state", "absent", ["id"])]},
    logic=logic,
)
