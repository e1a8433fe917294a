# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role egress_worker, beyond the types of its argument specification."""

from __future__ import annotations

import typing as t

from ...plugin_utils import _endpoints
from .egress_options import bypass_problems, egress_problems, runtime_problems
from .workload import LIST, MAPPING, SHAPES, Inputs, node_problems, program_problems, task_problems, well_shaped

# The inputs that the role workload accepts as the egress of a job. They are listed because inputs are evaluated one by one.
EGRESS = ("dns", "echo", "exit_nodes", "expect", "interval", "level", "peers", "proxy_port", "quorum")
OWN_SHAPES = {
    **SHAPES,
    **dict.fromkeys(("dns", "echo", "exit_nodes", "expect", "peers"), LIST),
    **dict.fromkeys(("config", "parameterized", "periodic"), MAPPING),
}


def problems(inputs: Inputs) -> list[str]:
    """Return a sentence for each problem; `inputs` are the role's variables by their names without the role's prefix."""
    misshapen, shaped = well_shaped(inputs, OWN_SHAPES)
    sentences = [*misshapen, *node_problems(shaped), *task_problems(shaped, "egress_worker"), *_kind(shaped)]
    if inputs["state"] != "absent":
        egress = {name: shaped[name] for name in EGRESS}
        sentences += [*program_problems(shaped, "docker"), *egress_problems(egress, inputs["mode"], shaped["workload_identity"])]
        tasks = [{"name": "app", "config": shaped["config"], "extra": shaped["extra_task"]}, *shaped["tasks"]]
        sentences += [*bypass_problems(tasks), *runtime_problems(tasks, inputs["mode"], inputs["level"])]
        if inputs["level"] == "auto" and inputs["state"] == "rendered":
            sentences.append("level auto is chosen by the clients that Nomad has: name one to render")
    return [f"egress_worker_{sentence}" for sentence in sentences]


def _kind(inputs: Inputs) -> t.Iterator[str]:
    """When it runs."""
    later = [name for name in ("periodic", "parameterized") if inputs[name]]
    if later and inputs["type"] != "batch":
        yield f"{later[0]} needs egress_worker_type: batch"
    if len(later) > 1:
        yield "periodic and parameterized exclude each other here: what runs by the clock gets no payload"
    if inputs["periodic"] and not inputs["periodic"].get("crons"):
        yield "periodic needs crons, a list of cron expressions"
    if _endpoints.is_true(inputs["run_now"]) and not inputs["periodic"]:
        yield "run_now is for periodic jobs; a parameterized one is started by notailcar.nomad.job_dispatch"
