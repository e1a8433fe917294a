# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clients a job may use, by Nomad's own plan of a job with the same datacenters, node pool and constraints."""

from __future__ import annotations

from .._json import Json
from .._nomad.client import Client
from .placement import placement_failures
from .plan import plan_job

NAME = "notailcar-level-probe"
SMALLEST = {"CPU": 1, "MemoryMB": 10}


def exclusions(client: Client, job: Json, network: str) -> list[str]:
    """Return why no client that the job allows can run its first group in a network of this mode; nothing where one can.

    The plan registers nothing. A client without room is as good as one with room.
    """
    probe = _probe({**job, "Namespace": client.namespace}, network)
    # An answer without this field is no plan; a plan without failures has null.
    failed = (plan_job(client, probe).raw["FailedTGAllocs"] or {}).get(NAME)
    if not failed or failed.get("NodesExhausted"):
        return []
    return placement_failures(failed, probe, NAME)


def _probe(job: Json, network: str) -> Json:
    group: Json = (job.get("TaskGroups") or [{}])[0]
    parts = [group, *(group.get("Tasks") or [])]
    task = {"Name": NAME, "Driver": "docker", "Config": {"image": NAME}, "Resources": SMALLEST}
    return {
        "ID": NAME,
        "Name": NAME,
        "Type": "batch",
        **{name: job[name] for name in ("Namespace", "Datacenters", "NodePool", "Constraints") if job.get(name)},
        "TaskGroups": [
            {
                "Name": NAME,
                "Count": 1,
                "Constraints": [constraint for part in parts for constraint in part.get("Constraints") or []],
                "Networks": [{"Mode": network}],
                "Tasks": [task],
            }
        ],
    }
