# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps a run takes in each situation, and that each step has a task file."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.steps import (
    Deployment,
    Removal,
    deployment_steps,
    removal_steps,
    rotation_steps,
    task_files,
)

from tests.unit.support.paths import ROOT

TASKS = ROOT / "roles/workload/tasks"
SETTLED = Deployment()
NEW = Deployment(settled=False, exists=False, verified=False, secrets_differ=True)
UPDATE = Deployment(settled=False, verified=False)
WORKER = {"has_egress": True}
# A batch, one of which nothing runs before its start, and one that starts now.
BATCH = {"has_egress": True, "is_service": False}
LATER = {**BATCH, "waits_for_start": True}
STARTED = {**LATER, "run_now": True}


def changed(found: Deployment, **more: t.Any) -> Deployment:
    return Deployment(**{**vars(found), **more})


DEPLOYMENTS: dict[str, tuple[Deployment, list[str]]] = {
    # A service
    "it is as declared": (SETTLED, []),
    "it is new": (NEW, ["secrets", "run", "prove"]),
    "it is new, with a minted key": (changed(NEW, new_key=True), ["key", "secrets", "run", "prove"]),
    "it is new, with a minted key, and serves nothing": (changed(NEW, new_key=True, secrets_differ=False), ["key", "run", "prove"]),
    "an earlier node has its name": (changed(NEW, stale_nodes=True), ["forget", "secrets", "run", "prove"]),
    "the job is another one": (UPDATE, ["run", "prove"]),
    "the job and its secrets are others": (changed(UPDATE, secrets_differ=True), ["secrets", "run", "prove"]),
    "a secret has another value": (changed(SETTLED, secrets_differ=True), ["secrets", "prove"]),
    "a secret is needed no longer": (changed(SETTLED, leftovers=True), ["secrets", "prove"]),
    "an update needs a secret no longer": (changed(UPDATE, leftovers=True), ["run", "prove", "drop"]),
    "an update needs another secret": (changed(UPDATE, secrets_differ=True, leftovers=True), ["secrets", "run", "prove", "drop"]),
    "a variable was left behind by another job": (changed(NEW, leftovers=True), ["secrets", "run", "prove"]),
    "it is not verified": (changed(SETTLED, verified=False), ["prove"]),
    "a node is left that is offline": (changed(SETTLED, stale_nodes=True), ["forget"]),
    "its key ends soon": (changed(SETTLED, new_key=True), ["key"]),
    "its key ends soon, and another is not revoked yet": (changed(SETTLED, new_key=True, replaced_keys=True), ["key", "revoke"]),
    "a key is not revoked yet": (changed(SETTLED, replaced_keys=True), ["revoke"]),
    "an update with all that there is": (
        changed(UPDATE, secrets_differ=True, leftovers=True, stale_nodes=True, new_key=True, replaced_keys=True, **WORKER),
        ["forget", "key", "secrets", "run", "prove", "egress", "drop", "revoke"],
    ),
    # A canary
    "an update runs as a canary": (changed(UPDATE, canary=True), ["run", "canary", "promote", "prove"]),
    "an update is asked as a canary": (changed(UPDATE, canary=True, asks_canary=True), ["run", "canary", "ask_canary", "promote", "prove"]),
    "the first version is no canary": (changed(NEW, asks_canary=True), ["secrets", "run", "prove"]),
    "nothing is asked without a canary": (changed(UPDATE, asks_canary=True), ["run", "prove"]),
    "a canary that was promoted": (changed(SETTLED, canary=True, asks_canary=True), []),
    "a canary with fewer secrets": (
        changed(UPDATE, canary=True, secrets_differ=True, leftovers=True),
        ["secrets", "run", "canary", "promote", "prove", "drop"],
    ),
    "a service whose canary has another secret": (changed(SETTLED, canary=True, secrets_differ=True), ["secrets", "prove"]),
    # Egress
    "a worker is as declared": (changed(SETTLED, **WORKER), []),
    "a worker is new": (changed(NEW, **WORKER), ["secrets", "run", "prove", "egress"]),
    "a worker is updated": (changed(UPDATE, **WORKER), ["run", "prove", "egress"]),
    "a worker is not verified": (changed(SETTLED, **WORKER, verified=False), ["prove", "egress"]),
    "a worker has another secret": (changed(SETTLED, **WORKER, secrets_differ=True), ["secrets", "prove", "egress"]),
    "a worker gets another key": (changed(SETTLED, **WORKER, new_key=True), ["key"]),
    # A batch
    "a batch is new": (changed(NEW, **BATCH), ["secrets", "run", "egress"]),
    "a batch has ended": (changed(SETTLED, **BATCH), []),
    "a batch is another one": (changed(UPDATE, **BATCH), ["run", "egress"]),
    "a batch that has ended has another secret": (changed(SETTLED, **BATCH, secrets_differ=True), ["secrets"]),
    "a batch needs a secret no longer": (changed(UPDATE, **BATCH, leftovers=True), ["run", "egress", "drop"]),
    "a periodic batch is new": (changed(NEW, **LATER), ["secrets", "run"]),
    "a periodic batch is another one": (changed(UPDATE, **LATER), ["run"]),
    "a periodic batch waits": (changed(SETTLED, **LATER), []),
    "a periodic batch starts now": (changed(SETTLED, **STARTED), ["run_now", "egress"]),
    "a periodic batch is new, and starts now": (changed(NEW, **STARTED), ["secrets", "run", "run_now", "egress"]),
    "a periodic batch is updated, starts now, and gets another key": (
        changed(UPDATE, **STARTED, new_key=True, replaced_keys=True),
        ["key", "run", "run_now", "egress", "revoke"],
    ),
}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment(name: str) -> None:
    found, steps = DEPLOYMENTS[name]
    assert deployment_steps(found) == steps


