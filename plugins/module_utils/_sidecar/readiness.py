# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node of the tailnet is what a service needs, or has logged out: a verdict on the evidence of its sidecar."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .._json import Json
from .evidence import Reading, dns_name, printable
from .serve_config import placeholders_of, stored_form


@dataclass(frozen=True)
class ExpectedNode:
    """The properties that a node must have. None: any value."""

    hostname: str | None = None
    tailnet: str | None = None
    tags: tuple[str, ...] | None = None
    serve_config: Json | None = None
    max_age: int = 30
    canary: bool = False


def readiness_verdict(reading: Reading, wanted: ExpectedNode) -> tuple[str, str]:
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
    verdict = _name_verdict(evidence, wanted) or _tags_verdict(node, wanted) or _serve_verdict(reading, evidence, wanted)
    if verdict:
        return verdict
    if evidence.get("phase") != "ready":
        return "not_ready", str(evidence.get("reason") or f"the sidecar is {evidence.get('phase')}")
    return "ready", ""


def logout_verdict(reading: Reading, ended: bool = False) -> tuple[str, str]:
    """Return verdict and reason of a node that should have left the tailnet; `ended`: its sidecar no longer runs."""
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


def _name_verdict(evidence: Json, wanted: ExpectedNode) -> tuple[str, str] | None:
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


def _tags_verdict(node: Json, wanted: ExpectedNode) -> tuple[str, str] | None:
    tags = set(node.get("Tags") or [])
    if wanted.tags is None or tags == set(wanted.tags):
        return None
    return "wrong_tags", f"the node's tags are {_names(tags)}, wanted were {_names(set(wanted.tags))}"


def _serve_verdict(reading: Reading, evidence: Json, wanted: ExpectedNode) -> tuple[str, str] | None:
    if wanted.serve_config is None:
        return None
    names = placeholders_of(evidence)
    in_force = stored_form(reading.serve_config, names)
    asked = stored_form(wanted.serve_config, names)
    if in_force == asked:
        return None
    differing = sorted(key for key in in_force.keys() | asked.keys() if in_force.get(key) != asked.get(key))
    certificates = ((evidence.get("status") or {}).get("CertDomains")) or []
    hint = (
        ""
        if certificates or "HTTPS" not in json.dumps(asked)
        else "; the tailnet offers no HTTPS certificates, so tailscale applies none of it"
    )
    return "serve_differs", f"the serve configuration in force differs from the wanted one in {printable(', '.join(differing))}{hint}"


def _names(tags: set[str]) -> str:
    return ", ".join(sorted(tags)) or "none"
