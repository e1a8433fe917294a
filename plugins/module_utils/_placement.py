# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the scheduler found no place, in words."""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]


def reasons(metrics: Json) -> list[str]:
    """Return, in words, why the scheduler found no place; `metrics` is Nomad's AllocationMetric."""
    evaluated = metrics.get("NodesEvaluated") or 0
    found = []
    if not evaluated:
        found.append("no node was eligible (datacenters, node pool, node status)")
    found += [f"no node is available in datacenter {name}" for name, count in _sorted(metrics, "NodesAvailable") if not count]
    found += [f"constraint {name}: excludes {_nodes(count, evaluated)}" for name, count in _sorted(metrics, "ConstraintFiltered")]
    found += [f"class {name}: {_nodes(count, evaluated)} excluded" for name, count in _sorted(metrics, "ClassFiltered") if name]
    found += [f"resource {name}: exhausted on {_nodes(count, evaluated)}" for name, count in _sorted(metrics, "DimensionExhausted")]
    found += [f"class {name}: exhausted on {_nodes(count, evaluated)}" for name, count in _sorted(metrics, "ClassExhausted") if name]
    found += [f"quota {name} is used up" for name in metrics.get("QuotaExhausted") or []]
    return found or ["the scheduler gives no reason"]


def _sorted(metrics: Json, name: str) -> list[tuple[str, int]]:
    return sorted((metrics.get(name) or {}).items())


def _nodes(count: int, evaluated: int) -> str:
    return f"{count} of {evaluated} node{'s' if evaluated != 1 else ''}"
