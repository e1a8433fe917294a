# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `egress_verify`: verify the egress of every allocation of a job from the evidence of its guard."""

from __future__ import annotations

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput, TimedOut
from .._job.wanted import Wanted, read_wanted
from .._json import Json
from .._nomad.client import Client
from .._nomad.jobs import find_job, require_job
from .._nomad.paging import list_all
from .._sidecar.egress import egress_verdict, has_every_address, is_network
from .._sidecar.evidence import POLL_SECONDS, dns_name, read_evidence
from .._wait import Wait

# The key in the meta of a job that has a guard.
EGRESS_META_KEY = "notailcar_egress"
# Verdicts that do not change while the module waits.
FINAL = ("stopped", "restarted", "no_guard", "collected")


def logic(params: Json, run: Run) -> Json:
    """Wait until the egress of all allocations is verified; in check mode check once and never fail."""
    if unfit := [network for network in params["expect"] or () if not is_network(network)]:
        raise InvalidInput(f"expect: '{unfit[0]}' is neither an address nor a CIDR.")
    if wide := [network for network in params["expect"] or () if has_every_address(network)]:
        raise InvalidInput(f"expect: '{wide[0]}' has every address, which proves nothing. Name the addresses of the exit nodes.")
    subject = params["job"] or "egress"
    wait = Wait(subject, params["timeout"], run.progress)
    client = Client.from_options(params).with_wait(None if run.check else wait)
    if params["job"] is None:
        client = client.in_namespace(client.namespace or "default")
        jobs = guarded(client)
    else:
        client = client.for_one(f"job {params['job']}")
        jobs = [(client, params["job"])]
    earlier: dict[str, float] = {}
    while True:
        found, lines, stopped = [], [], False
        for of, job in jobs:
            wanted = _look(of, job, params)
            found += [_allocation(of, job, one, params, earlier) for one in wanted.allocations]
            lines += wanted.lacks
            stopped = stopped or wanted.stopped
        open_ = [one for one in found if one["verdict"] != "proved"]
        lines += [_line(one, params) for one in open_]
        wait.tell(f"{len(found) - len(open_)}/{len(found)} allocations proved")
        for one in found:
            wait.tell(_line(one, params), topic=one["alloc_id"])
        if run.check or not lines:
            break
        if wait.over or stopped or (open_ and all(one["verdict"] in FINAL for one in open_)):
            seen = [{name: value for name, value in one.items() if name != "evidence"} for one in found]
            raise TimedOut(f"{subject}: not every egress is proved.\n  " + "\n  ".join(lines), allocations=seen)
        wait.pause(POLL_SECONDS)
    if params["job"] is None and not found and not lines:
        run.warn(f"No running job of namespace {client.namespace} has a guard: nothing was proved.")
    return {
        "changed": False,
        "job": params["job"],
        "namespace": client.namespace,
        "proved": bool(found) and not lines,
        "allocations": found,
    }


def guarded(client: Client) -> list[tuple[Client, str]]:
    """Return the jobs with a guard that run, each with a client for its namespace; not those that only start others."""
    stubs = list_all(client, "/v1/jobs", "list the jobs", "list-jobs", meta="true")
    running = [one for one in stubs if one["Status"] != "dead" and not one["Periodic"] and not one["ParameterizedJob"]]
    return [(client.in_namespace(one["Namespace"]), one["ID"]) for one in running if EGRESS_META_KEY in (one.get("Meta") or {})]


def _look(client: Client, name: str, params: Json) -> Wanted:
    """Return the allocations that should run, also those of an older version; none of a listed job that was stopped or purged since."""
    job = require_job(client, name) if params["job"] else find_job(client, name)
    if job is None or (job.get("Stop") and not params["job"]):
        return Wanted([], [])
    return read_wanted(client, job, params["task"], params["group"], newest=False)


def _allocation(client: Client, job: str, allocation: Json, params: Json, earlier: dict[str, float]) -> Json:
    reading = read_evidence(client, allocation, params["task"])
    status = allocation["ClientStatus"]
    verdict, reason = egress_verdict(reading, params["expect"], params["max_age"], status)
    evidence = reading.evidence or {}
    seen = evidence["egress"] if isinstance(evidence.get("egress"), dict) else {}
    # By the client's own clock: an observation from before this run does not count. A guard that has ended makes no new one.
    before = earlier.setdefault(allocation["ID"], seen["checked"]) if verdict == "proved" else 0
    if params["new_observation"] and verdict == "proved" and status != "complete" and seen["checked"] <= before:
        verdict, reason = "not_proved", "the guard has not looked again yet"
    return {
        "job": job,
        "namespace": client.namespace,
        "alloc_id": allocation["ID"],
        "node_name": allocation.get("NodeName") or "",
        "client_status": status,
        "group": allocation["TaskGroup"],
        "dns_name": dns_name(evidence),
        "ips": (evidence.get("status") or {}).get("TailscaleIPs") or [],
        "verdict": verdict,
        "reason": reason,
        "level": seen.get("level") or "",
        "exit_node": seen.get("exit_node") or "",
        "exit_node_status": seen.get("exit_node_status"),
        "observed": seen.get("observed") or "",
        "direct": seen.get("direct") or [],
        "expected": seen.get("expect") or "",
        "evidence": reading.evidence,
    }


def _line(one: Json, params: Json) -> str:
    name = "" if params["job"] else f"job {one['job']}, "
    seen = f" leaves as {one['observed']} through {one['exit_node']}" if one["observed"] and one["exit_node"] else ""
    return f"{name}alloc {one['alloc_id'][:8]}{seen}: {one['verdict']}{': ' + one['reason'] if one['reason'] else ''}"


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
