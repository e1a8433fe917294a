# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way in which Nomad says no has a message of its own, on the real Nomad."""

from __future__ import annotations

import pytest

from tests.integration.support import play
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


def test_a_missing_capability(site: Site) -> None:
    with play.token_with(site, 'namespace "default" { capabilities = ["read-job", "list-jobs", "parse-job"] }') as token:
        refused(job(site, environment={"NOMAD_TOKEN": token}), "submit-job")


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
