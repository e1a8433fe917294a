# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in the declaration of an egress."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._inputs.egress_options import (
    bypass_problems,
    egress_problems,
    runtime_problems,
)

GOOD = {"exit_nodes": ["exit-fra", "tag:exit", "100.64.0.7"], "expect": ["203.0.113.0/24"], "echo": ["http://203.0.113.80/"]}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"expect": ["differs"]},
        {"expect": ["any"]},
        {"expect": ["2001:db8::1"]},
        {"quorum": "1", "interval": "5"},
        {"proxy_port": "1056"},
    ],
)
def test_a_good_declaration(more: dict[str, t.Any]) -> None:
    assert not list(egress_problems({**GOOD, **more}, "userspace"))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"expect": []}, "expect is required"),
        ({"exit_nodes": None}, "exit_nodes is required"),
        ({"echo": []}, "echo is required"),
        ({"exit_nodes": ["a b"]}, "exit_nodes: 'a b' is no name, address or tag"),
        ({"echo": ["http://203.0.113.80/\\"]}, "echo: 'http://203.0.113.80/\\' is no URL"),
        ({"echo": ["203.0.113.80"]}, "echo: '203.0.113.80' is no URL"),
        ({"expect": ["any", "203.0.113.1"]}, "expect: differs and any stand alone"),
        ({"expect": ["everything"]}, "expect: 'everything' is neither an address nor a CIDR, nor differs or any"),
        (
            {"expect": ["203.0.113.1", "0.0.0.0/0"]},
            "expect: '0.0.0.0/0' has every address, which proves nothing: name the addresses of the exit nodes, or differs or any",
        ),
        (
            {"expect": ["::ffff:0:0/96"]},
            "expect: '::ffff:0:0/96' has every address, which proves nothing: name the addresses of the exit nodes, or differs or any",
        ),
        ({"expect": ["459.0.113.7"]}, "expect: '459.0.113.7' is neither an address nor a CIDR, nor differs or any"),
        ({"quorum": 2}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"quorum": 1.0}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"quorum": True}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"quorum": "1.0"}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"exit_nodes": "exit-fra"}, "exit_nodes must be a list"),
        (
            {"expect": ["203.0.113.0/255.255.255.0"]},
            "expect: '203.0.113.0/255.255.255.0' is neither an address nor a CIDR, nor differs or any",
        ),
        ({"proxy_port": 70000}, "proxy_port '70000' is no port, from 1 to 65535"),
        ({"interval": 90}, "interval must lie between 1 and 15 seconds"),
        ({"dns": ["9.9.9.9"]}, "dns is for kernel mode, so for level locked or mode kernel: in userspace mode names go through the proxy"),
        (
            {"peers": ["100.64.0.7"]},
            "peers is for kernel mode, so for level locked or mode kernel: in userspace mode the policy of the tailnet alone decides "
            "what the proxy reaches",
        ),
        ({"level": "locked"}, "level locked needs kernel mode: tailscaled marks its packets only there"),
    ],
)
def test_each_problem_is_a_sentence(more: dict[str, t.Any], sentence: str) -> None:
    assert list(egress_problems({**GOOD, **more}, "userspace")) == [sentence]


@pytest.mark.parametrize("name", ["dns", "peers"])
def test_the_lock_takes_addresses_only(name: str) -> None:
    assert not list(egress_problems({**GOOD, name: ["100.64.0.7", "fd7a:115c:a1e0::7"]}, "kernel"))
    assert list(egress_problems({**GOOD, name: ["db.example.ts.net"]}, "kernel")) == [f"{name}: 'db.example.ts.net' is no address"]


@pytest.mark.parametrize("level", ["auto", "isolated"])
def test_differs_needs_a_direct_address(level: str) -> None:
    (sentence,) = egress_problems({**GOOD, "level": level, "expect": ["differs"]}, "auto")
    assert sentence.startswith("expect: differs needs the level locked or monitored")


@pytest.mark.parametrize(
    ("config", "way"),
    [
        ({"privileged": True}, "privileged"),
        ({"network_mode": "host"}, "network_mode"),
        ({"cap_add": ["CAP_NET_ADMIN"]}, "cap_add CAP_NET_ADMIN"),
        ({"cap_add": ["chown", "net_raw"]}, "cap_add net_raw"),
    ],
)
def test_a_way_past_the_sidecar_is_refused(config: dict[str, t.Any], way: str) -> None:
    assert list(bypass_problems([{"name": "app", "config": config}])) == [f"config: {way} of app would be a way past the exit node"]
    harmless = {"privileged": False, "cap_add": ["chown"], "mounts": None, "volumes": ["local/a:/a", "/srv/a..b:/b"]}
    assert not list(bypass_problems([{"name": "app", "config": harmless, "extra": None}, {"name": "db"}]))


@pytest.mark.parametrize(
    "config",
    [
        {"volumes": ["../tailscale/local/run:/x"]},
        {"mounts": [{"source": "local/../../tailscale"}]},
        {"mount": [{"source": "../tailscale"}]},
    ],
)
def test_another_tasks_files_are_out_of_reach(config: dict[str, t.Any]) -> None:
    (sentence,) = bypass_problems([{"name": "db", "config": config}])
    assert "of db would reach into another task" in sentence


@pytest.mark.parametrize("runtime", ["runsc", "kata", "${meta.runtime}"])
@pytest.mark.parametrize(
    ("mode", "level", "refused"),
    [
        ("kernel", None, True),
        ("kernel", "isolated", True),
        ("auto", "locked", True),
        ("auto", "auto", True),
        ("auto", "isolated", False),
        ("auto", "monitored", False),
        ("userspace", None, False),
    ],
)
def test_a_runtime_with_a_network_stack_of_its_own_passes_the_lock(mode: str, level: str | None, refused: bool, runtime: str) -> None:
    sentences = list(runtime_problems([{"name": "db"}, {"name": "app", "config": {"runtime": runtime}}], mode, level))
    assert [sentence.split(":")[1] for sentence in sentences] == [f" runtime {runtime} of app is unfit for kernel mode"] * refused


@pytest.mark.parametrize("runtime", [None, "", "runc", "nvidia"])
def test_a_runtime_with_the_kernel_of_the_client_obeys_it(runtime: str | None) -> None:
    assert not list(runtime_problems([{"name": "app", "config": {"runtime": runtime}}], "kernel", "locked"))


def test_the_time_to_end_is_the_guards() -> None:
    (sentence,) = bypass_problems([{"name": "app", "extra": 'user = "1"\nkill_timeout = "30s"'}])
    assert sentence.startswith("extra: kill_timeout of app")


@pytest.mark.parametrize(("level", "refused"), [("monitored", False), ("locked", True), ("isolated", True), ("auto", True)])
def test_who_shows_an_identity_has_to_get_out_before_the_login(level: str, refused: bool) -> None:
    sentences = egress_problems({**GOOD, "level": level}, "auto", {"client_id": "a", "audience": "b"})
    assert any("workload_identity" in sentence for sentence in sentences) == refused
