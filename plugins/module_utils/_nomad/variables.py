# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad Variables as Nomad keeps them."""

from __future__ import annotations

import re
import urllib.parse

from .._errors import InvalidInput, NotFound
from .._json import Json
from .client import Client

VARIABLE_PATH = re.compile(r"[a-zA-Z0-9_~/-]{1,128}")


def checked_variable_path(path: str) -> str:
    """Return the path as Nomad keeps it, or raise InvalidInput."""
    path = path.strip("/")
    if not VARIABLE_PATH.fullmatch(path):
        raise InvalidInput(f"path {path!r} is not a variable's path: 1 to 128 of letters, digits and - _ ~ /.")
    parts = path.split("/")
    if "" in parts:
        raise InvalidInput(f"path {path!r} has an empty part between two slashes: Nomad's API cannot be asked for it.")
    if parts[0] == "nomad" and (len(parts) < 2 or parts[1] not in ("jobs", "job-templates")):
        raise InvalidInput(f"path {path!r}: below nomad/ only nomad/jobs/… and nomad/job-templates/… exist.")
    return path


def find_variable(client: Client, path: str) -> Json | None:
    """Return the variable as Nomad has it, with its values; None where there is none."""
    try:
        found: Json = client.get(variable_api_path(path), f"read the variable {path}", "variables read").data
    except NotFound:
        return None
    return found


def variable_api_path(path: str) -> str:
    return "/v1/var/" + urllib.parse.quote(path, safe="/~")
