# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role private_service, beyond the types of its argument specification."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

Inputs = Mapping[str, t.Any]

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# With it the variable's path has at most 128 characters, and the name of the health check's service 63.
JOB = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
TAG = re.compile(r"tag:[a-zA-Z][a-zA-Z0-9-]*")
URL = re.compile(r"https?://\S+")
BELOW_LOCAL = re.compile(r"local/(?!.*\.\.).*")

# What comes from `-e name=value` is text, which the argument specification would take for a list or mapping; a template would not.
SHAPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(("args", "constraints", "datacenters", "files", "tags"), (list, "must be a list")),
    **dict.fromkeys(("env", "resources"), (dict, "must be a mapping")),
}


def problems(inputs: Inputs) -> list[str]:
    """Return a sentence for each problem; `inputs` are the role's variables by their names without the role's prefix."""
    misshapen = {name: f"{name} {must}" for name, (kind, must) in SHAPES.items() if not isinstance(inputs[name], kind)}
    well_shaped = {**inputs, **dict.fromkeys(misshapen, ())}
    return [f"private_service_{sentence}" for sentence in (*misshapen.values(), *_sentences(well_shaped))]


def _sentences(inputs: Inputs) -> t.Iterator[str]:
    if not JOB.fullmatch(str(inputs["name"])):
        yield f"name '{inputs['name']}' is no DNS label: use a-z, 0-9 and -, at most 53 characters"
    if not LABEL.fullmatch(str(inputs["hostname"])):
        yield f"hostname '{inputs['hostname']}' is no DNS label: use a-z, 0-9 and -, at most 63 characters"
    if strange := [str(tag) for tag in inputs["tags"] if not TAG.fullmatch(str(tag))]:
        yield f"tags: '{_quoted(strange)}' must be of the form tag:name"
    if inputs["login_server"] and not URL.fullmatch(inputs["login_server"]):
        yield f"login_server '{inputs['login_server']}' is no URL"
    if outside := [file["path"] for file in inputs["files"] if not BELOW_LOCAL.fullmatch(file["path"])]:
        yield f"files: '{_quoted(outside)}' must lie below local/"
    if inputs["state"] != "absent":
        if not inputs["image"]:
            yield "image is required"
        if not _is_port(inputs["port"]):
            yield "port is required, from 1 to 65535"
    if not _is_port(inputs["serve_port"]):
        yield "serve_port must lie between 1 and 65535"
    if inputs["state"] == "present" and not (inputs["auth_key"] or "").strip():
        yield "auth_key is required: a reusable, ephemeral auth key of your tailnet"


def _quoted(words: t.Iterable[str]) -> str:
    return "', '".join(words)


def _is_port(value: t.Any) -> bool:
    return str(value).isdecimal() and 1 <= int(value) <= 65535
