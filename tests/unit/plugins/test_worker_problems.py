# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles egress_worker and egress_network refuse, input by input; what they share with private_service is tested there."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.notailcar.nomad.plugins.plugin_utils._inputs import egress_network, egress_worker

ROLES = Path(__file__).parents[3] / "roles"


def defaults(role: str) -> dict[str, t.Any]:
    return {
        name.removeprefix(f"{role}_"): value for name, value in yaml.safe_load((ROLES / role / "defaults/main.yml").read_text()).items()
    }


WORKER = {
    **defaults("egress_worker"),
    "name": "crawler",
    "hostname": "crawler-${NOMAD_SHORT_ALLOC_ID}",
    "image": "crawler:1",
    "auth_key": "key",
    "exit_nodes": ["exit-fra"],
    "expect": ["203.0.113.0/24"],
    "echo": ["https://ip.example.com/"],
}


class Lazy(dict[str, t.Any]):
    """As the roles' variables come: evaluated, and there, only when they are asked for."""

    def __init__(self, values: dict[str, t.Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, name: str) -> t.Any:
        return self._values[name]


NETWORK = {**defaults("egress_network"), "destinations": ["198.51.100.2", "192.200.0.0/24"]}
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
    ],
)
def test_a_good_worker(more: dict[str, t.Any]) -> None:
    assert egress_worker.problems(Lazy({**WORKER, **more})) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"exit_nodes": []}, "exit_nodes is required"),
        ({"exit_nodes": "exit-fra"}, "exit_nodes must be a list"),
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
    found = egress_worker.problems(Lazy({**WORKER, **wrong}))
    assert f"egress_worker_{sentence}" in found
    assert len(found) == (2 if wrong.get("exit_nodes") == "exit-fra" else 1)


def test_a_good_network() -> None:
    assert egress_network.problems(Lazy(NETWORK)) == []
    assert egress_network.problems(Lazy({**NETWORK, "state": "absent", "destinations": []})) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"destinations": []}, "destinations is required: without the control server and relays no node can log in"),
        ({"destinations": "198.51.100.2"}, "destinations must be a list"),
        (
            {"destinations": ["control.example.com"]},
            "destinations: 'control.example.com' is neither an IPv4 address nor a CIDR with its first address",
        ),
        ({"destinations": ["0.0.0.0/1"]}, "destinations: 0.0.0.0/1 is a way to anywhere: name the control server and the relays"),
        ({"subnet": "everywhere"}, "subnet 'everywhere' is no IPv4 network from /8 to /29 with its first address"),
        ({"subnet": "172.27.64.5/20"}, "subnet '172.27.64.5/20' is no IPv4 network from /8 to /29 with its first address"),
        ({"subnet": "172.27.64.0"}, "subnet '172.27.64.0' is no IPv4 network from /8 to /29 with its first address"),
        (
            {"destinations": ["198.51.100.2/24"]},
            "destinations: '198.51.100.2/24' is neither an IPv4 address nor a CIDR with its first address",
        ),
        ({"bridge": "notailcar-egress"}, "bridge 'notailcar-egress' must be of a-z, 0-9 and -, at most 15 characters"),
        ({"name": "../etc"}, "name '../etc' must be of a-z, 0-9 and -, at most 63 characters"),
    ],
)
def test_each_problem_of_a_network_is_a_sentence(wrong: dict[str, t.Any], sentence: str) -> None:
    assert egress_network.problems(Lazy({**NETWORK, **wrong})) == [f"egress_network_{sentence}"]
