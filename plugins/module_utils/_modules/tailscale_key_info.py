# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `tailscale_key_info`: which auth keys there are, never their texts."""

from __future__ import annotations

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput
from .._json import Json
from .._tailnet.control_plane import control_plane_of


def logic(params: Json, run: Run) -> Json:
    """Return one auth key, or all that are listed; nothing where there is none."""
    control = control_plane_of(params, run.secrets)
    if params["id"] == "":
        raise InvalidInput("id is empty; leave it out for all keys.")
    found = control.keys() if params["id"] is None else [control.key(params["id"])]
    return {"changed": False, "auth_keys": [key.shown() for key in found if key]}


ENTRY = Entry(arguments={**_arguments.control(), "id": {"type": "str"}}, logic=logic)
