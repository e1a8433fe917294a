# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two policies of the role `acl_policies`: each is enough, and nothing in them is too much."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.support import play
from tests.integration.support.acl_policies import PREFIX, role
from tests.integration.support.play import Service, changed
from tests.lab.site import Site

TEMPLATES = play.ROOT / "roles/acl_policies/templates"
KINDS = ("deployer", "reader")
ALL_SECTIONS = ["versions", "deployment", "allocations", "checks", "evaluations"]
JOB, PARAMETERIZED, CANARY = "itest-policy-batch", "itest-policy-parameterized", "itest-policy-canary"
VARIABLE = "nomad/jobs/itest-policy"


def spec(name: str, run_for: str = "1ms", exit_code: int = 0, **job: t.Any) -> dict[str, t.Any]:
    config = {"run_for": run_for, "exit_code": exit_code, "stdout_string": "no database at db:5432"}
    task = {"Name": "task", "Driver": "mock_driver", "Config": config, "Resources": {"CPU": 10, "MemoryMB": 10}}
    once = {"RestartPolicy": {"Attempts": 0, "Mode": "fail"}, "ReschedulePolicy": {"Attempts": 0, "Unlimited": False}}
    return {
        "ID": name,
        "Type": "batch",
        "Datacenters": ["*"],
        "TaskGroups": [{"Name": "group", "Count": 1, "Tasks": [task], **once}],
        **job,
    }


def capabilities(kind: str) -> list[str]:
    """Every capability of a policy; those of variables and nodes begin with that word."""
    text = (TEMPLATES / f"{kind}.policy.hcl.j2").read_text()
    jobs, _variables, variables = text.partition("  variables {")
    line = re.compile(r'^ +"([a-z-]+)",', re.MULTILINE)
    nodes = [f"node {policy}" for policy in re.findall(r'^node {\n  policy = "(\w+)"', text, re.MULTILINE)]
    return line.findall(jobs) + [f"variables {name}" for name in line.findall(variables)] + nodes


@pytest.fixture(scope="module")
def rules(site: Site) -> t.Iterator[dict[str, str]]:
    """Both policies, written by the role; their rules as Nomad keeps them."""
    _purge(site)
    role(site, state="absent")
    done = role(site)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {kind: play.nomad(site, "operator", "api", f"/v1/acl/policy/{PREFIX}{kind}") for kind in KINDS}
    yield {kind: json.loads(text)["Rules"] for kind, text in written.items()}
    role(site, state="absent")
    _purge(site)


def _purge(site: Site) -> None:
    play.purge(site, "itest-policy-")
    play.run(site, "nomad", "var", "purge", VARIABLE)


@pytest.fixture(scope="module")
def deployer(site: Site, rules: dict[str, str]) -> t.Iterator[str]:
    with play.token_of(site, f"{PREFIX}deployer") as token:
        yield token


@pytest.fixture(scope="module")
def reader(site: Site, rules: dict[str, str]) -> t.Iterator[str]:
    with play.token_of(site, f"{PREFIX}reader") as token:
        yield token


@pytest.fixture(scope="module")
def service(site: Site, deployer: str) -> t.Iterator[Service]:
    """A service that was deployed with the deployer policy alone."""
    service = Service(site, "itest-policy")
    service.remove()
    done = service.play(environment={"NOMAD_TOKEN": deployer})
    assert done.returncode == 0, done.stdout + done.stderr
    yield service
    service.remove()


@dataclass(frozen=True)
class Holder:
    """Someone who holds a token."""

    site: Site
    token: str

    def module(self, name: str, /, **arguments: t.Any) -> dict[str, t.Any]:
        return play.call(self.site, name, environment={"NOMAD_TOKEN": self.token}, **arguments)


def run_a_job(holder: Holder) -> str:
    return holder.module("job", spec=spec(JOB)).get("msg", "")


def dispatch(holder: Holder) -> str:
    registered = holder.module("job", spec=spec(PARAMETERIZED, ParameterizedJob={"Payload": "optional"}))
    assert not registered["failed"], registered
    return holder.module("job_dispatch", job=PARAMETERIZED).get("msg", "")


def find_the_service(holder: Holder) -> str:
    return holder.module("job_info", name="itest-policy").get("msg", "")


def read_everything_of_the_service(holder: Holder) -> str:
    result = holder.module("job_info", name="itest-policy", gather=ALL_SECTIONS)
    return result.get("msg", "")


def prove_the_service(holder: Holder) -> str:
    return holder.module("tailscale_health", job="itest-policy", hostname="itest-policy", timeout=10).get("msg", "")


def write(holder: Holder) -> str:
    # Another value each time, so that it is written each time.
    return holder.module("variable", path=VARIABLE, items={"token": holder.token}).get("msg", "")


