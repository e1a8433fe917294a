# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a declaration that every role with a sidecar has, as the role workload takes it.

The declaration is plain data without secrets: of a secret only its name is there, and its value stays in the input of the role.
"""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

from .workload import Inputs

# Inputs of every role that the declaration has as they are.
SAME = (
    *("affinities", "check_index", "constraints", "count", "datacenters", "extra_group", "extra_groups", "force_key"),
    *("healthy_deadline", "hostname", "login_server", "min_healthy_time", "mode", "namespace", "node_pool", "priority", "purge"),
    *("region", "render_to", "spreads", "state", "tags", "tailnet", "tailscale_image", "tailscale_resources", "timeout", "volumes"),
    "workload_identity",
)
# Inputs of the role that are the app's, by the names that they have in a task.
APP = {
    **{name: name for name in ("image", "command", "args", "config", "env", "env_files", "files", "kill_timeout", "resources", "secrets")},
    **{"volumes": "volumes", "extra": "extra_task"},
}
# For the roles that do not have these inputs.
USUAL: Json = {
    **{"app_port": None, "canary": False, "canary_tasks": None, "checks": [], "driver": "docker", "endpoints": [], "ephemeral": True},
    **{"forget_nodes_after": None, "network": "bridge", "parameterized": {}, "periodic": {}, "registration": {}, "run_now": False},
    **{"serve_config": {}, "state_volume": {}, "tailscale_service": None, "type": "service", "wait": True},
}
# How the sidecar works; no role has inputs for these.
SIDECAR: Json = {"health_port": 9002, "evidence_interval": 10, "gate_timeout": 120}


def declared_workload(inputs: Inputs, role: str) -> Json:
    """Return the declaration of the job, its node and its tasks; `role` is the role whose inputs these are."""
    return {
        **USUAL,
        **SIDECAR,
        **{name: inputs[name] for name in SAME},
        "role": role,
        "job": inputs["name"],
        "group": inputs["name"],
        "app_port": inputs.get("port"),
        "tailscale_service": inputs.get("tailscale_service"),
        "minted_key": bool(inputs["minted_key"]),
        "vault": inputs["vault"],
        "tasks": [{**task, "secrets": sorted(task.get("secrets") or {})} for task in declared_tasks(inputs)],
    }


def declared_tasks(inputs: Inputs) -> list[Json]:
    """Return the tasks next to the sidecar, the app first, with the sources of their secrets: not yet for the declaration."""
    app = {name: inputs.get(source) for name, source in APP.items()}
    return [{"name": "app", **app}, *inputs["tasks"]]


def variable_path(declaration: t.Mapping[str, t.Any], task: str) -> str:
    """Return the path of the Nomad Variable that a task reads, and no other."""
    return f"nomad/jobs/{declaration['job']}/{declaration['group']}/{task}"
