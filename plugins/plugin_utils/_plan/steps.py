# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps a run takes, from what a plan has found; each step is a task file of the role workload."""

from __future__ import annotations

from dataclasses import dataclass

# The first and the last of a run that does anything, and the only one of a run that does not.
BEGIN, REPORT, NOTHING = "begin", "report", "nothing"


@dataclass(frozen=True)
class Deployment:
    """What a plan has found for a workload that is to be there.

    `settled`: the job runs as declared, and nothing is under way. `is_service`: it runs on, so its nodes can be verified.
    `waits_for_start`: a periodic or parameterized job, of which nothing runs now. `canary`: the update runs as a canary first.
    `verified`: what runs is verified at the time of the plan. `secrets_differ`: an item of a Nomad Variable is to be written.
    `leftovers`: it has items that only the version before needs.
    """

    settled: bool = True
    exists: bool = True
    is_service: bool = True
    waits_for_start: bool = False
    has_egress: bool = False
    canary: bool = False
    asks_canary: bool = False
    run_now: bool = False
    verified: bool = True
    secrets_differ: bool = False
    leftovers: bool = False
    stale_nodes: bool = False
    new_key: bool = False
    replaced_keys: bool = False


@dataclass(frozen=True)
class Removal:
    """What a plan has found for a workload that is to be gone."""

    runs: bool = False
    children_run: bool = False
    children_left: bool = False
    has_key: bool = False
    has_variables: bool = False
    nodes_left: bool = False
    nodes_log_out: bool = True
    forgets_nodes: bool = False
    stale_nodes: bool = False
    purge: bool = False


def deployment_steps(found: Deployment) -> list[str]:
    """Return the steps of a deployment; none when it is as declared, and verified."""
    runs = not found.settled
    # Of a version that is to run, what only the one before needs is dropped after the proof.
    drops_later = runs and found.exists and found.leftovers
    stores = found.secrets_differ or (found.leftovers and not drops_later)
    unproved = runs or stores or not found.verified
    # A batch that has ended as it was is not verified once more, and what starts later is verified then.
    egress_runs = found.run_now or (not found.waits_for_start and (found.is_service or runs))
    steps = {
        "forget": found.stale_nodes,
        "key": found.new_key,
        "secrets": stores,
        "run": runs,
        "canary": runs and found.canary,
        "ask_canary": runs and found.canary and found.asks_canary,
        "promote": runs and found.canary,
        "prove": found.is_service and unproved,
        "run_now": found.run_now,
        "egress": found.has_egress and egress_runs and (found.run_now or unproved),
        "drop": drops_later,
        "revoke": found.replaced_keys,
    }
    return [name for name, wanted in steps.items() if wanted]


def removal_steps(found: Removal) -> list[str]:
    """Return the steps of a removal; none when everything is gone."""
    stops = found.runs or found.children_run
    steps = {
        "stop": found.runs,
        "stop_runs": found.children_run,
        "revoke": found.has_key,
        "delete": found.has_variables,
        "prove_removal": found.nodes_log_out and (stops or found.nodes_left),
        "forget": found.stale_nodes or (found.forgets_nodes and stops),
        "purge_runs": found.purge and found.children_left,
        "purge": found.purge,
    }
    return [name for name, wanted in steps.items() if wanted]


def rotation_steps(new_key: bool, replaced_keys: bool) -> list[str]:
    """Return the steps that give a running workload a new key; none when the one it has is good."""
    return [name for name, wanted in {"key": new_key, "revoke": replaced_keys}.items() if wanted]


def task_files(steps: list[str]) -> list[str]:
    """Return the task files that a run includes for these steps."""
    return [BEGIN, *steps, REPORT] if steps else [NOTHING]
