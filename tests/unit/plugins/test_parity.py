# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks by real playbooks in the worker and packaged, against a scripted Nomad that says what a real one would not."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction

from tests import execution_paths
from tests.execution_paths import IN_PROCESS, Row

SECRET = "s3cr3t-of-the-parity-test"
TASKS = {
    "written": Row("variable", {"path": "a/b", "items": {"key": SECRET, "pin": "12", "on": True}}, "changed"),
    "refused": Row("variable", {"path": "c", "items": {"key": SECRET}}, "failed", "Nomad answered 400: not ****"),
    "bad choice": Row("variable", {"path": "a/b", "state": SECRET, "items": {"key": SECRET}}, "failed", "one of: present, absent"),
    "unsupported": Row("variable", {"path": "a/b", "items": {"key": SECRET}, "itmes": {}}, "failed", "Unsupported parameters"),
    "missing": Row("variable", {"path": "a/b", "token": SECRET}, "failed", "missing: items"),
    "braces": Row("job", {"name": "whoami", "state": "absent"}, "ok"),
    "unproved": Row("tailscale_health", {"job": "whoami", "timeout": 0, "token": SECRET}, "failed", "not every node is ready"),
    "job info": Row("job_info", {"name": "whoami", "gather": ["allocations", "checks"]}, "ok"),
    "a warning": Row("egress_verify", {}, "ok"),
    "no warning": Row("egress_verify", {"namespace": "quiet"}, "ok", keywords={"no_log": True}),
    "policy": Row(
        "acl_policy",
        {"name": "whoami", "rules": {"namespace": {"default": {"policy": "read"}}}, "token": SECRET},
        "failed",
        "management token",
    ),
}


@pytest.fixture
def played(nomad, tmp_path):
    """All tasks in process and packaged."""
    nomad.on("PUT /v1/var/a/b", {"ModifyIndex": 12})
    nomad.on("PUT /v1/var/c", (400, f"not {SECRET}"))
    group = {"Name": "app", "Count": 1, "Tasks": [{"Name": "tailscale"}]}
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Type": "batch", "Version": 0, "Stop": False, "Status": "dead", "TaskGroups": [group]})
    stopped = {"ID": "a0", "Name": "{{ 6 * 7 }}", "ClientStatus": "complete", "DesiredStatus": "run", "CreateIndex": 1}
    nomad.on("GET /v1/job/whoami/allocations", [{**stopped, "JobVersion": 0, "TaskGroup": "app"}])
    stub = {"ID": "whoami", "Namespace": "default", "Type": "service", "Status": "dead", "Stop": True, "CreateIndex": 1}
    nomad.on("GET /v1/jobs", [{**stub, "JobModifyIndex": 1, "Periodic": False, "ParameterizedJob": False}])
    nomad.on("GET /v1/allocations", [{**stopped, "JobID": "whoami", "Namespace": "default", "JobVersion": 0, "TaskGroup": "app"}])
    nomad.on("PUT /v1/acl/policy/whoami", (403, f"{SECRET} is no management token"))
    return {path: execution_paths.play(path, TASKS, tmp_path / path, os.environ, "-vvvv") for path in (IN_PROCESS, "async")}


def test_both_paths(played):
    for name, row in TASKS.items():
        in_process, packaged = (played[way].results[name] for way in (IN_PROCESS, "async"))
        assert execution_paths.comparable(in_process) == execution_paths.comparable(packaged), name
        assert execution_paths.ended(in_process) == row.ends, name
        assert row.says in in_process.get("msg", ""), name
    assert played["async"].results["job info"]["jobs"][0]["job"]["Version"] == 0
    assert played["async"].results["braces"]["allocations"][0]["name"] == "{{ 6 * 7 }}"
    for each in played.values():
        assert "No running job of namespace default has a guard" in each.out + each.err
        assert "No running job of namespace quiet has a guard" not in each.out + each.err
    # Progress is live on stderr and never inside what a machine reads; no path shows the secret, however much one asks.
    assert "whoami: 0/1 nodes ready" in played[IN_PROCESS].err
    assert "whoami: 0/1 nodes ready\n" not in played[IN_PROCESS].out
    assert SECRET not in json.dumps([each.results for each in played.values()]) + "".join(each.out + each.err for each in played.values())


def test_the_environment_is_the_tasks_own(monkeypatch):
    monkeypatch.setenv("NOMAD_REGION", "before")
    monkeypatch.delenv("NOMAD_NAMESPACE", raising=False)
    action = InProcessAction.__new__(InProcessAction)
    action._compute_environment_string = lambda wanted: wanted.update(NOMAD_REGION="eu", NOMAD_NAMESPACE="team")
    with pytest.raises(KeyboardInterrupt), action._task_environment():
        assert (os.environ["NOMAD_REGION"], os.environ["NOMAD_NAMESPACE"]) == ("eu", "team")
        raise KeyboardInterrupt
    assert os.environ["NOMAD_REGION"] == "before"
    assert "NOMAD_NAMESPACE" not in os.environ
