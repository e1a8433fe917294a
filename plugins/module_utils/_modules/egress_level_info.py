# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `egress_level_info`: which levels of egress the Nomad clients allow, as far as Nomad knows them."""

from __future__ import annotations

import fnmatch
import typing as t

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput
from .._json import Json
from .._nomad.client import Client

# The best one first.
LEVELS = ("isolated", "locked", "monitored")


def logic(params: Json, run: Run) -> Json:
    """Return the best level that a client offers, and what each client offers."""
    nodes = Client.from_options(params).get("/v1/nodes", "list the clients", "node:read", resources="true").data
    clients = [_client(node, params) for node in nodes if _eligible(node, params["datacenters"])]
    offered = {level for client in clients for level in client["levels"]}
    best = next((level for level in LEVELS if level in offered), None)
    if best is None:
        lines = [f"{client['name']}: {'; '.join(client['missing'])}" for client in clients]
        where = ", ".join(params["datacenters"])
        raise InvalidInput(
            f"No client can run a worker with verified egress{':' if lines else f': none in {where} is ready and eligible'}"
            + "".join(f"\n  {line}" for line in lines)
        )
    return {"changed": False, "level": best, "clients": clients}


def _eligible(node: Json, datacenters: t.Sequence[str]) -> bool:
    able = node["Status"] == "ready" and node["SchedulingEligibility"] == "eligible"
    return able and any(fnmatch.fnmatchcase(node["Datacenter"], pattern) for pattern in datacenters)


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
        "mode": {"type": "str", "choices": ["userspace", "kernel"]},
        "cni_network": {"type": "str", "default": "notailcar-egress"},
    },
    logic=logic,
)
