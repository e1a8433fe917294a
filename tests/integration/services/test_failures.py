# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment that fails ends within its time, and its message names the cause."""

from __future__ import annotations

from tests.integration.support import play
from tests.integration.support.play import changed, failure_output
from tests.lab.site import Site


def test_a_spec_that_cannot_be_placed(site: Site, declare) -> None:
    service = declare("nowhere", constraints=[{"attribute": "${attr.kernel.name}", "value": "plan9"}])
    text = failure_output(service.deploy())
    assert "${attr.kernel.name} = plan9" in text
    assert play.run(site, "nomad", "job", "inspect", "nowhere").returncode != 0, "nothing may be registered"
    assert play.run(site, "nomad", "var", "get", "nomad/jobs/nowhere/nowhere/tailscale").returncode != 0, "nothing may be written"
    assert failure_output(service.deploy("--check")).count("${attr.kernel.name} = plan9") > 0, "the check tells the truth"


def test_an_image_that_does_not_exist(declare) -> None:
    text = failure_output(declare("imageless", image="lab/no-such-image:1").deploy())
    assert "lab/no-such-image:1" in text
    assert "Driver Failure" in text


def test_an_app_that_dies(declare) -> None:
    text = failure_output(declare("dying", command="/bin/sh", args=["-c", "echo 'no database at db:5432' >&2; sleep 1; exit 3"]).deploy())
    assert "no database at db:5432" in text
    assert "Exit Code: 3" in text


def test_a_wrong_auth_key(site: Site, declare) -> None:
    canary = "4f" * 24
    service = declare("keyless", auth_key=canary)
    text = failure_output(service.deploy("-vvvv"))
    assert "the login failed: handling register with auth key: AuthKey not found" in text
    assert canary not in text


def test_a_corrected_auth_key_is_enough(site: Site, declare) -> None:
    service = declare("rekeyed")
    failure_output(service.deploy(auth_key="4f" * 24))
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0


def test_a_failed_update_leaves_the_last_good_version(site: Site, declare) -> None:
    service = declare("steady")
    assert service.deploy().returncode == 0
    failure_output(service.deploy(command="/bin/false", port=9090, args=["-port", "9090"]))
    assert service.job()["TaskGroups"][0]["Tasks"][-1]["Config"]["command"] == "/bin/go-httpbin"
    repaired = service.deploy()
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert changed(repaired) == 0, "Nomad has gone back to it already"
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0


def test_after_a_failure_the_next_run_repairs(site: Site, declare) -> None:
    service = declare("repaired")
    failure_output(service.deploy(command="/bin/false"))
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0


def test_bad_input_is_refused_before_anything_is_touched(site: Site, declare) -> None:
    text = failure_output(declare("refused").deploy(hostname="Not_A_Label", tags=["service"], port=0, args={"-port": 8080}, auth_key=" "))
    problems = (
        "'Not_A_Label' is no DNS label",
        "'service' must be of the form tag:name",
        "private_service_port is required",
        "private_service_args must be a list",
        "private_service_auth_key is required",
    )
    for problem in problems:
        assert problem in text
    assert play.run(site, "nomad", "job", "inspect", "refused").returncode != 0
