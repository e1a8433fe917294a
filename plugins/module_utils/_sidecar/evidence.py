# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a sidecar writes what it observes: read through Nomad's API, and checked."""

from __future__ import annotations

import json
import math
import typing as t
from dataclasses import dataclass

from .._errors import NomadError, NotFound, Overloaded, Refused, Unreachable, absent
from .._json import Json
from .._nomad.allocations import TERMINAL_STATUSES
from .._nomad.client import Client

# Between two reads of the evidence while something waits for it.
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Reading:
    """The evidence and its age in seconds by the server's clock, or a verdict why there is none."""

    evidence: Json | None = None
    age: float | None = None
    verdict: str = ""
    reason: str = ""


def read_evidence(client: Client, allocation: Json, task: str) -> Reading:
    """Read an allocation's evidence. `stat` first: `cat` answers 200 with an error text for a file that is not there."""
    ident = allocation["ID"]
    query = {"path": f"{task}/local/run/evidence.json"}
    what = f"read the evidence of allocation {ident[:8]}"
    try:
        seen = client.get(f"/v1/client/fs/stat/{ident}", what, "read-fs", retries=False, **query)
        text = client.text(f"/v1/client/fs/cat/{ident}", what, "read-fs", **query)
    except (NotFound, Refused, Overloaded, Unreachable) as error:
        return _no_reading(client, allocation, task, error)
    try:
        evidence = json.loads(text)
    except ValueError:
        # Also the words for a file that has gone since `stat`.
        return Reading(verdict="never_written" if absent(text.strip()) else "refused", reason="the evidence is not JSON")
    if not _well_formed(evidence) or evidence["alloc_id"] != ident:
        return Reading(verdict="refused", reason="the file is no evidence of this allocation")
    return Reading(evidence, round(seen.time - evidence["time"], 1))


def is_time(value: t.Any) -> bool:
    """Whether it can be a time in seconds since 1970; JSON knows NaN, too."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def _well_formed(evidence: t.Any) -> bool:
    if not isinstance(evidence, dict) or not is_time(evidence.get("time")) or "alloc_id" not in evidence:
        return False
    status, serve = evidence.get("status") or {}, evidence.get("serve_config") or {}
    return isinstance(status, dict) and isinstance(status.get("Self") or {}, dict) and isinstance(serve, dict)


def _no_reading(client: Client, allocation: Json, task: str, error: NomadError) -> Reading:
    text = str(error.details.get("server", error))
    # Nomad 2.0.5 and later answer 404 for a node that is gone, earlier ones 500.
    if "No path to node" in text or "Unknown node" in text or error.details.get("status", 500) >= 500:
        return Reading(verdict="client_down", reason=f"Nomad cannot ask the client ({text})")
    if not isinstance(error, NotFound):
        return Reading(verdict="refused", reason=str(error))
    if allocation["ClientStatus"] in TERMINAL_STATUSES and ("nknown allocation" in text or not _has_files(client, allocation, task)):
        return Reading(verdict="collected", reason="Nomad has removed the files of the ended allocation")
    return Reading(verdict="never_written", reason="the sidecar has not written evidence")


def _has_files(client: Client, allocation: Json, task: str) -> bool:
    try:
        client.get(f"/v1/client/fs/stat/{allocation['ID']}", f"look for the files of {task}", "read-fs", path=task)
    except NotFound:
        return False
    return True


def dns_name(evidence: Json | None) -> str:
    """Return the node's full name without the trailing dot."""
    node = ((evidence or {}).get("status") or {}).get("Self") or {}
    return str(node.get("DNSName") or "").rstrip(".")
