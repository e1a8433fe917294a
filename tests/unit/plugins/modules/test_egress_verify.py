# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jobs and allocations are verified, and what cannot be verified."""

from __future__ import annotations

import json
import time
import typing as t

import pytest


def stub(name: str, **more: t.Any) -> dict[str, t.Any]:
    guard = {"notailcar_egress": "locked"}
    return {"ID": name, "Namespace": "default", "Status": "running", "Periodic": False, "ParameterizedJob": False, "Meta": guard, **more}


def job(**more: t.Any) -> dict[str, t.Any]:
    groups = [{"Name": "crawler", "Count": 2, "Tasks": [{"Name": "tailscale"}]}, {"Name": "other", "Count": 1, "Tasks": []}]
    return {"ID": "crawler", "Version": 3, "Periodic": None, "ParameterizedJob": None, "Dispatched": False, "TaskGroups": groups, **more}


def allocation(ident: str, version: int, **more: t.Any) -> dict[str, t.Any]:
    status = {"ClientStatus": "running", "DesiredStatus": "run", "NextAllocation": ""}
    return {"ID": ident, "JobVersion": version, "TaskGroup": "crawler", "CreateIndex": version, **status, **more}


def proved(**more: t.Any) -> dict[str, t.Any]:
    seen = {"verdict": "proved", "observed": "203.0.113.7", "exit_node": "100.64.0.1", "checked": time.time(), "reason": "because"}
    return {**seen, **more}


def test_every_running_job_with_a_guard_is_verified(nomad, in_process) -> None:
    others = [stub("plain", Meta=None), stub("clock", Periodic=True), stub("form", ParameterizedJob=True), stub("gone", Status="dead")]
    nomad.on("GET /v1/jobs", [*others, stub("crawler")])
    nomad.on("GET /v1/job/crawler", job())
    nomad.on("GET /v1/job/crawler/allocations", [])
    failed = in_process("egress_verify", timeout=0)
    assert failed["failed"]
    assert failed["msg"] == "egress: not every egress is proved.\n  job crawler: 0 of 2 allocations of group crawler are there"


def test_all_allocations_are_verified_and_a_stopped_one_hides_no_other(nomad, in_process) -> None:
    """Also those of an older version, and the guilty one is named."""
    nomad.on("GET /v1/jobs", [stub("crawler")])
    nomad.on("GET /v1/job/crawler", job())
    old, new, replaced = allocation("a" * 36, 2), allocation("b" * 36, 3), allocation("c" * 36, 3, DesiredStatus="stop")
    nomad.on("GET /v1/job/crawler/allocations", [old, new, replaced])
    for one, egress in ((old, proved()), (new, proved(verdict="stopped"))):
        nomad.on(f"GET /v1/client/fs/stat/{one['ID']}", {"Name": "evidence.json"})
        nomad.on(f"GET /v1/client/fs/cat/{one['ID']}", json.dumps({"alloc_id": one["ID"], "time": time.time(), "egress": egress}))
    failed = in_process("egress_verify", timeout=0)
    _first, *lines = failed["msg"].splitlines()
    assert lines == ["  job crawler, alloc bbbbbbbb leaves as 203.0.113.7 through 100.64.0.1: stopped: because"]
    assert [one["verdict"] for one in failed["failure"]["allocations"]] == ["stopped", "proved"]


def test_what_tailscaled_reports_is_next_to_what_the_guard_saw(nomad, in_process) -> None:
    nomad.on("GET /v1/job/crawler", job())
    one = allocation("a" * 36, 3)
    nomad.on("GET /v1/job/crawler/allocations", [one])
    status = {"address": "100.64.0.2", "online": False}
    evidence = {"alloc_id": one["ID"], "time": time.time(), "egress": proved(exit_node_status=status)}
    nomad.on(f"GET /v1/client/fs/stat/{one['ID']}", {"Name": "evidence.json"})
    nomad.on(f"GET /v1/client/fs/cat/{one['ID']}", json.dumps(evidence))
    (found,) = in_process("egress_verify", job="crawler", check=True)["allocations"]
    assert (found["exit_node"], found["exit_node_status"]) == ("100.64.0.1", status)


@pytest.mark.parametrize(
    ("options", "of_job", "words"),
    [
        ({}, {"Periodic": {"Enabled": True}}, "Job crawler runs nothing itself"),
        ({}, {"ParameterizedJob": {"Payload": "optional"}}, "Job crawler runs nothing itself"),
        ({"group": "other"}, {}, "No group of job crawler has a task tailscale"),
        ({"namespace": "*"}, {}, "crawler is looked for in one namespace"),
        ({"expect": ["203.0.113.0/255.0.0.0"]}, {}, "neither an address nor a CIDR"),
    ],
)
def test_what_cannot_be_verified(nomad, in_process, options: dict[str, t.Any], of_job: dict[str, t.Any], words: str) -> None:
    nomad.on("GET /v1/job/crawler", job(**of_job))
    failed = in_process("egress_verify", job="crawler", timeout=0, **options)
    assert failed["failure"]["kind"] == "invalid_input"
    assert words in failed["msg"]


def test_nothing_to_verify_is_no_proof(nomad, in_process) -> None:
    nomad.on("GET /v1/jobs", [stub("plain", Meta={})])
    result = in_process("egress_verify")
    assert (result["proved"], result["allocations"]) == (False, [])