REMOVALS: dict[str, tuple[Removal, list[str]]] = {
    "nothing is left": (Removal(), []),
    "it is gone but for its runs": (Removal(children_left=True), []),
    "it runs": (Removal(runs=True, has_variables=True), ["stop", "delete", "prove_removal"]),
    "it runs, with a minted key": (
        Removal(runs=True, has_key=True, has_variables=True),
        ["stop", "revoke", "delete", "prove_removal"],
    ),
    "it has no variables": (Removal(runs=True), ["stop", "prove_removal"]),
    "its nodes keep their state": (Removal(runs=True, has_variables=True, nodes_log_out=False), ["stop", "delete"]),
    "it was stopped by hand": (Removal(has_key=True, has_variables=True), ["revoke", "delete"]),
    "it was stopped, and its node is still there": (Removal(nodes_left=True), ["prove_removal"]),
    "its node keeps its state, and is still there": (Removal(nodes_left=True, nodes_log_out=False), []),
    "the tailnet forgets its nodes": (Removal(runs=True, nodes_log_out=False, forgets_nodes=True), ["stop", "forget"]),
    "the tailnet has forgotten its nodes": (Removal(nodes_log_out=False, forgets_nodes=True), []),
    "a node was left behind": (Removal(forgets_nodes=True, stale_nodes=True), ["forget"]),
    "it is purged": (Removal(runs=True, has_variables=True, purge=True), ["stop", "delete", "prove_removal", "purge"]),
    "it was stopped, and is purged": (Removal(purge=True), ["purge"]),
    "runs of a batch go on": (Removal(runs=True, children_run=True, children_left=True), ["stop", "stop_runs", "prove_removal"]),
    "only a run of a batch goes on": (Removal(children_run=True, children_left=True), ["stop_runs", "prove_removal"]),
    "a batch is purged with its runs": (
        Removal(runs=True, children_left=True, purge=True),
        ["stop", "prove_removal", "purge_runs", "purge"],
    ),
    "all that there is": (
        Removal(
            **{"runs": True, "children_run": True, "children_left": True, "has_key": True, "has_variables": True, "nodes_left": True},
            **{"forgets_nodes": True, "stale_nodes": True, "purge": True},
        ),
        ["stop", "stop_runs", "revoke", "delete", "prove_removal", "forget", "purge_runs", "purge"],
    ),
}


@pytest.mark.parametrize("name", REMOVALS)
def test_a_removal(name: str) -> None:
    found, steps = REMOVALS[name]
    assert removal_steps(found) == steps


@pytest.mark.parametrize(
    ("new_key", "replaced_keys", "steps"),
    [(False, False, []), (True, False, ["key"]), (False, True, ["revoke"]), (True, True, ["key", "revoke"])],
)
def test_a_rotation(new_key: bool, replaced_keys: bool, steps: list[str]) -> None:
    assert rotation_steps(new_key, replaced_keys) == steps


def test_a_run_begins_and_reports_around_its_steps() -> None:
    assert task_files(["run", "prove"]) == ["begin", "run", "prove", "report"]


def test_a_run_without_steps_is_nothing() -> None:
    assert task_files([]) == ["nothing"]


def test_every_step_is_a_task_file_and_every_task_file_a_step() -> None:
    taken = {step for _found, steps in [*DEPLOYMENTS.values(), *REMOVALS.values()] for step in steps}
    files = {path.stem for path in TASKS.glob("*.yml")}
    # `render` is the whole run of a workload that is only rendered; main.yml includes all others, and undo.yml where one fails.
    assert files == {*taken, *task_files(["render"]), *task_files([]), "main", "undo"}


def test_the_table_of_contents_names_every_step() -> None:
    (head, *_tasks) = (TASKS / "main.yml").read_text().partition("\n- name:")
    missing = [path.stem for path in TASKS.glob("*.yml") if path.stem not in ("main", "undo") and path.stem not in words(head)]
    assert missing == []


def words(text: str) -> set[str]:
    return {word.strip("`,#.") for word in text.split()}


@pytest.mark.parametrize("found", [Deployment(), Removal()], ids=["deployment", "removal"])
def test_every_finding_makes_a_difference(found: Deployment | Removal) -> None:
    table: t.Any = DEPLOYMENTS if isinstance(found, Deployment) else REMOVALS
    tried = {name for one, _steps in table.values() for name, value in vars(one).items() if value != vars(found)[name]}
    assert tried == set(vars(found))
