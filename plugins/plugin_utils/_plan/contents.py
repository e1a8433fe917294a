# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Nomad Variables of a workload hold: one for the sidecar, and one for each task that has secrets."""

from __future__ import annotations

import json

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

from .._declaration.declare import Declaration
from .._declaration.declared_workload import declared_tasks
from .._secrets import SecretSources

SIDECAR = "tailscale"
# Of a minted key, unlike the module: a job's allocations come and go, so it is reusable, and lives longer.
KEY_DEFAULTS: Json = {"reusable": True, "expiry": "30d", "renew_before": "7d"}
OF_THE_KEY_ALONE = ("reusable", "preauthorized", "expiry", "renew_before")
# What the step that makes a key stores; `auth_key_replaced` are the keys that are not revoked yet.
KEY_ITEMS = ("auth_key", "auth_key_id", "auth_key_origin", "auth_key_replaced")
# Stands where the key will be; the item in the variable is kept instead.
NOT_MADE_YET = "made when it is run"
# The release of a job that ran without canaries until now: no sidecar has this name.
EARLIER_RELEASE = "before"


def variable_tasks(declaration: Json) -> list[str]:
    """Return the tasks that have a variable, the sidecar first."""
    return [SIDECAR, *(task["name"] for task in declaration["tasks"] if task["secrets"])]


def variable_items(declaration: Declaration, task: str, sources: SecretSources, release: str | None) -> Json:
    """Return the items of the variable of a task, with the secrets in it; `release` is the one that has the name of the service."""
    if task != SIDECAR:
        (secrets,) = [one.get("secrets") or {} for one in declared_tasks(declaration.inputs) if one["name"] == task]
        return {name: sources.read(secret) for name, secret in secrets.items()}
    plain = declaration.plain
    return {
        "serve_config": json.dumps(plain["serve_config"], sort_keys=True),
        **_key_items(declaration, sources),
        **({"release": release or EARLIER_RELEASE} if plain["canary"] else {}),
    }


def _key_items(declaration: Declaration, sources: SecretSources) -> Json:
    plain = declaration.plain
    if plain["minted_key"]:
        return dict.fromkeys(KEY_ITEMS, NOT_MADE_YET)
    if plain["workload_identity"] or plain["vault"].get("auth_key"):
        return {}
    return {"auth_key": sources.read(declaration.inputs["auth_key"])}


def key_options(declaration: Declaration) -> Json:
    """Return the options of the module tailscale_key that make the key of a job, its credentials among them."""
    return {**KEY_DEFAULTS, **declaration.inputs["minted_key"]}


def key_request(declaration: Declaration) -> Json:
    """Return the options of the module tailscale_key that say which key this job needs, and those of key_options."""
    plain = declaration.plain
    wanted = {"tags": plain["tags"], "ephemeral": plain["ephemeral"], "force": plain["force_key"]}
    return {**key_options(declaration), **wanted, "description": f"nomad {plain['job']}"[:50]}


def control_options(declaration: Declaration) -> Json:
    """Return those of the options that say how the control plane is reached."""
    return {name: value for name, value in declaration.inputs["minted_key"].items() if name not in OF_THE_KEY_ALONE}
