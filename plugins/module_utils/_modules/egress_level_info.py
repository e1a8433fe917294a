# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `egress_level_info`: which levels of egress the Nomad clients allow, as far as Nomad knows them."""

from __future__ import annotations

import fnmatch

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput
from .._job.level_probe import exclusions
from .._job.specification import read_specification
from .._json import Json
from .._nomad.client import Client

# The best one first.
LEVELS = ("isolated", "locked", "monitored")
# Nomad's name for all node pools together.
EVERY_POOL = "all"


def logic(params: Json, run: Run) -> Json:
    """Return the best level that a client offers to the job, and what each client offers."""
    client = Client.from_options(params)
    job: Json = {"Datacenters": params["datacenters"], "NodePool": EVERY_POOL}
    if params["spec"] is not None:
        job = read_specification(client, {**params, "variables": None, "var_files": None}).job
        client = client.in_namespace(job.get("Namespace") or client.namespace or "default", job.get("Region"))
    nodes = client.get("/v1/nodes", "list the clients", "node:read", resources="true").data
    clients = [_client(node, params) for node in nodes if _eligible(node, job)]
    excluded: list[str] = []
    for level in LEVELS:
        if not any(level in one["levels"] for one in clients):
            continue
        network = f"cni/{params['cni_network']}" if level == "isolated" else "bridge"
        reasons = exclusions(client, job, network) if params["spec"] is not None else []
        if not reasons:
            return {"changed": False, "level": level, "clients": clients}
        excluded += [f"level {level}: {reason}" for reason in reasons]
    lines = excluded or [f"{one['name']}: {'; '.join(one['missing'])}" for one in clients]
    where = ", ".join(_datacenters(job)) + (f" of node pool {_pool(job)}" if params["spec"] is not None else "")
    raise InvalidInput(
        f"No client can run a worker with verified egress{':' if lines else f': none in {where} is ready and eligible'}"
        + "".join(f"\n  {line}" for line in lines)
    )


def _datacenters(job: Json) -> list[str]:
    return job.get("Datacenters") or ["*"]


def _pool(job: Json) -> str:
    return job.get("NodePool") or "default"


def _eligible(node: Json, job: Json) -> bool:
    able = node["Status"] == "ready" and node["SchedulingEligibility"] == "eligible"
    in_pool = _pool(job) in (EVERY_POOL, node.get("NodePool") or "default")
    return able and in_pool and any(fnmatch.fnmatchcase(node["Datacenter"], pattern) for pattern in _datacenters(job))


def _client(node: Json, params: Json) -> Json:
    networks = {network["Mode"] for network in (node.get("NodeResources") or {}).get("Networks") or ()}
    missing = {}
    if not ((node.get("Drivers") or {}).get("docker") or {}).get("Healthy"):
        missing["docker"] = "its docker driver is not healthy"
    if "bridge" not in networks:
        missing["bridge"] = "it has no bridge networking: are the CNI plugins where Nomad looks (cni_path)?"
    if f"cni/{params['cni_network']}" not in networks:
        missing["cni"] = f"it has no CNI network {params['cni_network']}, which the role egress_network makes"
    levels = []
    if not missing.keys() & {"docker", "cni"}:
        levels.append("isolated")
    if not missing.keys() & {"docker", "bridge"}:
        levels += ["locked", "monitored"]
    allowed = {None: LEVELS, "kernel": ("isolated", "locked"), "userspace": ("isolated", "monitored")}[params["mode"]]
    return {
        "name": node["Name"],
        "datacenter": node["Datacenter"],
        "levels": [level for level in levels if level in allowed],
        "missing": list(missing.values()),
    }


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "datacenters": {"type": "list", "elements": "str", "default": ["*"]},
        "spec": {"type": "raw"},
        "mode": {"type": "str", "choices": ["userspace", "kernel"]},
        "cni_network": {"type": "str", "default": "notailcar-egress"},
    },
    logic=logic,
)
