# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a sidecar writes what it observes: read through Nomad's API, and checked."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field

from .._errors import NomadError, NotFound, Overloaded, Refused, Unreachable, absent
from .._json import Json
from .._nomad.allocations import TERMINAL_STATUSES
from .._nomad.client import Client
from .._redact import scrub
from .._shape import Shape, mismatch

# Between two reads of the evidence while something waits for it.
POLL_SECONDS = 1.0
# No clock of a machine is later: the year 5138.
LATEST = 100_000_000_000
# More levels than any evidence has.
DEEPEST = 50


def is_time(value: t.Any) -> bool:
    """Whether it can be a time in seconds since 1970."""
    return type(value) in (int, float) and 0 <= value < LATEST


def _optional(**fields: Shape) -> Shape:
    """Return the shape of an object whose fields may be missing or null."""
    return {name: (shape, None) for name, shape in fields.items()}


# The fields that are judged or shown; the evidence has others.
EVIDENCE = _optional(
    **{"alloc_id": str, "phase": str, "reason": str, "joined": bool, "key_expired": bool, "canary": bool},
    **{"boot_id": str, "netns": str, "app_port": int, "open_ports": [int], "serve_config": dict},
    status=_optional(
        **{"BackendState": str, "TailscaleIPs": [str], "CertDomains": [str], "Health": [str]},
        Self=_optional(DNSName=str, Online=bool, Expired=bool, KeyExpiry=str, Tags=[str]),
    ),
    egress=_optional(
        **{"verdict": str, "reason": str, "level": str, "expect": str, "observed": str, "exit_node": str},
        **{"direct": [str], "interfaces": [str], "checked": is_time, "begun": _optional(boot_id=str, netns=str)},
        exit_node_status=_optional(address=str, online=bool),
    ),
)
# In a path, the place in a list.
INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Reading:
    """The evidence and its age in seconds by the server's clock, or a verdict why there is none.

    Every string of the evidence may be printed. `serve_config` is the Serve configuration in force as tailscale printed it: it is only
    compared.
    """

    evidence: Json | None = None
    age: float | None = None
    verdict: str = ""
    reason: str = ""
    serve_config: Json = field(default_factory=dict)


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
        written = json.loads(text)
        evidence = printable(written)
    except (ValueError, RecursionError):
        # Also the words for a file that has gone since `stat`.
        return Reading(verdict="never_written" if absent(text.strip()) else "refused", reason="the evidence is not JSON")
    if not isinstance(evidence, dict) or evidence.get("alloc_id") != ident:
        return Reading(verdict="refused", reason="the file is no evidence of this allocation")
    misfit = _misfit(evidence)
    if misfit:
        return Reading(verdict="refused", reason=f"the file is no evidence of this allocation: no sidecar writes such a field {misfit}")
    return Reading(evidence, round(seen.time - evidence["time"], 1), serve_config=written.get("serve_config") or {})


def printable(value: t.Any, levels: int = DEEPEST) -> t.Any:
    """Return a JSON value whose strings, each of one line, hold no credential and nothing that controls a terminal; raises ValueError."""
    if isinstance(value, str):
        return " ".join(scrub(value.encode(errors="replace").decode()).split())
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ValueError("JSON has no such number")
    if isinstance(value, (dict, list)) and not levels:
        raise ValueError("too many levels")
    if isinstance(value, dict):
        return {printable(key, 0): printable(part, levels - 1) for key, part in value.items()}
    return [printable(part, levels - 1) for part in value] if isinstance(value, list) else value


def _misfit(evidence: Json) -> str:
    """Return the name of a field that is not of its type, or an empty string."""
    wrong = mismatch(evidence, EVIDENCE)
    if wrong:
        return INDEX.sub("", wrong[0]).lstrip(".")
    return "" if is_time(evidence.get("time")) else "time"


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
