# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `tailscale_health`: verify every node of a job from the evidence of its sidecar."""

from __future__ import annotations

import typing as t

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput, TimedOut
from .._job.wanted import Wanted, read_wanted
from .._json import Json
from .._nomad.allocations import TERMINAL_STATUSES, allocation_hostname, list_allocations
from .._nomad.client import Client
from .._nomad.jobs import require_job
from .._sidecar.evidence import POLL_SECONDS, Reading, dns_name, read_evidence
from .._sidecar.readiness import ExpectedNode, logout_verdict, readiness_verdict
from .._wait import Wait

# Verdicts that do not change after so many reads. A sidecar needs some time to get back a name that has become free.
FINAL, FINAL_LOOKS = ("wrong_name", "wrong_tags"), 15
# With these verdicts nothing shows whether the node logged out.
UNKNOWN = ("collected", "abandoned")
# The verdicts with which there is nothing left to wait for.
SETTLED = {"ready": ("ready",), "logged_out": ("logged_out", "never_joined", "collected", "abandoned"), "observed": ("ready",)}


def logic(params: Json, run: Run) -> Json:
    """Wait until all nodes are verified; in check mode check once and never fail."""
    client = Client.from_options(params).for_one(f"job {params['job']}")
    wait = Wait(params["job"], params["timeout"], run.progress)
    client = client.with_wait(None if run.check else wait)
    goal = params["state"]
    looks = 0
    while True:
        wanted = _wanted(client, params)
        nodes = [_node(client, allocation, params) for allocation in wanted.allocations]
        open_ = [node for node in nodes if node["verdict"] not in SETTLED[goal]]
        wait.tell(f"{len(nodes) - len(open_)}/{len(nodes)} nodes {goal.replace('_', ' ')}")
        for node in nodes:
            wait.tell(_line(node), topic=node["alloc_id"])
        if run.check or goal == "observed" or not (open_ or wanted.lacks or (goal == "ready" and not nodes)):
            break
        looks = looks + 1 if any(node["verdict"] in FINAL for node in open_) else 0
        # The evidence of an allocation that has ended stays as it is.
        ended = goal == "logged_out" and all(node["client_status"] in TERMINAL_STATUSES for node in open_)
        if ended or wait.over or wanted.stopped or looks >= FINAL_LOOKS:
            nothing = [] if nodes else [f"job {params['job']} has no allocation with a task {params['task']} that should run"]
            lines = [*nothing, *wanted.lacks, *map(_line, open_)]
            _give_up(params, nodes, lines, f" after {wait.seconds} s" if wait.over else "")
        wait.pause(POLL_SECONDS)
    for node in nodes if goal == "ready" else ():
        if node["open_ports"]:
            run.warn(
                f"{params['job']}: something in allocation {node['alloc_id'][:8]} listens on every interface (port "
                f"{', '.join(map(str, node['open_ports']))}), so its Nomad client and the allocations beside it reach it without the "
                "tailnet. Let it listen on 127.0.0.1, or use kernel mode, which closes these ways."
            )
    unknown = [node for node in nodes if goal == "logged_out" and node["verdict"] in UNKNOWN]
    for node in unknown:
        run.warn(f"{params['job']}: whether node {node['alloc_id'][:8]} logged out is not known: {node['reason']}")
    proved = bool(nodes) and not open_ and not unknown and not wanted.lacks
    return {"changed": False, "job": params["job"], "namespace": client.namespace, "proved": proved, "nodes": nodes}


def _give_up(params: Json, nodes: list[Json], lines: list[str], when: str) -> t.NoReturn:
    if params["state"] == "logged_out":
        lines.append("The control server forgets an ephemeral node by itself, later; remove any other in its admin console.")
    told = params["state"].replace("_", " ")
    seen = [{name: value for name, value in node.items() if name != "evidence"} for node in nodes]
    raise TimedOut(f"{params['job']}: not every node is {told}{when}.\n  " + "\n  ".join(lines), nodes=seen)


def _wanted(client: Client, params: Json) -> Wanted:
    """Return the allocations that should run (ready), the last version's allocations (logged_out), or whatever runs (observed)."""
    job, task, group = params["job"], params["task"], params["group"]
    if params["state"] == "ready":
        return read_wanted(client, require_job(client, job), task, group, newest=True)
    found = list_allocations(client, job).data
    if params["state"] == "observed":
        kept = [one for one in found if one["ClientStatus"] not in TERMINAL_STATUSES]
    else:
        kept = [one for one in found if one["JobVersion"] == max(one["JobVersion"] for one in found)]
    with_task = [one for one in kept if not one.get("TaskStates") or task in one["TaskStates"]]
    if kept and not with_task:
        raise InvalidInput(f"No group of job {job} has a task {task}.")
    return Wanted([one for one in with_task if group in (None, one["TaskGroup"])], [])


def _node(client: Client, allocation: Json, params: Json) -> Json:
    reading = read_evidence(client, allocation, params["task"])
    if params["state"] != "logged_out":
        if allocation["ClientStatus"] in TERMINAL_STATUSES:
            reading = Reading(verdict="not_ready", reason=f"the allocation is {allocation['ClientStatus']}")
        tags = None if params["tags"] is None else tuple(params["tags"])
        hostname = params["hostname"] and allocation_hostname(params["hostname"], allocation)
        wanted = ExpectedNode(hostname, params["tailnet"], tags, params["serve_config"], params["max_age"], params["canary"])
        verdict, reason = readiness_verdict(reading, wanted)
    elif allocation["ClientStatus"] in TERMINAL_STATUSES and not _started(allocation, params["task"]):
        verdict, reason = "never_joined", "the sidecar never started"
    else:
        verdict, reason = logout_verdict(reading, allocation["ClientStatus"] in TERMINAL_STATUSES)
    evidence = reading.evidence or {}
    status = evidence.get("status") or {}
    node = status.get("Self") or {}
    return {
        "alloc_id": allocation["ID"],
        "node_name": allocation.get("NodeName") or "",
        "client_status": allocation["ClientStatus"],
        "group": allocation["TaskGroup"],
        "verdict": verdict,
        "reason": reason,
        "dns_name": dns_name(evidence),
        "ips": status.get("TailscaleIPs") or [],
        "tags": node.get("Tags") or [],
        "online": bool(node.get("Online")),
        "key_expiry": node.get("KeyExpiry"),
        "serve_config": evidence.get("serve_config"),
        "open_ports": evidence.get("open_ports") or [],
        "age_seconds": reading.age,
        "evidence": reading.evidence,
    }


def _started(allocation: Json, task: str) -> bool:
    return bool(((allocation.get("TaskStates") or {}).get(task) or {}).get("StartedAt"))


def _line(node: Json) -> str:
    name = f" {node['dns_name']} ({node['ips'][0]})" if node["dns_name"] and node["ips"] else ""
    return f"alloc {node['alloc_id'][:8]}{name}: {node['verdict']}{': ' + node['reason'] if node['reason'] else ''}"


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        **_arguments.waiting(),
        "job": {"type": "str", "required": True},
        "group": {"type": "str"},
        "task": {"type": "str", "default": "tailscale"},
        "state": {"type": "str", "choices": ["ready", "logged_out", "observed"], "default": "ready"},
        "hostname": {"type": "str"},
        "canary": {"type": "bool", "default": False},
        "tailnet": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "serve_config": {"type": "dict"},
        "max_age": {"type": "int", "default": 30},
    },
    logic=logic,
)
