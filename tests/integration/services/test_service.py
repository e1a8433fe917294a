# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployed service answers on the tailnet and nowhere else."""

from __future__ import annotations

import json

import pytest

from tests.integration.support import play
from tests.integration.support.play import Service, changed
from tests.lab.site import Site


def test_the_permitted_client_gets_the_apps_own_answer(site: Site, httpbin: Service) -> None:
    answer = site.fetch("client", f"{httpbin.url}/get?question=whose", retries=30)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["args"] == {"question": ["whose"]}


def test_the_forbidden_client_gets_nothing(site: Site, httpbin: Service) -> None:
    address = httpbin.evidence()["status"]["TailscaleIPs"][0]
    assert site.fetch("outsider", site.echo_url).returncode == 0, "its proxy works"
    by_name = site.fetch("outsider", f"{httpbin.url}/get", seconds=5)
    assert (by_name.returncode, by_name.stdout) == (97, ""), "the SOCKS proxy knows no such name"
    by_address = site.fetch("outsider", f"http://{address}/get", seconds=5)
    assert (by_address.returncode, by_address.stdout) == (28, ""), "nobody answers"


@pytest.mark.parametrize("namespace", ["site", "wan"])
@pytest.mark.parametrize("port", [80, 8080, 9002])
def test_the_machines_address_does_not_answer(site: Site, httpbin: Service, namespace: str, port: int) -> None:
    answer = site.run_in(namespace, ["curl", "-sS", "--max-time", "5", f"http://198.51.100.10:{port}/"])
    assert answer.returncode == 7, "curl should report a refused connection"


def test_the_allocations_address_answers_for_health_only(site: Site, httpbin: Service) -> None:
    status = json.loads(play.nomad(site, "alloc", "status", "-json", httpbin.allocation()))
    address = status["NetworkStatus"]["Address"]
    for port in (80, 8080):
        refused = site.run_in("site", ["curl", "-sS", "--max-time", "5", f"http://{address}:{port}/"])
        assert refused.returncode == 7, f"port {port}: {refused.stdout}"
    healthy = site.run_in("site", ["curl", "-sS", "--fail", "--max-time", "5", f"http://{address}:9002/healthz"])
    assert healthy.returncode == 0, healthy.stderr


def test_a_second_run_changes_nothing(httpbin: Service) -> None:
    again = httpbin.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0


def test_the_rendered_file_is_what_runs(site: Site, httpbin: Service) -> None:
    file = site.state / "rendered.nomad.hcl"
    rendered = httpbin.play(state="rendered", render_to=str(file))
    assert rendered.returncode == 0, rendered.stdout + rendered.stderr
    try:
        play.nomad(site, "fmt", "-check", str(file))
        play.nomad(site, "job", "validate", str(file))
        # Exit code 0: no allocation would be created or destroyed, and the diff is empty.
        plan = play.nomad(site, "job", "plan", "-no-color", str(file))
    finally:
        file.unlink()
    diff, found, _rest = plan.partition("Scheduler dry-run")
    assert found
    assert not [line for line in diff.splitlines() if line.lstrip().startswith(("+", "-"))], plan


def test_check_mode_before_the_first_deployment_changes_nothing(site: Site, declare) -> None:
    service = declare("checked")
    checked = service.deploy("--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert changed(checked) > 0
    assert 'Job: "checked"' in checked.stdout
    assert "auth_key" in checked.stdout
    assert play.run(site, "nomad", "job", "inspect", "checked").returncode != 0
    assert play.run(site, "nomad", "var", "get", "nomad/jobs/checked/checked/tailscale").returncode != 0


def test_a_changed_endpoint_is_live_without_a_new_allocation(site: Site, declare) -> None:
    service = declare("moving")
    assert service.deploy().returncode == 0
    before = service.allocation()
    moved = service.deploy(endpoints=[{"protocol": "http", "port": 8000}])
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert service.allocation() == before
    assert site.fetch("client", f"{service.url}:8000/get", retries=30).returncode == 0
    assert site.fetch("client", f"{service.url}/get").returncode != 0


def test_the_answers_of_a_survey_are_strings(declare) -> None:
    service = declare("survey", port="8080", ephemeral="yes", timeout="120", purge="false")
    checked = service.deploy("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # The end of the test removes it, with the same answers.


def test_an_update_keeps_the_name(site: Site, declare) -> None:
    service = declare("updated")
    assert service.deploy().returncode == 0
    before = service.allocation()
    update = service.deploy(env={"VERSION": "2"})
    assert update.returncode == 0, update.stdout + update.stderr
    assert service.allocation() != before
    assert service.nodes() == ["updated"]
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0


def test_a_removed_service_leaves_no_job_no_variable_no_node(site: Site, declare) -> None:
    service = declare("fleeting")
    assert service.deploy(secrets={"APP_SECRET": "of the past"}).returncode == 0
    assert service.nodes() == ["fleeting"]
    removed = service.play(state="absent", purge=False)
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert changed(removed) > 0
    assert service.job()["Stop"] is True
    assert json.loads(play.nomad(site, "operator", "api", "/v1/vars?prefix=nomad/jobs/fleeting")) == []
    assert service.nodes() == []
    again = service.play(state="absent", purge=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0
