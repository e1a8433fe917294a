# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/awx.md, with the credential types and the variable that stand in it, through ansible-runner as AWX uses it."""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.integration.support import leavings, play, runner
from tests.integration.support.play import Service
from tests.lab.site import Site

PLAYBOOK = "deploy-private-service.yml"
NOMAD, AUTH_KEY, SECRETS, _OAUTH_CLIENT, CHECK_INDEX = (
    yaml.safe_load(textwrap.dedent(block))
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```", (play.ROOT / "docs/awx.md").read_text(), re.DOTALL | re.MULTILINE)
)
# What a person enters. A survey's answers are texts.
SURVEY = {"port": "8080", "endpoints": [{"protocol": "http", "port": "8000"}], "ephemeral": "yes", "timeout": "120"}


def injected(credential_type: t.Mapping[str, t.Any], directory: Path, **inputs: str) -> dict[str, dict[str, str]]:
    """What a credential of this type puts into a job: `env` and `extra_vars`. As in AWX, a field left empty is undefined."""
    assert set(credential_type["inputs"]["required"]) <= inputs.keys() <= {field["id"] for field in credential_type["inputs"]["fields"]}
    render = ImmutableSandboxedEnvironment().from_string
    names = {}
    for label, template in credential_type["injectors"].get("file", {}).items():
        file = directory / label
        file.write_text(render(template).render(inputs))
        names[label.removeprefix("template.")] = str(file)
    known = {**inputs, "tower": {"filename": names}}
    return {
        kind: {name: render(template).render(known) for name, template in credential_type["injectors"].get(kind, {}).items()}
        for kind in ("env", "extra_vars")
    }


@pytest.fixture
def launch(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., runner.Job]:
    """Launches the template with the credentials; Nomad is known from nowhere else."""
    for name in site.environment():
        monkeypatch.delenv(name, raising=False)
    nomad = injected(NOMAD, tmp_path, address=site.nomad_addr, token=site.nomad_token, ca_cert=site.ca.read_text())
    auth_key = injected(AUTH_KEY, tmp_path, auth_key=site.auth_key("service"))
    secrets = injected(SECRETS, tmp_path, db_password=leavings.canary())
    environment = {**nomad["env"], **secrets["env"]}

    def launch(variables: t.Mapping[str, t.Any], playbook: str = PLAYBOOK, **options: t.Any) -> runner.Job:
        variables = {**auth_key["extra_vars"], **variables}
        return runner.run(tmp_path, playbook, environment=environment, extravars=variables, **options)

    return launch


def declaration(service: Service, **answers: t.Any) -> dict[str, t.Any]:
    """The service's inputs as variables, without its key: that is a credential's."""
    given = {name: value for name, value in {**service.inputs, **answers}.items() if name != "auth_key"}
    return {f"private_service_{name}": value for name, value in given.items()}


def test_a_plan_is_approved_and_run(site: Site, declare, launch) -> None:
    service = declare("paths-awx", secrets={"DB_PASSWORD": {"env": "SHOP_DB_PASSWORD"}})
    variables = declaration(service, **SURVEY)
    plan = launch(variables, cmdline="--check --diff")
    assert plan.status == "successful", plan.said
    assert 'Job: "paths-awx"' in plan.said
    assert plan.artifacts["private_services"]["paths-awx"]["job_modify_index"] == 0
    approved = {**variables, **plan.artifacts, **CHECK_INDEX}
    with leavings.every_argv():
        done = launch(approved)
    assert done.status == "successful", done.said
    assert site.nomad_token not in plan.said + done.said
    result = done.artifacts["private_services"]["paths-awx"]
    assert result["url"] == f"{service.url}:8000/"
    assert [node["verdict"] for node in result["nodes"]] == ["ready"]
    stored = play.nomad(site, "var", "get", "-item=DB_PASSWORD", "nomad/jobs/paths-awx/paths-awx/app").strip()
    assert stored
    assert stored not in plan.said + done.said
    assert result["job_modify_index"] == service.job()["JobModifyIndex"]
    # The approval was for a job that did not exist; now there is one.
    late = launch({**approved, "private_service_env": {"VERSION": "2"}})
    assert late.status == "failed"
    assert "changed by someone else since the plan" in late.said
    assert service.job()["JobModifyIndex"] == result["job_modify_index"]


def test_a_project_of_your_own_plans_a_slice_of_an_inventory(declare, launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(play.ROOT / "collections"))
    (tmp_path / "services.yml").write_text("- import_playbook: notailcar.nomad.deploy_private_service\n")
    names = ["paths-slice-a", "paths-slice-b"]
    hosts = {name: declaration(declare(name)) for name in names}
    variables = {"private_service_hosts": "all"}
    done = launch(variables, "services.yml", project=tmp_path, hosts=hosts, cmdline="--check", forks=2)
    assert done.status == "successful", done.said
    assert sorted(done.artifacts["private_services"]) == names
