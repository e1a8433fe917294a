# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `deployment`: promote a job's canaries or fail its deployment, and wait for the result."""

from __future__ import annotations

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import Conflict, Refused
from .._job.rollout import Rollout
from .._json import Json
from .._nomad.client import Client
from .._nomad.deployments import (
    ENDED_DEPLOYMENT,
    deployment_result,
    fail_deployment,
    promote_deployment,
    read_deployment,
    require_deployment,
    reverted_to,
    unpromoted_groups,
)
from .._nomad.jobs import read_job
from .._wait import Wait


def logic(params: Json, run: Run) -> Json:
    """Bring the newest deployment of the job to the wanted end; in check mode report whether there is something to do."""
    name, goal = params["job"], params["state"]
    client = Client.from_options(params).for_one(f"job {name}")
    deployment = require_deployment(client, name)
    short = deployment["ID"][:8]
    if params["id"] and not deployment["ID"].startswith(params["id"]):
        raise Conflict(f"{name}: the deployment {params['id'][:8]} is not the newest any more, that is {short}. Nothing was done.")
    if deployment["Status"] in ENDED_DEPLOYMENT and deployment["Status"] not in (goal, "successful" if goal == "promoted" else ""):
        raise Refused(f"{name}: the deployment {short} cannot be {goal}: it is {deployment['Status']} ({deployment['StatusDescription']}).")
    changed = bool(unpromoted_groups(deployment)) if goal == "promoted" else deployment["Status"] != "failed"
    result: Json = {"changed": changed, "job_id": name, "namespace": client.namespace, "reverted_to": None}
    if not run.check:
        with Wait(name, params["timeout"], run.progress) as wait:
            patient = client.with_wait(wait)
            job = read_job(patient, name)
            # What has lost its place after a successful deployment is not the deployment's.
            rollout = Rollout(client, job, wait, "promote", awaits_room=False)
            result["reverted_to"] = (_promote if goal == "promoted" else _fail)(patient, rollout, deployment, changed, params["wait"])
            deployment = read_deployment(patient, deployment["ID"]).data
    return {**result, "deployment": deployment_result(deployment)}


def _promote(client: Client, rollout: Rollout, deployment: Json, changed: bool, wait: bool) -> None:
    if wait:
        rollout.follow(None)
    elif changed:
        promote_deployment(client, deployment)


def _fail(client: Client, rollout: Rollout, deployment: Json, changed: bool, wait: bool) -> int | None:
    if changed:
        fail_deployment(client, deployment)
    deployment = read_deployment(client, deployment["ID"]).data
    stable = reverted_to(deployment)
    if wait and stable is not None and changed:
        rollout.follow_back(stable)
    return stable


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        **_arguments.waiting(),
        "job": {"type": "str", "required": True},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["promoted", "failed"], "required": True},
        "wait": {"type": "bool", "default": True},
    },
    logic=logic,
)
