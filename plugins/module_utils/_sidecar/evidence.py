# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a sidecar writes what it observes: read through Nomad's API, checked, and judged."""

from __future__ import annotations

import json
import math
import typing as t
from dataclasses import dataclass

from .._errors import NomadError, NotFound, Overloaded, Refused, Unreachable
from .._nomad.allocations import TERMINAL
from .._nomad.client import Client

Json = dict[str, t.Any]
# What a sidecar fills in, in the serve configuration that it is given.
DOMAIN = "${TS_CERT_DOMAIN}"
TAILNET = "${SIDECAR_TAILNET}"
APP_PORT = "${SIDECAR_APP_PORT}"


@dataclass(frozen=True)
class Wanted:
    """What a node must be. None: not asked for."""

    hostname: str | None = None
    tailnet: str | None = None
    tags: tuple[str, ...] | None = None
    serve_config: Json | None = None
    max_age: int = 30
    canary: bool = False


@dataclass(frozen=True)
class Reading:
    """What was found: the evidence and its age in seconds by the server's clock, or a verdict why there is none."""

    evidence: Json | None = None
    age: float | None = None
    verdict: str = ""
    reason: str = ""


def read(client: Client, allocation: Json, task: str) -> Reading:
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
        return Reading(verdict="never_written", reason="the evidence is not JSON")
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
    if "No path to node" in text or error.details.get("status", 500) >= 500:
        return Reading(verdict="client_down", reason=f"Nomad cannot ask the client ({text})")
    if not isinstance(error, NotFound):
        return Reading(verdict="refused", reason=str(error))
    if allocation["ClientStatus"] in TERMINAL and ("nknown allocation" in text or not _has_files(client, allocation, task)):
        return Reading(verdict="collected", reason="Nomad has removed the files of the ended allocation")
    return Reading(verdict="never_written", reason="the sidecar has not written evidence")


def _has_files(client: Client, allocation: Json, task: str) -> bool:
    try:
        client.get(f"/v1/client/fs/stat/{allocation['ID']}", f"look for the files of {task}", "read-fs", path=task)
    except NotFound:
        return False
    return True


def judge(reading: Reading, wanted: Wanted) -> tuple[str, str]:
    """Return verdict and reason of a node that should be ready: the strict proof."""
    if reading.evidence is None:
        return reading.verdict, reading.reason
    evidence = reading.evidence
    age = reading.age or 0
    if age > wanted.max_age:
        return "stale", f"the evidence is {age:.0f} s old (at most {wanted.max_age} s): the sidecar does not observe any more"
    if age < -wanted.max_age:
        return "stale", f"the evidence is {-age:.0f} s ahead of the server's clock: how fresh it is cannot be known"
    status = evidence.get("status") or {}
    node = status.get("Self") or {}
    if evidence.get("key_expired") or node.get("Expired"):
        return "key_expired", _expired(node, evidence)
    if status.get("BackendState") != "Running":
        return "not_ready", _state(status, evidence)
    if not status.get("TailscaleIPs"):
        return "not_ready", "the node has no tailnet address"
    if not node.get("Online"):
        return "not_ready", "the control server does not see the node online"
    for check in (_judge_name, _judge_tags, _judge_serve):
        verdict = check(evidence, node, wanted)
        if verdict:
            return verdict
    if evidence.get("phase") != "ready":
        return "not_ready", str(evidence.get("reason") or f"the sidecar is {evidence.get('phase')}")
    return "ready", ""


def judge_logout(reading: Reading, ended: bool = False) -> tuple[str, str]:
    """Return verdict and reason of a node that should have left the tailnet; `ended`: its sidecar does nothing any more."""
    if reading.evidence is None and ended and reading.verdict == "never_written":
        return "abandoned", "the sidecar left no evidence; the control server forgets an ephemeral node later, by itself"
    if reading.evidence is None:
        return reading.verdict, reading.reason
    phase = reading.evidence.get("phase")
    if phase == "logged_out":
        return "logged_out", ""
    if reading.evidence.get("joined") is False:
        return "never_joined", "the node never joined the tailnet"
    if ended and phase != "stopped":
        return "abandoned", "the sidecar was killed before it could log out; the control server forgets an ephemeral node later, by itself"
    return "not_ready", str(reading.evidence.get("reason") or f"the sidecar ended as {phase}")


