# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `egress_verify`: the egress of every allocation of a job proved from its guard's evidence."""

from __future__ import annotations

import ipaddress
import typing as t

from . import _arguments
from ._client import Client
from ._edge import Entry, Run
from ._egress import judge
from ._errors import InvalidInput, TimedOut
from ._evidence import dns_name, read
from ._health import of_interest
from ._lists import everything
from ._wait import Wait

Json = dict[str, t.Any]
LOOK_SECONDS = 1.0
# The key in a job's meta that says so.
MARK = "notailcar_egress"
# What no waiting changes.
FINAL = ("stopped", "no_guard", "collected")


def logic(params: Json, run: Run) -> Json:
    """Wait until the egress of all allocations is proved; in check mode look once and fail for nothing."""
    for network in params["expect"] or ():
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise InvalidInput(f"expect: '{network}' is neither an address nor a CIDR.") from None
    client = Client.of(params)
    client = client.inside(client.namespace or "default")
    if params["job"] is None:
        jobs = guarded(client)
        if not jobs:
            run.warn(f"No running job of namespace {client.namespace} has a guard: nothing was proved.")
    else:
        jobs = [(client, params["job"])]
    subject = params["job"] or "egress"
    wait = Wait(subject, params["timeout"], run.progress)
    earlier: dict[str, float] = {}
    while True:
        found = [_allocation(of, job, one, params, earlier) for of, job in jobs for one in _allocations_of(of, job, params)]
        lines = [_line(one) for one in found if one["verdict"] != "proved"]
        idle = [job for of, job in jobs if not any((one["namespace"], one["job"]) == (of.namespace, job) for one in found)]
        lines += [f"job {job} has no allocation that should run" for job in idle]
        wait.tell(f"{sum(one['verdict'] == 'proved' for one in found)}/{len(found)} allocations proved")
        for one in found:
            wait.tell(_line(one), topic=one["alloc_id"])
        if run.check or not lines:
            break
        if wait.over or any(one["verdict"] in FINAL for one in found):
            seen = [{name: value for name, value in one.items() if name != "evidence"} for one in found]
            raise TimedOut(f"{subject}: not every egress is proved.\n  " + "\n  ".join(lines), allocations=seen)
        wait.pause(LOOK_SECONDS)
    return {
        "changed": False,
        "job": params["job"],
        "namespace": client.namespace,
        "proved": bool(found) and not lines,
        "allocations": found,
    }


def guarded(client: Client) -> list[tuple[Client, str]]:
    """Return the jobs with a guard that run, each with a client for its namespace; not those that only start others."""
    stubs = everything(client, "/v1/jobs", "list the jobs", "list-jobs", meta="true")
    running = [one for one in stubs if one["Status"] != "dead" and not one["Periodic"] and not one["ParameterizedJob"]]
    return [(client.inside(one["Namespace"]), one["ID"]) for one in running if MARK in (one.get("Meta") or {})]


def _allocations_of(client: Client, job: str, params: Json) -> list[Json]:
    return of_interest(client, {**params, "job": job, "state": "ready"})


def _allocation(client: Client, job: str, allocation: Json, params: Json, earlier: dict[str, float]) -> Json:
    reading = read(client, allocation, params["task"])
    verdict, reason = judge(reading, params["expect"], params["max_age"], allocation["ClientStatus"] == "complete")
    evidence = reading.evidence or {}
    seen = evidence.get("egress") or {}
    # By the client's own clock: what it had seen before it was asked does not count.
    before = earlier.setdefault(allocation["ID"], seen.get("checked", 0))
    if params["new_observation"] and verdict == "proved" and seen["checked"] <= before:
        verdict, reason = "not_proved", "the guard has not looked again yet"
    return {
        "job": job,
        "namespace": client.namespace,
        "alloc_id": allocation["ID"],
        "node_name": allocation.get("NodeName") or "",
        "client_status": allocation["ClientStatus"],
        "group": allocation["TaskGroup"],
        "dns_name": dns_name(evidence),
        "ips": (evidence.get("status") or {}).get("TailscaleIPs") or [],
        "verdict": verdict,
        "reason": reason,
        "level": seen.get("level") or "",
        "exit_node": seen.get("exit_node") or "",
        "observed": seen.get("observed") or "",
        "direct": seen.get("direct") or [],
        "expected": seen.get("expect") or "",
        "evidence": reading.evidence,
    }


def _line(one: Json) -> str:
    seen = f" leaves as {one['observed']} through {one['exit_node']}" if one["observed"] and one["exit_node"] else ""
    return f"alloc {one['alloc_id'][:8]}{seen}: {one['verdict']}{': ' + one['reason'] if one['reason'] else ''}"


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        **_arguments.waiting(),
        "job": {"type": "str"},
        "group": {"type": "str"},
        "task": {"type": "str", "default": "tailscale"},
        "expect": {"type": "list", "elements": "str"},
        "max_age": {"type": "int", "default": 30},
        "new_observation": {"type": "bool", "default": False},
    },
    logic=logic,
)