def destroy(holder: Holder) -> str:
    assert write(holder) == ""
    return holder.module("variable", path=VARIABLE, state="absent").get("msg", "")


def list_variables(holder: Holder) -> str:
    found = holder.module("variable_info", prefix="nomad/jobs/itest-policy")["variables"]
    return "" if found else "an empty list"


def choose_a_level(holder: Holder) -> str:
    return holder.module("egress_level_info", mode="kernel").get("msg", "")


# What each capability is for, and what is said without it.
PROOFS = {
    ("deployer", "submit-job"): (run_a_job, "lacks the capability .*submit-job"),
    ("deployer", "dispatch-job"): (dispatch, "lacks the capability dispatch-job"),
    ("deployer", "read-job"): (run_a_job, "lacks the capability read-job"),
    ("deployer", "list-jobs"): (find_the_service, "lacks the capability list-jobs"),
    ("deployer", "read-fs"): (prove_the_service, "lacks the capability read-fs"),
    ("deployer", "variables read"): (write, "lacks the capability variables read"),
    ("deployer", "variables write"): (write, "lacks the capability variables write"),
    ("deployer", "variables destroy"): (destroy, "lacks the capability variables destroy"),
    ("deployer", "node read"): (choose_a_level, "lacks the capability node:read"),
    ("reader", "list-jobs"): (find_the_service, "lacks the capability list-jobs"),
    ("reader", "read-job"): (read_everything_of_the_service, "lacks the capability read-job"),
    ("reader", "read-fs"): (prove_the_service, "lacks the capability read-fs"),
    ("reader", "variables list"): (list_variables, "an empty list"),
}


def test_there_is_a_proof_for_each_capability() -> None:
    assert set(PROOFS) == {(kind, capability) for kind in KINDS for capability in capabilities(kind)}


@pytest.mark.parametrize(("kind", "capability"), PROOFS)
def test_a_capability_is_needed(
    site: Site, rules: dict[str, str], service: Service, request: pytest.FixtureRequest, kind: str, capability: str
) -> None:
    action, words = PROOFS[kind, capability]
    assert action(Holder(site, request.getfixturevalue(kind))) == "", "with the whole policy it works"
    section, _space, name = capability.rpartition(" ")
    jobs, between, variables = rules[kind].partition("  variables {")
    if section == "node":
        variables = re.sub(r"^node {.*?}", "", variables, flags=re.MULTILINE | re.DOTALL)
    elif section:
        variables = _without(variables, name)
    else:
        jobs = _without(jobs, name)
    with play.token_with(site, jobs + between + variables) as token:
        assert re.search(words, action(Holder(site, token)))


def _without(text: str, capability: str) -> str:
    less = re.sub(rf'^ +"{capability}",.*\n', "", text, flags=re.MULTILINE)
    assert less != text
    return less