def dns_name(evidence: Json | None) -> str:
    """Return the node's full name without the trailing dot."""
    node = ((evidence or {}).get("status") or {}).get("Self") or {}
    return str(node.get("DNSName") or "").rstrip(".")


def _expired(node: Json, evidence: Json) -> str:
    when = f"expired at {node['KeyExpiry']}" if node.get("KeyExpiry") else "has expired"
    said = evidence.get("reason") if evidence.get("phase") != "ready" else ""
    return f"the node's key {when}" + (f"; {said}" if said else "")


def _state(status: Json, evidence: Json) -> str:
    state = status.get("BackendState") or "not started"
    hints = {
        "NeedsLogin": "it is not logged in; is the auth key valid (expired, used, revoked)?",
        "NeedsMachineAuth": "the device waits for approval in the tailnet",
        "Stopped": "it was told to stay down",
    }
    said = [f"tailscale is {state}", hints.get(state, ""), str(evidence.get("reason") or "")]
    health = status.get("Health") or []
    return "; ".join(part for part in [*said, *health[:2]] if part)


def _judge_name(evidence: Json, _node: Json, wanted: Wanted) -> tuple[str, str] | None:
    name = dns_name(evidence)
    host, _dot, tailnet = name.partition(".")
    hostname = wanted.hostname and wanted.hostname + ("-canary" if evidence.get("canary") and wanted.canary else "")
    if hostname and host != hostname:
        if evidence.get("canary") and not wanted.canary:
            reason = f"the node is called {name}: it is a canary, which was not promoted"
        elif host.startswith(hostname + "-"):
            reason = f"the node is called {name}: another node, often the old one, still holds {hostname}; remove that one"
        else:
            reason = f"the node is called {name}, wanted was {hostname}"
        return "wrong_name", reason
    if wanted.tailnet and tailnet != wanted.tailnet.strip("."):
        return "wrong_name", f"the node is {name}, wanted was a name in {wanted.tailnet}: is it the right tailnet?"
    return None


def _judge_tags(_evidence: Json, node: Json, wanted: Wanted) -> tuple[str, str] | None:
    tags = set(node.get("Tags") or [])
    if wanted.tags is None or tags == set(wanted.tags):
        return None
    return "wrong_tags", f"the node's tags are {_names(tags)}, wanted were {_names(set(wanted.tags))}"


def _judge_serve(evidence: Json, _node: Json, wanted: Wanted) -> tuple[str, str] | None:
    if wanted.serve_config is None:
        return None
    names = _names_of(evidence)
    in_force = _filled(evidence.get("serve_config") or {}, names)
    asked = _filled(wanted.serve_config, names)
    if in_force == asked:
        return None
    differing = sorted(key for key in in_force.keys() | asked.keys() if in_force.get(key) != asked.get(key))
    certificates = ((evidence.get("status") or {}).get("CertDomains")) or []
    hint = (
        ""
        if certificates or "HTTPS" not in json.dumps(asked)
        else "; the tailnet offers no HTTPS certificates, so tailscale applies none of it"
    )
    return "serve_differs", f"the serve configuration in force differs from the wanted one in {', '.join(differing)}{hint}"


def _names_of(evidence: Json) -> dict[str, str]:
    """Return what the sidecar puts for its placeholders."""
    name = dns_name(evidence)
    return {DOMAIN: name, TAILNET: name.partition(".")[2], APP_PORT: str(evidence.get("app_port") or "")}


def _filled(value: t.Any, names: dict[str, str]) -> t.Any:
    """Return a serve config as tailscale keeps it: placeholders filled in, false, null and empty parts left out."""
    if isinstance(value, dict):
        parts = {_filled(key, names): _filled(part, names) for key, part in value.items() if key != "ETag"}
        return {key: part for key, part in parts.items() if part not in (None, False, "", {}, [])}
    if isinstance(value, list):
        return [_filled(part, names) for part in value]
    if isinstance(value, str):
        for placeholder, name in names.items():
            value = value.replace(placeholder, name)
    return value


def _names(tags: set[str]) -> str:
    return ", ".join(sorted(tags)) or "none"
