# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: one table, for one workload or fifty, and the data for an AWX workflow."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

COLUMNS = ("SERVICE", "CHANGE", "URL", "NODES", "EGRESS", "PROOF AGE")
# What a result has for the plan alone, and for the steps of its run.
OF_THE_RUN = ("declaration", "diff", "failed", "holder", "key", "next", "plan", "release", "spec", "variables")
# Steps that a change is not named after.
UNNAMED = ("prove", "egress", "prove_removal", "canary", "ask_canary", "promote")


def row(host: str, result: Mapping[str, t.Any], check: bool, failed: bool) -> list[str]:
    """Return the cells of one workload; `result` is the fact of its role. For a declaration that was refused `host` stands."""
    if failed:
        return [str(result.get("job_id", host)), "failed", "", "", "", ""]
    nodes, egress = result["nodes"], result["egress"]
    return [
        str(result["job_id"]),
        _change(result, check),
        str(next(iter(result["urls"]), "")),
        ", ".join(node["dns_name"] for node in nodes if node.get("dns_name")) or ("-" if not nodes else str(len(nodes))),
        ", ".join(dict.fromkeys(_egress(one) for one in egress)),
        _age([*nodes, *egress]),
    ]


def _change(result: Mapping[str, t.Any], check: bool) -> str:
    steps = [name.replace("_", " ") for name in result["steps"] if name not in UNNAMED]
    if not result["changed"]:
        return "unchanged"
    return f"{'would change' if check else 'changed'}: {', '.join(steps)}" if steps else "changed"


def _egress(allocation: Mapping[str, t.Any]) -> str:
    if allocation["verdict"] != "proved":
        return str(allocation["verdict"])
    through = f" through {allocation['exit_node']}" if allocation["exit_node"] else ""
    return f"{allocation['observed']}{through}" if allocation["observed"] else "proved"


def _age(verified: list[Json]) -> str:
    """The age of the oldest evidence: all of it is needed."""
    ages = [one["age_seconds"] for one in verified if one.get("age_seconds") is not None]
    return f"{max(ages):.0f} s" if ages else ""


def table(rows: list[list[str]]) -> list[str]:
    """Return the lines of a table with these rows below its head; a column that is empty everywhere is left out."""
    kept = [number for number in range(len(COLUMNS)) if number < 2 or any(cells[number] for cells in rows)]
    lines = [[COLUMNS[number] for number in kept], *([cells[number] for number in kept] for cells in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(kept))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def of_workflow(result: Mapping[str, t.Any]) -> Json:
    """Return the part of a result that a workflow of AWX gets."""
    return {name: value for name, value in result.items() if name not in OF_THE_RUN and not name.startswith("_")}
