# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role egress_worker refuses, input by input; what it shares with private_service is tested there."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.support.role_inputs import EGRESS_WORKER, sentences

BATCH = {"type": "batch"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"count": 10},
        {"count": "2", "hostname": "crawler-${NOMAD_ALLOC_INDEX}"},
        {**BATCH, "periodic": {"crons": ["@daily"]}, "run_now": True},
        {**BATCH, "parameterized": {"payload": "required"}},
        {"state": "absent", "image": None, "exit_nodes": [], "expect": [], "echo": [], "auth_key": None},
        {"state": "rendered", "level": "locked", "auth_key": None},
        {"level": "isolated", "mode": "kernel"},
        {"exit_nodes": "exit-fra,tag:exit", "interval": "5", "wait": "no"},
    ],
)
def test_a_good_worker(more: dict[str, t.Any]) -> None:
    assert sentences("egress_worker", {**EGRESS_WORKER, **more}) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"exit_nodes": []}, "exit_nodes is required"),
        ({"exit_nodes": {"first": "exit-fra"}}, "exit_nodes must be a list"),
        ({"image": None}, "image is required"),
        ({"auth_key": " "}, "auth_key is required: a reusable, ephemeral auth key of your tailnet"),
        ({"level": "locked", "mode": "userspace"}, "level locked needs kernel mode: tailscaled marks its packets only there"),
        ({"level": "monitored", "mode": "kernel"}, "level monitored is for userspace mode: in kernel mode locked costs nothing more"),
        ({"state": "rendered"}, "level auto is chosen by the clients that Nomad has: name one to render"),
        ({"periodic": {"crons": ["@daily"]}}, "periodic needs egress_worker_type: batch"),
        ({**BATCH, "periodic": {"time_zone": "UTC"}}, "periodic needs crons, a list of cron expressions"),
        (
            {**BATCH, "periodic": {"crons": ["@daily"]}, "parameterized": {"payload": "optional"}},
            "periodic and parameterized exclude each other here: what runs by the clock gets no payload",
        ),
        (
            {"config": {"runtime": "runsc"}},
            "config: runtime runsc of app is unfit for kernel mode: its packets may pass the firewall of the network namespace. Known to "
            "obey it are crun, io.containerd.runc.v2, nvidia, runc",
        ),
        ({"interval": 16}, "interval must lie between 1 and 15 seconds"),
        ({"quorum": 2}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"run_now": True}, "run_now is for periodic jobs; a parameterized one is started by notailcar.nomad.job_dispatch"),
        (
            {"count": 2, "hostname": "crawler"},
            "hostname 'crawler' would be that of 2 nodes: give each its own, for example 'crawler-${NOMAD_ALLOC_INDEX}'",
        ),
    ],
)
def test_each_problem_of_a_worker_is_a_sentence(wrong: dict[str, t.Any], sentence: str) -> None:
    assert sentences("egress_worker", {**EGRESS_WORKER, **wrong}) == [f"egress_worker_{sentence}"]
