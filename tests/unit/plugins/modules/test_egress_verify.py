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
    seen["expect"] = "203.0.113.7"
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


@pytest.mark.parametrize("gone", [(404, "job not found"), job(ID="gone", Stop=True)])
def test_a_job_that_was_purged_or_stopped_after_it_was_listed_is_left_out(nomad, in_process, gone: t.Any) -> None:
    nomad.on("GET /v1/jobs", [stub("gone"), stub("crawler")])
    nomad.on("GET /v1/job/gone", gone)
    nomad.on("GET /v1/job/gone/allocations", [])
    nomad.on("GET /v1/job/crawler", job())
    ran = [allocation("a" * 36, 3), allocation("b" * 36, 3)]
    nomad.on("GET /v1/job/crawler/allocations", ran)
    for one in ran:
        nomad.on(f"GET /v1/client/fs/stat/{one['ID']}", {"Name": "evidence.json"})
        nomad.on(f"GET /v1/client/fs/cat/{one['ID']}", json.dumps({"alloc_id": one["ID"], "time": time.time(), "egress": proved()}))
    result = in_process("egress_verify", timeout=0)
    assert not result.get("failed"), result
    assert (result["proved"], len(result["allocations"])) == (True, 2)


def test_all_jobs_that_were_listed_are_gone(nomad, in_process, screen) -> None:
    nomad.on("GET /v1/jobs", [stub("gone")])
    result = in_process("egress_verify", timeout=0)
    assert result["proved"] is False
    assert "nothing was proved" in screen.warnings[-1]


def test_a_stopped_job_that_was_named_fails_at_once(nomad, in_process) -> None:
    nomad.on("GET /v1/job/crawler", job(Stop=True))
    nomad.on("GET /v1/job/crawler/allocations", [])
    failed = in_process("egress_verify", job="crawler", timeout=3600)
    assert "job crawler is stopped" in failed["msg"]
    assert in_process("egress_verify", check=True, job="crawler")["proved"] is False


def test_what_ended_of_an_older_version_counts_for_nothing(nomad, in_process) -> None:
    nomad.on("GET /v1/job/crawler", job(Type="batch"))
    older = [allocation(letter * 36, 2, ClientStatus="complete") for letter in "ab"]
    nomad.on("GET /v1/job/crawler/allocations", older)
    failed = in_process("egress_verify", job="crawler", timeout=0)
    assert "0 of 2 allocations of group crawler are there" in failed["msg"]
    assert failed["failure"]["allocations"] == []


HOSTILE = "\x1b[2Jtskey-auth-kAbCdEf-GhIjKl\nall proved"


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        ({"verdict": "stopped", "reason": HOSTILE}, "stopped"),
        ({"verdict": "waiting", "reason": HOSTILE}, "not_proved"),
        ({"observed": HOSTILE, "exit_node": HOSTILE}, "not_proved"),
        ({"expect": HOSTILE, "level": HOSTILE}, "wrong_address"),
        ({"checked": 10**400}, "refused"),
        ({"checked": None}, "refused"),
        ({"checked": True}, "refused"),
        ({"observed": ["203.0.113.7"]}, "refused"),
        ({"direct": "192.0.2.10"}, "refused"),
        ({"direct": [{}]}, "refused"),
        ([HOSTILE], "refused"),
    ],
)
def test_the_evidence_of_a_guard_that_nobody_would_write(nomad, in_process, screen, seen: t.Any, verdict: str) -> None:
    egress = proved(**seen) if isinstance(seen, dict) else seen
    nomad.on("GET /v1/job/crawler", job())
    one = allocation("a" * 36, 3)
    nomad.on("GET /v1/job/crawler/allocations", [one])
    nomad.on(f"GET /v1/client/fs/stat/{one['ID']}", {"Name": "evidence.json"})
    nomad.on(f"GET /v1/client/fs/cat/{one['ID']}", json.dumps({"alloc_id": one["ID"], "time": time.time(), "egress": egress}))
    failed = in_process("egress_verify", job="crawler", timeout=0)
    assert [one["verdict"] for one in failed["failure"]["allocations"]] == [verdict]
    shown = json.dumps([failed, screen.lines, in_process("egress_verify", job="crawler", check=True)])
    assert [word for word in ("\\u001b", "kAbCdEf", "0" * 400) if word in shown] == []
    assert "all proved" not in failed["msg"].splitlines()


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
        ({"namespace": "*"}, {}, "the job crawler is in one namespace"),
        ({"expect": ["203.0.113.0/255.0.0.0"]}, {}, "neither an address nor a CIDR"),
        ({"expect": ["::/0"]}, {}, "'::/0' has every address, which proves nothing"),
    ],
)
def test_what_cannot_be_verified(nomad, in_process, options: dict[str, t.Any], of_job: dict[str, t.Any], words: str) -> None:
    nomad.on("GET /v1/job/crawler", job(**of_job))
    failed = in_process("egress_verify", job="crawler", timeout=0, **options)
    assert failed["failure"]["kind"] == "invalid_input"
    assert words in failed["msg"]


@pytest.mark.parametrize("no_log", [False, True])
def test_nothing_to_verify_is_no_proof(nomad, in_process, screen, no_log: bool) -> None:
    nomad.on("GET /v1/jobs", [stub("plain", Meta={})])
    result = in_process("egress_verify", no_log=no_log)
    assert (result["proved"], result["allocations"]) == (False, [])
    assert len(screen.warnings) == (0 if no_log else 1)
