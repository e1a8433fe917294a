# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `posture_info`: the weak settings of a site."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from ...module_utils import _arguments
from .._durations import moment
from .._entry import Entry, Run
from .._errors import Failed, InvalidInput
from .._json import Json
from .._nomad.client import Client
from .._nomad.jobs import find_job
from .._nomad.paging import list_all
from .._redact import scrub

Finding = tuple[str, str, str]
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")
# Every sidecar of this collection has this environment variable.
SIDECAR_VARIABLE = "SIDECAR_TAGS"
KINDS = (
    *("acls_off", "http", "broad_variable", "image_latest"),
    *("key_reusable", "key_not_ephemeral", "key_untagged", "key_long_lived"),
)
# Parts of a path that only one task reads: nomad/jobs/JOB/GROUP/TASK.
NARROW = 5
# The fields of a key that are looked at, each with what it must be.
KEY_FIELDS: dict[str, tuple[str, t.Callable[[t.Any], bool]]] = {
    "id": ("a string", lambda value: isinstance(value, str)),
    "reusable": ("a boolean", lambda value: isinstance(value, bool)),
    "ephemeral": ("a boolean", lambda value: isinstance(value, bool)),
    "tags": ("a list", lambda value: isinstance(value, list)),
    "created": ("a time", lambda value: value is None or _moment(value) is not None),
    "expires": ("a time", lambda value: value is None or _moment(value) is not None),
}


def logic(params: Json, run: Run) -> Json:
    """Return the findings; with `strict` fail when one of them is not accepted."""
    if unknown := set(params["accept"]) - set(KINDS):
        raise InvalidInput(f"accept: {', '.join(sorted(unknown))} is not among {', '.join(KINDS)}.")
    for place, key in enumerate(params["keys"], 1):
        _check_key(key, place)
    client = Client.from_options(params)
    client = client.in_namespace(client.namespace or "default")
    sidecars = {(job["Namespace"], job["ID"]): job for job in _jobs_with_sidecar(client)}
    found = [*_of_nomad(client), *_of_variables(client, sidecars), *_of_images(sidecars.values())]
    found += [finding for key in params["keys"] for finding in _of_key(key, params["max_key_days"])]
    findings = [
        {"kind": kind, "subject": subject, "text": text, "accepted": kind in params["accept"]} for kind, subject, text in sorted(found)
    ]
    open_ = [f"{one['subject']}: {one['text']}" for one in findings if not one["accepted"]]
    if params["strict"] and open_ and not run.check:
        raise Failed("The posture is weaker than it need be:\n  " + "\n  ".join(open_), findings=findings)
    return {"changed": False, "findings": findings, "jobs": [ident for _namespace, ident in sorted(sidecars)]}


def _jobs_with_sidecar(client: Client) -> t.Iterator[Json]:
    for stub in list_all(client, "/v1/jobs", "list the jobs", "list-jobs"):
        if stub["Status"] != "dead":
            # None: it was purged after it was listed.
            job = find_job(client.in_namespace(stub["Namespace"]), stub["ID"])
            if job and any(SIDECAR_VARIABLE in (task.get("Env") or {}) for group in job["TaskGroups"] for task in group["Tasks"]):
                yield job


def _of_nomad(client: Client) -> t.Iterator[Finding]:
    address = urllib.parse.urlsplit(client.address)
    if address.scheme == "http" and not LOOPBACK.fullmatch(address.hostname or ""):
        yield "http", client.address, "Nomad is asked without TLS: tokens and secrets pass the network as they are"
    if client.acls_off():
        yield "acls_off", client.address, "ACLs are off: every job, and whoever reaches the API, reads every variable"


def _of_variables(client: Client, sidecars: t.Container[tuple[str, str]]) -> t.Iterator[Finding]:
    for found in list_all(client, "/v1/vars", "list the variables", "variables list", prefix="nomad/jobs"):
        parts = found["Path"].split("/")
        if len(parts) == 2:
            yield "broad_variable", found["Path"], "every job of the namespace reads it"
        elif len(parts) < NARROW and (found["Namespace"], parts[2]) in sidecars:
            yield "broad_variable", found["Path"], f"several tasks of {parts[2]} read it, the sidecar and the app among them"


def _of_images(jobs: t.Iterable[Json]) -> t.Iterator[Finding]:
    for job in jobs:
        for group in job["TaskGroups"]:
            for task in group["Tasks"]:
                image = str((task.get("Config") or {}).get("image") or "")
                name, _at, digest = image.partition("@")
                tag = name.rpartition("/")[2].partition(":")[2]
                where = f"{job['ID']}/{group['Name']}/{task['Name']}"
                if image and not digest and tag in ("", "latest"):
                    yield "image_latest", where, f"{image} is another image tomorrow: name a version"


def _check_key(key: Json, place: int) -> None:
    for name, (kind, fits) in KEY_FIELDS.items():
        if name in key and fits(key[name]):
            continue
        lack = f"has the {name} {scrub(json.dumps(key[name]))}, which is not {kind}" if name in key else f"has no {name}"
        raise InvalidInput(f"keys: entry {place} {lack}. Give the auth_keys that notailcar.nomad.tailscale_key_info returns.")


def _of_key(key: Json, max_days: int) -> t.Iterator[Finding]:
    if key.get("revoked") or key.get("expired"):
        return
    subject = f"key {key['id']}" + (f" ({key['description']})" if key.get("description") else "")
    if key["reusable"]:
        yield "key_reusable", subject, "who finds it adds any number of nodes until it expires"
    if not key["ephemeral"]:
        yield "key_not_ephemeral", subject, "its nodes stay in the tailnet when they are gone"
    if not key["tags"]:
        yield "key_untagged", subject, "its nodes are those of a person, with all that this person may"
    days = _days(key["created"], key["expires"])
    if days is None or days > max_days:
        lives = "without end" if days is None else f"{days:.0f} days"
        yield "key_long_lived", subject, f"it lives {lives} (at most {max_days} are wanted)"


def _days(created: str | None, expires: str | None) -> float | None:
    begin, end = _moment(created), _moment(expires)
    return None if begin is None or end is None else (end - begin) / 86400


def _moment(value: t.Any) -> float | None:
    try:
        return moment(value) if isinstance(value, str) else None
    except ValueError:
        # The thirteenth month.
        return None


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "keys": {"type": "list", "elements": "dict", "default": [], "no_log": False},
        "max_key_days": {"type": "int", "default": 30, "no_log": False},
        "accept": {"type": "list", "elements": "str", "default": []},
        "strict": {"type": "bool", "default": False},
    },
    logic=logic,
)
