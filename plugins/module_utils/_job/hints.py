# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a task does not run, where Nomad does not report the reason: memory, or a variable that it cannot read."""

from __future__ import annotations

import re

from .._errors import NomadError, NotFound
from .._json import Json
from .._nomad.client import Client

# Nomad names the variable that a template waits for as path@namespace.region.
VARIABLE = re.compile(r"nomad\.var\.block\(([^()@]+)@([^()@.]+)\.[^()@]+\)")
VARIABLES = 3
KILL = 9
CHILD = re.compile(r"/(?:periodic|dispatch)-.*")


def task_hints(client: Client, allocation: Json, end: Json) -> list[str]:
    """Return the likely cause and what to do; `end` is the task's item of `task_ends`."""
    events = ((allocation.get("TaskStates") or {}).get(end["task"]) or {}).get("Events") or []
    if end["oom_killed"]:
        return [f"it used more than the {_memory(client, allocation, end['task'])}that its resources allow: raise memory (or memory_max)"]
    # Docker does not always notice that the kernel did it.
    if end["failed"] and KILL in (end["signal"], (end["exit_code"] or 0) - 128) and not any(event["Type"] == "Killing" for event in events):
        return [
            f"Nomad did not kill it; often the {_memory(client, allocation, end['task'])}of its resources did not suffice: raise memory"
        ]
    waits = [str(event.get("DisplayMessage")) for event in events if event["Type"] == "Template"]
    if not waits or any(event["Type"] == "Started" for event in events):
        return []
    return [_missing(client, allocation, end["task"], *found) for found in VARIABLE.findall(waits[-1])[:VARIABLES]]


def _memory(client: Client, allocation: Json, task: str) -> str:
    try:
        whole = client.get(f"/v1/allocation/{allocation['ID']}", "read the allocation", retries=False).data
        memory = whole["AllocatedResources"]["Tasks"][task]["Memory"]
    except (NomadError, KeyError, TypeError):
        return "memory "
    return f"{max(memory['MemoryMB'], memory['MemoryMaxMB'])} MiB of memory "


def _missing(client: Client, allocation: Json, task: str, path: str, namespace: str) -> str:
    job = CHILD.sub("", allocation["JobID"])
    paths = ["nomad/jobs", f"nomad/jobs/{job}", f"nomad/jobs/{job}/{allocation['TaskGroup']}"]
    paths.append(f"{paths[-1]}/{task}")
    elsewhere = f" -namespace {namespace}" if namespace != "default" else ""
    what = f"variable {path}" + (f" in namespace {namespace}" if elsewhere else "")
    readable = namespace == allocation["Namespace"] and path in paths
    reads = f"without a policy it reads only {', '.join(paths[:-1])} and {paths[-1]} in namespace {allocation['Namespace']}"
    exists = _exists(client, path, namespace)
    if exists is None:
        return f"{what}: it does not exist, or the task may not read it ({reads}); this token may not look (variables: read)"
    if not exists:
        make = f"make it with notailcar.nomad.variable or nomad var put{elsewhere} {path} KEY=VALUE"
        return f"{what} does not exist: {make}" + ("" if readable else f", but where the task may read it ({reads})")
    if readable:
        return f"{what} exists by now, and the task may read it"
    return (
        f"{what} exists, but the task may not read it; {reads}: put it there, or give the job a policy (nomad acl policy apply -job {job})"
    )


def _exists(client: Client, path: str, namespace: str) -> bool | None:
    """Read the variable with our own token, and drop its values; None where the token may not read it."""
    try:
        client.get(f"/v1/var/{path}", f"read the variable {path}", "read on variables", retries=False, namespace=namespace)
    except NotFound:
        return False
    except NomadError:
        return None
    return True
