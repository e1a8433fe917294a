# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run reports what its plan announced, for every kind of change; and what it leaves half done it undoes."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from tests.integration.support import play
from tests.integration.support.play import Done, Service
from tests.integration.support.sidecar_variables import stored
from tests.lab.site import Site

Json = dict[str, t.Any]
NAME = "planned"
SIDECAR_VARIABLE = f"nomad/jobs/{NAME}/{NAME}/tailscale"
# Plans and writes variables, but may not run a job.
PLANS_ONLY = """
namespace "default" {
  capabilities = ["list-jobs", "read-job", "parse-job", "plan-job", "read-fs", "read-logs"]
  variables {
    path "*" {
      capabilities = ["list", "read", "write", "destroy"]
    }
  }
}
node { policy = "read" }
agent { policy = "read" }
"""
# One after the other on one service: what changes, and the steps of it. The inputs of a case stay for those below it.
CHANGES: dict[str, tuple[Json, list[str]]] = {
    "creation": ({}, ["secrets", "run", "prove"]),
    "nothing": ({}, []),
    "job": ({"env": {"VERSION": "2"}}, ["run", "prove"]),
    "new secret": ({"secrets": {"PASSWORD": "first-password"}}, ["secrets", "run", "prove"]),
    "secret": ({"secrets": {"PASSWORD": "second-password"}}, ["secrets", "prove"]),
    "serve configuration": ({"endpoints": [{"port": 80}, {"port": 81, "text": "hello"}]}, ["secrets", "prove"]),
    "count": ({"count": 2, "hostname": f"{NAME}-${{NOMAD_ALLOC_INDEX}}"}, ["run", "prove"]),
    "back": ({"count": 1, "hostname": NAME}, ["run", "prove"]),
    "secret dropped": ({"secrets": {"TOKEN": "third-password"}}, ["secrets", "run", "prove", "drop"]),
    "canary": ({"canary": True}, ["secrets", "run", "canary", "promote", "prove"]),
    "update by canary": ({"env": {"VERSION": "3"}}, ["run", "canary", "promote", "prove"]),
}


@pytest.fixture
def service(declare) -> Service:
    planned: Service = declare(NAME)
    return planned


def result(done: Done) -> Json:
    """What the play hands to an AWX workflow."""
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"RUN: (\{.*\})", done.stdout)
    assert found, done.stdout
    return t.cast("Json", json.loads(found[1])["private_services"][NAME])


def steps_taken(done: Done) -> list[str]:
    """The task files that the play has included."""
    return re.findall(r"included: \S+/roles/workload/tasks/(\w+)\.yml", done.stdout)


def play_out(service: Service, *options: str, **inputs: t.Any) -> Done:
    return service.play(*options, environment={"ANSIBLE_SHOW_CUSTOM_STATS": "1"}, **inputs)


def agree(service: Service, inputs: Json, steps: list[str]) -> None:
    """The plan announces these steps, the run takes them and no others, and both say whether there is a change."""
    planned = result(play_out(service, "--check", "--diff", **inputs))
    done = play_out(service, "--diff", **inputs)
    ran = result(done)
    assert (planned["steps"], ran["steps"]) == (steps, steps)
    assert steps_taken(done) == (["begin", *steps, "report"] if steps else ["nothing"])
    assert planned["changed"] == ran["changed"] == (steps != [])
    assert "skipping:" not in done.stdout


def test_a_run_does_what_its_plan_announced(site: Site, control: dict[str, str], service: Service) -> None:
    inputs: Json = {}
    for more, steps in CHANGES.values():
        inputs.update(more)
        agree(service, inputs, steps)
    # From a key that was given to one that is made, and to the next one.
    minted = {**inputs, "canary": False, "auth_key": None, "minted_key": control}
    agree(service, minted, ["key", "run", "prove", "drop"])
    agree(service, minted, [])
    agree(service, {**minted, "force_key": True}, ["key", "revoke"])
    gone = {**minted, "state": "absent"}
    agree(service, gone, ["stop", "revoke", "delete", "prove_removal", "purge"])
    agree(service, gone, [])
    assert not service.exists()


def test_an_approved_plan_covers_the_variables(site: Site, service: Service) -> None:
    assert service.deploy().returncode == 0
    approved = result(play_out(service, "--check", env={"VERSION": "2"}))["check_index"]
    assert len(approved.split("-")) == 2
    changed = play.call(site, "variable", path=SIDECAR_VARIABLE, items={"other": "value"}, merge=True)
    assert changed["changed"]
    refused = play.failure_output(service.deploy(env={"VERSION": "2"}, check_index=approved))
    assert f"The variable {SIDECAR_VARIABLE} was changed since the plan was approved" in refused
    assert "VERSION" not in json.dumps(service.job())
    again = result(play_out(service, "--check", env={"VERSION": "2"}))["check_index"]
    assert service.deploy(env={"VERSION": "2"}, check_index=again).returncode == 0
    assert "VERSION" in json.dumps(service.job())


def test_a_refused_job_leaves_the_secrets_as_they_were(site: Site, control: dict[str, str], service: Service) -> None:
    update = {"env": {"VERSION": "2"}, "secrets": {"PASSWORD": "new-password"}, "endpoints": [{"port": 81}]}
    with play.token_with(site, PLANS_ONLY) as token:
        first = service.play(environment={"NOMAD_TOKEN": token}, **update)
        assert "may not register the job planned" in play.failure_output(first) or "submit-job" in first.stdout
        assert not service.exists(), "there was nothing before"
        assert service.deploy(secrets={"PASSWORD": "old-password"}).returncode == 0
        before = [stored(site, name, NAME) for name in ("auth_key", "serve_config")]
        second = play.failure_output(service.play("-vvvv", environment={"NOMAD_TOKEN": token}, **update))
    assert "Its secrets were put back." in second
    assert [secret for secret in ("new-password", "old-password", *before[:1]) if secret in second] == []
    assert [stored(site, name, NAME) for name in ("auth_key", "serve_config")] == before
    items = json.loads(play.nomad(site, "var", "get", "-out=json", f"nomad/jobs/{NAME}/{NAME}/app"))["Items"]
    assert items == {"PASSWORD": "old-password"}
    assert service.deploy(**update).returncode == 0
