# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks by real playbooks through both paths: in the worker, and packaged (`async` forces that)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction

REPOSITORY = Path(__file__).parents[3]
SECRET = "s3cr3t-of-the-parity-test"
TASKS = {
    "written": ("variable", {"path": "a/b", "items": {"key": SECRET, "pin": "12", "on": True}}),
    "refused": ("variable", {"path": "c", "items": {"key": SECRET}}),
    "bad choice": ("variable", {"path": "a/b", "state": SECRET, "items": {"key": SECRET}}),
    "unsupported": ("variable", {"path": "a/b", "itmes": {}}),
    "braces": ("job", {"name": "whoami", "state": "absent"}),
    "job info": ("job_info", {"name": "whoami", "gather": ["allocations", "checks"]}),
    "policy": ("acl_policy", {"name": "whoami", "rules": {"namespace": {"default": {"policy": "read"}}}, "token": SECRET}),
    "unproved": ("tailscale_health", {"job": "whoami", "timeout": 0, "token": SECRET}),
}
# What only one of the paths has: bookkeeping of async, the arguments again, the time that passed.
OWN = (
    "ansible_job_id",
    "finished",
    "started",
    "results_file",
    "stdout",
    "stdout_lines",
    "stderr",
    "stderr_lines",
    "invocation",
    "exception",
)
PREFIXES = ("Task failed: ", "Action failed: ", "Module failed: ")


def task(name, module, args, packaged):
    return {
        f"notailcar.nomad.{module}": args,
        "name": f"{name} {'packaged' if packaged else 'in process'}",
        "register": f"{name.replace(' ', '_')}_{'packaged' if packaged else 'in_process'}",
        "ignore_errors": True,
        **({"async": 60, "poll": 1} if packaged else {}),
    }


@pytest.fixture
def played(nomad, tmp_path):
    """Results of all tasks through both paths, and what was printed."""
    nomad.on("PUT /v1/var/a/b", {"ModifyIndex": 12})
    nomad.on("PUT /v1/var/c", (400, f"not {SECRET}"))
    nomad.on("GET /v1/job/whoami", {"Version": 0, "Stop": True, "Status": "dead"})
    stopped = {"ID": "a0", "Name": "{{ 6 * 7 }}", "ClientStatus": "complete", "DesiredStatus": "run", "CreateIndex": 1}
    nomad.on("GET /v1/job/whoami/allocations", [{**stopped, "JobVersion": 0, "TaskGroup": "app"}])
    stub = {"ID": "whoami", "Namespace": "default", "Type": "service", "Status": "dead", "Stop": True, "CreateIndex": 1}
    nomad.on("GET /v1/jobs", [{**stub, "JobModifyIndex": 1, "Periodic": False, "ParameterizedJob": False}])
    nomad.on("GET /v1/allocations", [{**stopped, "JobID": "whoami", "Namespace": "default", "JobVersion": 0, "TaskGroup": "app"}])
    nomad.on("PUT /v1/acl/policy/whoami", (403, f"{SECRET} is no management token"))
    tasks = [task(name, module, args, packaged) for name, (module, args) in TASKS.items() for packaged in (False, True)]
    names = [each["register"] for each in tasks]
    content = "{{ " + "{" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    tasks.append({"ansible.builtin.copy": {"dest": str(tmp_path / "results"), "content": content, "mode": "0600"}})
    playbook = tmp_path / "playbook.json"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-vvvv"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    results = json.loads((tmp_path / "results").read_text()) if (tmp_path / "results").exists() else {}
    return SimpleNamespace(results=results, out=done.stdout, err=done.stderr)


def comparable(result):
    kept = {name: value for name, value in result.items() if name not in OWN}
    for prefix in PREFIXES:
        kept["msg"] = kept.get("msg", "").removeprefix(prefix)
    return kept


def test_both_paths(played):
    for name in TASKS:
        variable = name.replace(" ", "_")
        assert f"{variable}_packaged" in played.results, played.out + played.err
        in_process, packaged = (comparable(played.results[f"{variable}_{way}"]) for way in ("in_process", "packaged"))
        assert in_process == packaged, name
    assert played.results["written_in_process"]["changed"]
    assert played.results["job_info_packaged"]["jobs"][0]["job"]["Version"] == 0
    assert "management token" in played.results["policy_packaged"]["msg"]
    assert played.results["braces_packaged"]["allocations"][0]["name"] == "{{ 6 * 7 }}"
    # Progress is live on stderr and never inside what a machine reads; no path shows the secret, however much one asks.
    assert "whoami: 0/1 nodes ready" in played.err
    assert "whoami: 0/1 nodes ready\n" not in played.out
    assert SECRET not in json.dumps(played.results) + played.out + played.err


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
