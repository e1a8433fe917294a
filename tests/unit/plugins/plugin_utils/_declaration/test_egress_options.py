# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in the declaration of an egress."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.support.role_inputs import EGRESS_WORKER, PRIVATE_SERVICE, sentences

Json = dict[str, t.Any]

GOOD: Json = {"exit_nodes": ["exit-fra", "tag:exit", "100.64.0.7"], "expect": ["203.0.113.0/24"], "echo": ["http://203.0.113.80/"]}
KERNEL: Json = {"mode": "kernel", "endpoints": []}


def of_service(egress: Json, **inputs: t.Any) -> list[str]:
    """The sentences about the egress of a service without the name of that input; without an egress those about the service."""
    found = sentences("private_service", {**PRIVATE_SERVICE, "egress": egress, **inputs})
    return [sentence.removeprefix("private_service_").removeprefix("egress.") for sentence in found]


def of_worker(**inputs: t.Any) -> list[str]:
    return [sentence.removeprefix("egress_worker_") for sentence in sentences("egress_worker", {**EGRESS_WORKER, **GOOD, **inputs})]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"expect": ["differs"], "level": "monitored"},
        {"expect": ["any"]},
        {"expect": ["2001:db8::1"]},
        {"quorum": "1", "interval": "5"},
        {"proxy_port": "1056"},
    ],
)
def test_a_good_declaration(more: Json) -> None:
    assert of_service({**GOOD, **more}) == []
    assert of_worker(**more) == []


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
        ({"quorum": 0}, "quorum must lie between 1 and the number of echo URLs, 1"),
        ({"quorum": 1.5}, "quorum must be a whole number, not '1.5'"),
        ({"quorum": True}, "quorum must be a whole number, not 'True'"),
        ({"quorum": "all"}, "quorum must be a whole number, not 'all'"),
        ({"exit_nodes": {"first": "exit-fra"}}, "exit_nodes must be a list"),
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
def test_each_problem_is_a_sentence(more: Json, sentence: str) -> None:
    assert of_service({**GOOD, **more}) == [sentence]


@pytest.mark.parametrize("name", ["dns", "peers"])
def test_the_lock_takes_addresses_only(name: str) -> None:
    assert of_service({**GOOD, name: ["100.64.0.7", "fd7a:115c:a1e0::7"]}, **KERNEL) == []
    assert of_service({**GOOD, name: ["db.example.ts.net"]}, **KERNEL) == [f"{name}: 'db.example.ts.net' is no address"]


@pytest.mark.parametrize("level", ["auto", "isolated"])
def test_differs_needs_a_direct_address(level: str) -> None:
    (sentence,) = of_worker(level=level, expect=["differs"])
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
def test_a_way_past_the_sidecar_is_refused(config: Json, way: str) -> None:
    assert of_worker(config=config) == [f"config: {way} of app would be a way past the exit node"]
    assert of_service(GOOD, config=config) == [f"config: {way} of app would be a way past the exit node"]
    assert of_service({}, config=config) == []


def test_a_harmless_configuration_is_not_refused() -> None:
    harmless = {"privileged": False, "cap_add": ["chown"], "mounts": None, "volumes": ["local/a:/a", "/srv/a..b:/b"]}
    assert of_worker(config=harmless, extra_task=None, tasks=[{"name": "db", "image": "db:1"}]) == []


@pytest.mark.parametrize(
    "config",
    [
        {"volumes": ["../tailscale/local/run:/x"]},
        {"mounts": [{"source": "local/../../tailscale"}]},
        {"mount": [{"source": "../tailscale"}]},
    ],
)
def test_another_tasks_files_are_out_of_reach(config: Json) -> None:
    (sentence,) = of_worker(tasks=[{"name": "db", "image": "db:1", "config": config}])
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
    inputs: Json = {"config": {"runtime": runtime}, "tasks": [{"name": "db", "image": "db:1"}], "mode": mode}
    found = of_worker(**inputs, level=level) if level else of_service({}, **inputs, endpoints=[{"port": 80}])
    assert [sentence.split(":")[1] for sentence in found] == [f" runtime {runtime} of app is unfit for kernel mode"] * refused


@pytest.mark.parametrize("runtime", [None, "", "runc", "nvidia"])
def test_a_runtime_with_the_kernel_of_the_client_obeys_it(runtime: str | None) -> None:
    assert of_worker(config={"runtime": runtime}, mode="kernel", level="locked") == []


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"extra_task": 'user = "1"\nkill_timeout = "30s"'}, "extra_task: kill_timeout"),
        ({"kill_timeout": "30s"}, "kill_timeout"),
        ({"tasks": [{"name": "db", "image": "db:1", "kill_timeout": "30s"}]}, "tasks[0].kill_timeout"),
    ],
)
def test_the_time_to_end_is_the_guards(inputs: Json, name: str) -> None:
    (sentence,) = of_service(GOOD, **inputs)
    assert sentence == f"{name} is set by the promise of the guard to stop the task at once: leave it out"


@pytest.mark.parametrize(("level", "refused"), [("monitored", False), ("locked", True), ("isolated", True), ("auto", True)])
def test_who_shows_an_identity_has_to_get_out_before_the_login(level: str, refused: bool) -> None:
    found = of_worker(level=level, workload_identity={"client_id": "a", "audience": "b"}, tags=["tag:a"])
    assert [sentence.partition(":")[0] for sentence in found] == ["level must be monitored for a workload_identity"] * refused
