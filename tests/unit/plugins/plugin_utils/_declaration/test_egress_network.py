# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role egress_network refuses, input by input."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.support.role_inputs import defaults, sentences

NETWORK = {**defaults("egress_network"), "destinations": ["198.51.100.2", "192.200.0.0/24"]}


def test_a_good_network() -> None:
    assert sentences("egress_network", NETWORK) == []
    assert sentences("egress_network", {**NETWORK, "state": "absent", "destinations": []}) == []


def test_the_answer_of_a_survey_is_a_list() -> None:
    assert sentences("egress_network", {**NETWORK, "destinations": "198.51.100.2,192.200.0.0/24"}) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"destinations": []}, "destinations is required: without the control server and relays no node can log in"),
        ({"destinations": {"control": "198.51.100.2"}}, "destinations must be a list"),
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
    assert sentences("egress_network", {**NETWORK, **wrong}) == [f"egress_network_{sentence}"]
