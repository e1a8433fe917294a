# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way in which Nomad says no has a message of its own, on the real Nomad."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest

from tests.integration import play
from tests.lab.site import Site

SPEC = """
job "errors" {
  type = "batch"

  group "errors" {
    task "errors" {
      driver = "mock_driver"

      config {
        run_for = "1s"
      }
    }
  }
}
"""


@pytest.fixture(autouse=True)
def no_job(site: Site):
    play.run(site, "nomad", "job", "stop", "-purge", "errors")
    yield
    play.run(site, "nomad", "job", "stop", "-purge", "errors")


def job(site: Site, *options: str, **arguments) -> dict:
    return play.call(site, "job", *options, **{"spec": SPEC, **arguments})


def refused(result: dict, *wanted: str) -> None:
    assert result["failed"], result
    for text in wanted:
        assert text in result["msg"], result["msg"]


def test_a_wrong_token(site: Site) -> None:
    refused(job(site, environment={"NOMAD_TOKEN": "00000000-0000-0000-0000-000000000000"}), "does not know this token", "NOMAD_TOKEN")


def test_no_token(site: Site) -> None:
    refused(job(site, environment={"NOMAD_TOKEN": ""}), "no token was given", "NOMAD_TOKEN")


@contextlib.contextmanager
def token_with(site: Site, policy: str) -> t.Iterator[str]:
    """A token that holds this policy and nothing else."""
    file = site.state / "policy.test.hcl"
    file.write_text(policy)
    play.nomad(site, "acl", "policy", "apply", "test", str(file))
    created = json.loads(play.nomad(site, "acl", "token", "create", "-name=test", "-policy=test", "-json"))
    try:
        yield created["SecretID"]
    finally:
        play.nomad(site, "acl", "token", "delete", created["AccessorID"])
        play.nomad(site, "acl", "policy", "delete", "test")
        file.unlink()


def test_a_missing_capability(site: Site) -> None:
    with token_with(site, 'namespace "default" { capabilities = ["read-job", "list-jobs", "parse-job"] }') as token:
        refused(job(site, environment={"NOMAD_TOKEN": token}), "submit-job")


def test_the_capabilities_that_the_readme_names_suffice(site: Site, declare) -> None:
    service = declare("modest")
    policy = """
    namespace "default" {
      capabilities = ["submit-job", "read-job", "read-fs", "read-logs"]
      variables {
        path "nomad/jobs/*" { capabilities = ["list", "read", "write", "destroy"] }
      }
    }
    """
    with token_with(site, policy) as token:
        for state in ("present", "absent"):
            done = service.play(environment={"NOMAD_TOKEN": token}, state=state)
            assert done.returncode == 0, done.stdout + done.stderr


def test_an_unreachable_address(site: Site) -> None:
    result = job(site, environment={"NOMAD_ADDR": "https://127.0.0.1:9"})
    refused(result, "https://127.0.0.1:9", "NOMAD_ADDR")


def test_an_untrusted_certificate(site: Site) -> None:
    refused(job(site, environment={"NOMAD_CACERT": ""}), "certificate", "NOMAD_CACERT")


def test_bad_hcl_with_its_line(site: Site) -> None:
    result = job(site, spec='job "errors" {\n  type = "batch"\n  group "errors" {\n    tusk "x" {}\n  }\n}\n')
    refused(result, "tusk")
    assert result["failure"]["line"] == 4


def test_a_job_that_somebody_changed_after_the_plan(site: Site) -> None:
    plan = job(site, "--check")
    assert plan["changed"] is True
    assert job(site, wait=False)["changed"] is True
    refused(job(site, spec=SPEC.replace("1s", "2s"), check_index=plan["job_modify_index"]), "changed", "plan")
