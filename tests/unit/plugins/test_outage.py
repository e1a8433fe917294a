# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that prove survive every outage of Nomad that a deployment survives, until their time is over."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils import _http

from tests.unit.support.evidence import ALLOCATION, evidence

NO_LEADER = (500, "No cluster leader")
MODULES = ["tailscale_health", "egress_verify"]


@pytest.fixture
def site(nomad):
    """A job with one allocation whose node and egress are good."""
    groups = [{"Name": "app", "Count": 1, "Tasks": [{"Name": "tailscale"}]}]
    job = {"ID": "whoami", "Version": 3, "Type": "service", "Status": "running", "Stop": False, "TaskGroups": groups}
    nomad.on("GET /v1/job/whoami", {**job, "Periodic": None, "ParameterizedJob": None, "Dispatched": False})
    allocation = {
        "ID": ALLOCATION,
        "Name": "whoami.app[0]",
        "NodeName": "node-1",
        "TaskGroup": "app",
        "CreateIndex": 5,
        "JobVersion": 3,
        "DesiredStatus": "run",
        "ClientStatus": "running",
        "TaskStates": {"tailscale": {"StartedAt": "2026-11-22T01:02:03Z"}},
    }
    nomad.on("GET /v1/job/whoami/allocations", [allocation])
    nomad.on(f"GET /v1/client/fs/stat/{ALLOCATION}", {"Size": 1})
    egress = {"verdict": "proved", "observed": "203.0.113.7", "expect": "203.0.113.7", "checked": time.time(), "reason": ""}
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", json.dumps({**evidence(), "egress": egress}))
    return nomad


def delayed(nomad, request, *replies):
    nomad.on(request, *replies, nomad.replies[request][0])


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("request_", ["GET /v1/job/whoami", "GET /v1/job/whoami/allocations"])
def test_no_leader_for_a_while(site, in_process, screen, module, request_):
    delayed(site, request_, *[NO_LEADER] * 20)
    result = in_process(module, job="whoami", timeout=30)
    assert result.get("proved"), result
    assert any("no answer, asking again" in line for line in screen.lines)


@pytest.mark.parametrize("module", MODULES)
def test_nobody_listens_for_a_while(site, in_process, monkeypatch, module):
    answered, refused = _http._ask, [ConnectionRefusedError(111, "Connection refused")] * 5

    def ask(*args):
        if refused:
            raise refused.pop()
        return answered(*args)

    monkeypatch.setattr(_http, "_ask", ask)
    result = in_process(module, job="whoami", timeout=30)
    assert result.get("proved"), result


@pytest.mark.parametrize("module", MODULES)
def test_a_server_that_has_just_come_back_knows_no_token(site, in_process, module):
    """Also when it went away while the evidence was read, which is asked for once."""
    delayed(site, f"GET /v1/client/fs/stat/{ALLOCATION}", NO_LEADER)
    job = site.replies["GET /v1/job/whoami"][0]
    site.on("GET /v1/job/whoami", job, *[(403, "Permission denied")] * 3, job)
    result = in_process(module, job="whoami", timeout=30)
    assert result.get("proved"), result


@pytest.mark.parametrize("module", MODULES)
def test_an_outage_that_does_not_end(site, in_process, module):
    site.on("GET /v1/job/whoami", NO_LEADER)
    result = in_process(module, job="whoami", timeout=1)
    assert result["failure"]["kind"] == "timeout"
    assert "No cluster leader" in result["msg"]


@pytest.mark.parametrize("module", MODULES)
def test_check_mode_does_not_wait(site, in_process, module):
    site.on("GET /v1/job/whoami", NO_LEADER)
    assert in_process(module, check=True, job="whoami", timeout=3600)["failure"]["kind"] == "server"
