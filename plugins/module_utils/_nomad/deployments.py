# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments as Nomad keeps them."""

from __future__ import annotations

import re
import typing as t

from .._errors import NotFound
from .._json import Json
from .client import Answer, Client
from .jobs import job_path

ENDED_DEPLOYMENT = ("successful", "failed", "cancelled")


def newest_deployment(client: Client, job: str) -> Json | None:
    """Read the newest deployment of a job; None when it has none."""
    found: Json | None = client.get(job_path(job, "/deployment"), f"read the deployment of {job}").data
    return found


def read_deployment(client: Client, ident: str, **query: t.Any) -> Answer:
    """Read one deployment."""
    return client.get(f"/v1/deployment/{ident}", f"read the deployment {ident[:8]}", **query)


def promote_deployment(client: Client, deployment: Json) -> None:
    """Promote the canaries of all groups. Promoting twice is the same as once."""
    body = {"DeploymentID": deployment["ID"], "All": True}
    client.put(f"/v1/deployment/promote/{deployment['ID']}", body, f"promote the deployment {deployment['ID'][:8]}", "submit-job")


def fail_deployment(client: Client, deployment: Json) -> None:
    """End a deployment as failed; Nomad goes back to the last stable version if the job has auto_revert."""
    path = f"/v1/deployment/fail/{deployment['ID']}"
    client.put(path, {"DeploymentID": deployment["ID"]}, f"fail the deployment {deployment['ID'][:8]}", "submit-job")


def is_under_way(deployment: Json | None) -> bool:
    """Return whether there is a deployment that has not ended."""
    return deployment is not None and deployment["Status"] not in ENDED_DEPLOYMENT


def unpromoted_groups(deployment: Json) -> list[str]:
    """Return the groups whose canaries wait for a promotion by hand."""
    states = deployment.get("TaskGroups") or {}
    if not is_under_way(deployment):
        return []
    return sorted(
        name for name, state in states.items() if state["DesiredCanaries"] and not state["Promoted"] and not state.get("AutoPromote")
    )


def ready_for_promotion(deployment: Json) -> bool:
    """Return whether all canaries that wait for a promotion are healthy."""
    states = deployment.get("TaskGroups") or {}
    waiting = unpromoted_groups(deployment)
    return bool(waiting) and all(states[name]["HealthyAllocs"] >= states[name]["DesiredCanaries"] for name in waiting)


def reverts_on_failure(deployment: Json) -> bool:
    """Return whether Nomad rolls the job back when this deployment fails."""
    return any(state.get("AutoRevert") for state in (deployment.get("TaskGroups") or {}).values())


def fails_at_first_unhealthy(deployment: Json, group: str) -> bool:
    """Return whether Nomad fails this deployment at the first unhealthy allocation of a group: one without a progress deadline."""
    return bool((deployment.get("TaskGroups") or {}).get(group, {}).get("ProgressDeadline") == 0)


def reverted_to(deployment: Json) -> int | None:
    """Return the version that a failed deployment was rolled back to; None when it was not."""
    found = re.search(r"rolling back to job version (\d+)", deployment["StatusDescription"])
    return int(found[1]) if found and "not rolling back" not in deployment["StatusDescription"] else None


def deployment_result(deployment: Json | None) -> Json | None:
    """Return the deployment as modules return it."""
    if not deployment:
        return None
    groups = {
        name: {
            "desired": state["DesiredTotal"],
            "placed": state["PlacedAllocs"],
            "healthy": state["HealthyAllocs"],
            "unhealthy": state["UnhealthyAllocs"],
            "canaries": state["DesiredCanaries"],
            "promoted": state["Promoted"],
        }
        for name, state in sorted((deployment.get("TaskGroups") or {}).items())
    }
    return {
        "id": deployment["ID"],
        "status": deployment["Status"],
        "description": deployment["StatusDescription"],
        "job_version": deployment["JobVersion"],
        "ready_for_promotion": ready_for_promotion(deployment),
        "groups": groups,
    }


def deployment_line(deployment: Json) -> str:
    """Return the state of a deployment in one line."""
    counts = []
    for name, state in sorted((deployment.get("TaskGroups") or {}).items()):
        words = f"{name} {state['HealthyAllocs']}/{state['DesiredTotal']} healthy"
        if state["DesiredCanaries"] and not state["Promoted"]:
            words = f"{name} {state['HealthyAllocs']}/{state['DesiredCanaries']} canaries healthy"
        if state["UnhealthyAllocs"]:
            words += f", {state['UnhealthyAllocs']} unhealthy"
        counts.append(words)
    return f"deployment {deployment['ID'][:8]} {deployment['Status']}: {', '.join(counts)}"


def require_deployment(client: Client, job: str) -> Json:
    """Read the newest deployment of a job, or raise NotFound."""
    found = newest_deployment(client, job)
    if not found:
        raise NotFound(f"The job {job} has no deployment; only services, and system jobs with an update block, have them.")
    return found
