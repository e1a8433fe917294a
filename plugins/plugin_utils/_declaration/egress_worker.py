# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role egress_worker: what is wrong with its inputs beyond their types, and the declaration that they make."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

from .declared_workload import declared_tasks, declared_workload
from .egress_options import bypass_problems, egress_problems, runtime_problems
from .workload import Inputs, node_problems, program_problems, task_problems

# The inputs that are the egress of the declaration.
EGRESS = ("cni_network", "dns", "echo", "exit_nodes", "expect", "interval", "level", "peers", "proxy_port", "quorum")
# Inputs of this role alone that the declaration has as they are.
OWN = ("parameterized", "periodic", "run_now", "type", "wait")


def problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield a sentence for each problem, without the role's prefix."""
    tasks = declared_tasks(inputs)
    yield from node_problems(inputs)
    yield from task_problems(inputs, tasks, "egress_worker")
    yield from _kind(inputs)
    if inputs["state"] != "absent":
        yield from program_problems(tasks, "docker")
        yield from egress_problems({name: inputs[name] for name in EGRESS}, inputs["mode"], inputs["workload_identity"])
        yield from bypass_problems(tasks)
        yield from runtime_problems(tasks, inputs["mode"], inputs["level"])
        if inputs["level"] == "auto" and inputs["state"] == "rendered":
            yield "level auto is chosen by the clients that Nomad has: name one to render"


def declared(inputs: Inputs) -> Json:
    """Return the declaration of a worker without problems, as the role workload takes it; its level and mode may still be auto."""
    return {
        **declared_workload(inputs, "egress_worker"),
        **{name: inputs[name] for name in OWN},
        "egress": {name: inputs[name] for name in EGRESS},
        "mode": chosen_mode(inputs["mode"], inputs["level"]),
    }


def chosen_mode(mode: str, level: str) -> str:
    """Return the mode for a level; auto as long as the level is."""
    if mode != "auto" or level == "auto":
        return mode
    return "kernel" if level == "locked" else "userspace"


def _kind(inputs: Inputs) -> t.Iterator[str]:
    """When it runs."""
    later = [name for name in ("periodic", "parameterized") if inputs[name]]
    if later and inputs["type"] != "batch":
        yield f"{later[0]} needs egress_worker_type: batch"
    if len(later) > 1:
        yield "periodic and parameterized exclude each other here: what runs by the clock gets no payload"
    if inputs["periodic"] and not inputs["periodic"].get("crons"):
        yield "periodic needs crons, a list of cron expressions"
    if inputs["run_now"] and not inputs["periodic"]:
        yield "run_now is for periodic jobs; a parameterized one is started by notailcar.nomad.job_dispatch"