def test_the_deployer_policy_alone_deploys_updates_and_removes(site: Site, deployer: str, declare) -> None:
    service, environment = declare("itest-modest"), {"NOMAD_TOKEN": deployer}
    for inputs in ({}, {"env": {"VERSION": "2"}}, {"state": "absent"}):
        done = service.play(environment=environment, **inputs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert changed(done) > 0
    assert play.run(site, "nomad", "job", "inspect", "itest-modest").returncode != 0


def test_why_something_failed_is_told_with_its_logs(site: Site, deployer: str, rules: dict[str, str]) -> None:
    failing = spec(JOB, run_for="1s", exit_code=3)
    with_logs = Holder(site, deployer).module("job", spec=failing)["msg"]
    assert "Exit Code: 3" in with_logs
    assert "no database at db:5432" in with_logs
    play.nomad(site, "job", "stop", "-purge", JOB)
    with play.token_with(site, _without(rules["deployer"], "read-fs")) as token:
        without_logs = Holder(site, token).module("job", spec=failing)["msg"]
    assert "Exit Code: 3" in without_logs
    assert "no database at db:5432" not in without_logs


def test_the_deployer_lists_variables_without_list(site: Site, deployer: str, rules: dict[str, str], service: Service) -> None:
    assert '"list"' not in rules["deployer"]
    assert list_variables(Holder(site, deployer)) == ""


def test_the_deployer_promotes(site: Site, deployer: str) -> None:
    holder = Holder(site, deployer)
    update = {"Update": {"MaxParallel": 1, "Canary": 1, "MinHealthyTime": 0, "HealthCheck": "task_states"}}
    service = {**spec(CANARY, run_for="1h"), "Type": "service", **update}
    assert not holder.module("job", spec=service)["failed"]
    held = holder.module("job", spec={**service, "Meta": {"version": "2"}}, canaries="hold")
    (job,) = holder.module("job_info", name=CANARY, gather=["deployment", "checks"])["jobs"]
    assert job["deployment"] == held["deployment"]
    assert job["checks"] == [], "they run, and have none"
    assert job["deployment"]["ready_for_promotion"]
    promoted = holder.module("deployment", job=CANARY, state="promoted")
    assert promoted["deployment"]["status"] == "successful"


def test_the_reader_sees_all_but_values(site: Site, reader: str, service: Service) -> None:
    holder = Holder(site, reader)
    (job,) = holder.module("job_info", name="itest-policy", gather=ALL_SECTIONS)["jobs"]
    assert job["deployment"]["status"] == "successful"
    assert [check["status"] for check in job["checks"]] == ["success"]
    assert {task["task"] for task in job["allocations"][0]["tasks"]} == {"app", "gate", "tailscale"}
    (variable,) = holder.module("variable_info", prefix="nomad/jobs/itest-policy/")["variables"]
    assert variable["path"] == "nomad/jobs/itest-policy/itest-policy/tailscale"
    health = holder.module("tailscale_health", job="itest-policy", hostname="itest-policy", tailnet=site.tailnet)
    assert health["proved"]


def test_the_reader_neither_changes_nor_reads_values(site: Site, reader: str, service: Service) -> None:
    holder = Holder(site, reader)
    path = "nomad/jobs/itest-policy/itest-policy/tailscale"
    denied = {
        "submit-job": holder.module("job", name="itest-policy", state="absent"),
        "parse-job or submit-job": holder.module("job", spec='job "itest-policy-batch" {}'),
        "submit-job or plan-job": holder.module("job", spec=spec(JOB)),
        "variables read": holder.module("variable_info", path=path),
    }
    for capability, result in denied.items():
        assert result["failure"]["kind"] == "denied"
        assert f"lacks the capability {capability}" in result["msg"]
    template = "{{ lookup('notailcar.nomad.variable', '" + path + "') }}"
    call = ("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg={template}")
    looked = play.run(site, *call, NOMAD_TOKEN=reader, ANSIBLE_COLLECTIONS_PATH=str(play.ROOT / "collections"))
    assert looked.returncode != 0
    assert "lacks the capability variables read" in looked.stdout + looked.stderr
    assert service.inputs["auth_key"].strip() not in looked.stdout + looked.stderr
    refused = holder.module("acl_policy", name="itest-own", rules='namespace "*" { policy = "write" }')
    assert "takes a management token" in refused["msg"]


def test_a_second_run_of_the_role_changes_nothing(site: Site, rules: dict[str, str]) -> None:
    again = role(site, "--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0


def test_check_mode_shows_and_does_not_write(site: Site) -> None:
    role(site, prefix="itest-checked-", state="absent")
    checked = role(site, "--check", "--diff", prefix="itest-checked-")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert '+    "submit-job"' in checked.stdout
    assert changed(checked) == 1
    assert play.run(site, "nomad", "acl", "policy", "info", "itest-checked-deployer").returncode != 0


def test_rendered_files_are_what_is_written(site: Site, rules: dict[str, str], tmp_path: Path) -> None:
    rendered = role(site, state="rendered", directory=str(tmp_path))
    assert rendered.returncode == 0, rendered.stdout + rendered.stderr
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"{PREFIX}{kind}.policy.hcl": text for kind, text in rules.items()
    }
    several = role(site, state="rendered", directory=str(tmp_path), namespaces=["web", "data-*"], variables_path="nomad/jobs/web*")
    assert several.returncode == 0, several.stdout + several.stderr
    for file in tmp_path.iterdir():
        play.nomad(site, "fmt", "-check", str(file))
        assert re.findall(r'^namespace "(.*)"', file.read_text(), re.MULTILINE) == ["web", "data-*"]
        assert set(re.findall(r'path "(.*)"', file.read_text())) == {"nomad/jobs/web*"}


def test_one_of_both_is_removed_and_then_gone(site: Site) -> None:
    for state, changes in (("present", 1), ("absent", 1), ("absent", 0)):
        done = role(site, prefix="itest-one-", wanted=["reader"], state=state)
        assert done.returncode == 0, done.stdout + done.stderr
        assert changed(done) == changes
    assert "itest-one-" not in play.nomad(site, "acl", "policy", "list")


def test_bad_input_is_refused(site: Site) -> None:
    done = role(site, prefix="it is", namespaces=["not a namespace"], variables_path='"} namespace "*')
    assert done.returncode != 0
    for problem in ("'it is' holds something else", "'not a namespace' is no namespace", "is no path"):
        assert problem in done.stdout + done.stderr
    assert "acl_policies_namespaces must be a list" in role(site, namespaces={"default": True}).stdout
