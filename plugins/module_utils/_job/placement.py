# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the scheduler found no place, in words; Nomad's own term comes first, so that it can be searched for."""

from __future__ import annotations

import re
import typing as t

from .._json import Json

# Constraints that are in no spec: Nomad adds them for features that a group uses.
IMPLICIT = (
    (
        re.compile(r"\$\{attr\.consul\."),
        'Nomad adds this for services of the provider consul; where no Consul runs, say provider = "nomad"',
    ),
    (re.compile(r"\$\{attr\.vault\."), "Nomad adds this for tasks with a vault block"),
    (re.compile(r"\$\{attr\.plugins\.cni\.version\."), "Nomad adds this for networks of the mode bridge: the client lacks the CNI plugins"),
    (re.compile(r"\$\{attr\.plugins\.secrets\."), "Nomad adds this for tasks with a secret block: the client lacks the provider's plugin"),
    (re.compile(r"\$\{attr\.os\.signals\}"), "Nomad adds this for tasks that are sent a signal: the client's system does not know it"),
)
PORT_TAKEN = re.compile(r"network: reserved port collision \S+=(\d+)")
RESOURCE_AMOUNTS = {"memory": ("MemoryMB", "MB"), "cpu": ("CPU", "MHz"), "cores": ("Cores", "cores")}


def placement_failures(metrics: Json, job: Json, group: str) -> list[str]:
    """Return why a group of the job got no place; `metrics` is Nomad's AllocationMetric."""
    evaluated = metrics.get("NodesEvaluated") or 0
    spec: Json = next((one for one in job.get("TaskGroups") or [] if one.get("Name") == group), {})

    def nodes(count: int) -> str:
        return f"{count} of {evaluated} node{'s' if evaluated != 1 else ''}"

    found = [] if evaluated else [f"no node was eligible: no ready node is in {_where(metrics, job)}"]
    found += [f"no node is available in datacenter {name}" for name, count in _sorted(metrics, "NodesAvailable") if not count]
    found += [_filtered(term.strip(), nodes(count), spec) for term, count in _sorted(metrics, "ConstraintFiltered")]
    found += [f"class {name}: {nodes(count)} excluded" for name, count in _sorted(metrics, "ClassFiltered") if name]
    found += [_exhausted(term, nodes(count), evaluated, spec) for term, count in _sorted(metrics, "DimensionExhausted")]
    found += [f"class {name}: exhausted on {nodes(count)}" for name, count in _sorted(metrics, "ClassExhausted") if name]
    found += [f"quota limit hit: {name}" for name in metrics.get("QuotaExhausted") or []]
    return found or ["the scheduler gives no reason"]


def _where(metrics: Json, job: Json) -> str:
    pool = f"node pool {metrics.get('NodePool') or job.get('NodePool') or 'default'}"
    datacenters = [name for name in job.get("Datacenters") or [] if name != "*"]
    return f"datacenter {' or '.join(datacenters)} of {pool}" if datacenters else pool


def _filtered(term: str, nodes: str, spec: Json) -> str:
    tasks = spec.get("Tasks") or []
    if term == "missing drivers":
        return f"{term}: {_any(task.get('Driver') for task in tasks)} is not there, or not healthy, on {nodes}"
    if term == "missing devices":
        devices = [device.get("Name") for task in tasks for device in (task.get("Resources") or {}).get("Devices") or []]
        return f"{term}: {_any(devices)} is not there on {nodes}"
    if term == "missing compatible host volumes":
        volumes = [volume.get("Source") for volume in (spec.get("Volumes") or {}).values() if volume.get("Type") == "host"]
        return f"{term}: {_any(volumes)} is not there, or not for this access, on {nodes}; a client declares it as host_volume"
    if term == "missing network":
        return f"{term}: network mode {_any(network.get('Mode') for network in spec.get('Networks') or [])} is not there on {nodes}"
    if term.startswith("missing host network"):
        return f"{term}: not there on {nodes}; a client declares it as host_network"
    if term.startswith("missing CSI Volume"):
        return f"{term}: create or register it first (nomad volume create, nomad volume register)"
    if term == "distinct_hosts":
        return f"{term}: {nodes} already holds an allocation of the job; count {spec.get('Count') or 1} needs as many nodes"
    if term.startswith("distinct_property"):
        return f"{term}: excludes {nodes}"
    if term == "computed class ineligible":
        return f"{term}: {nodes} like one that is excluded for another reason"
    hint = next((f" ({words})" for pattern, words in IMPLICIT if pattern.match(term)), "")
    return f"constraint {term}: excludes {nodes}{hint}"


def _exhausted(term: str, nodes: str, evaluated: int, spec: Json) -> str:
    if PORT_TAKEN.fullmatch(term):
        count = spec.get("Count") or 1
        more = f"; it allows one allocation per node, and count is {count}" if count > evaluated else ""
        return f"{term}: the static port is taken on {nodes}{more}"
    if term == "max allocation exceeded":
        return f"{term}: {nodes} already runs as many as the client allows (node_max_allocs)"
    if term.startswith(("network: ", "devices: ")):
        return f"{term}: on {nodes}"
    asked = _asked(term, spec)
    return f"resource {term}: exhausted on {nodes}{f' (asked for: {asked})' if asked else ''}"


def _asked(term: str, spec: Json) -> str:
    if term == "disk":
        size = (spec.get("EphemeralDisk") or {}).get("SizeMB")
        return f"ephemeral_disk {size} MB" if size else ""
    field, unit = RESOURCE_AMOUNTS.get(term, ("", ""))
    amounts = [(task.get("Name"), (task.get("Resources") or {}).get(field)) for task in spec.get("Tasks") or []]
    return ", ".join(f"{name} {amount} {unit}" for name, amount in amounts if amount)


def _any(names: t.Iterable[str | None]) -> str:
    return " or ".join(sorted({name for name in names if name})) or "what the group asks for"


def _sorted(metrics: Json, name: str) -> list[tuple[str, int]]:
    return sorted((metrics.get(name) or {}).items())
