# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`job_info`, `variable_info`, `acl_policy` and the lookup `variable` on the real Nomad."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad import paging
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.paging import filter_expression, list_all

from tests.integration.support import play
from tests.lab.command import wait_until
from tests.lab.site import Site

# Together they are what Nomad's own paging never gets to the end of (hashicorp/nomad#28167).
NAMESPACES = ("itest", "itest-b")
GOOD, BAD, ODD, NOWHERE = "itest-info-good", "itest-info-bad", 'itest-info.a"`$\\', "itest-info-nowhere"
PATH = "itest/app"
POLICY = "itest-companions"
SECRET = "value-of-the-companions-test"


def spec(name: str, namespace: str, **job: t.Any) -> dict[str, t.Any]:
    config = {"run_for": "1ms", "exit_code": 3 if name == BAD else 0}
    task = {"Name": "task", "Driver": "mock_driver", "Config": config, "Resources": {"CPU": 10, "MemoryMB": 10}}
    once = {"RestartPolicy": {"Attempts": 1, "Delay": 1, "Mode": "fail"}, "ReschedulePolicy": {"Attempts": 0, "Unlimited": False}}
    group = {"Name": "group", "Count": 1, "Tasks": [task], **once}
    return {"ID": name, "Namespace": namespace, "Type": "batch", "Datacenters": ["*"], "TaskGroups": [group], **job}


def clean(site: Site) -> None:
    play.purge(site, "itest-info")
    for namespace in NAMESPACES:
        play.run(site, "nomad", "namespace", "delete", namespace)
    play.run(site, "nomad", "var", "purge", PATH)
    play.run(site, "nomad", "acl", "policy", "delete", POLICY)


def register(site: Site, job: dict[str, t.Any]) -> None:
    file = site.state / "companions.test.json"
    file.write_text(json.dumps({"Job": job}))
    play.nomad(site, "job", "run", "-detach", "-json", str(file))
    file.unlink()


@pytest.fixture(scope="module")
def jobs(site: Site) -> t.Iterator[None]:
    """Jobs of the same names in two namespaces, one of which fails; one with an odd name, and one that finds no place."""
    clean(site)
    for namespace in NAMESPACES:
        play.nomad(site, "namespace", "apply", namespace)
        assert not play.call(site, "job", spec=spec(GOOD, namespace))["failed"]
        assert play.call(site, "job", spec=spec(BAD, namespace))["failed"]
    unplaced = spec(NOWHERE, "default", Constraints=[{"LTarget": "${attr.kernel.name}", "RTarget": "plan9", "Operand": "="}])
    register(site, spec(ODD, "default"))
    register(site, unplaced)
    yield
    clean(site)


def test_jobs_of_all_namespaces(site: Site, jobs: None) -> None:
    found = play.call(site, "job_info", prefix="itest-info-", namespace="*", gather=["allocations"])["jobs"]
    assert [(job["namespace"], job["id"]) for job in found] == [
        ("default", NOWHERE),
        ("itest", BAD),
        ("itest", GOOD),
        ("itest-b", BAD),
        ("itest-b", GOOD),
    ]
    _nowhere, bad, good, *_others = found
    assert (good["type"], good["status"], good["version"], good["stopped"]) == ("batch", "dead", 0, False)
    assert good["groups"]["group"]["complete"] == 1
    assert bad["groups"]["group"]["failed"] == 1
    (task,) = bad["allocations"][0]["tasks"]
    ended = {"exit_code": 3, "signal": 0, "oom_killed": False}
    assert task == {"task": "task", "state": "dead", "failed": True, "restarts": 1, **ended}
    assert "job" not in good


def test_one_job_in_its_namespace(site: Site, jobs: None) -> None:
    (job,) = play.call(site, "job_info", name=GOOD, namespace="itest-b", gather=["versions", "evaluations", "deployment", "checks"])["jobs"]
    assert (job["namespace"], job["job"]["ID"], job["job"]["Version"]) == ("itest-b", GOOD, job["version"])
    assert [(version["version"], version["job_modify_index"]) for version in job["versions"]] == [(0, job["job_modify_index"])]
    assert [evaluation["status"] for evaluation in job["evaluations"]] == ["complete"]
    assert (job["deployment"], job["checks"]) == (None, [])
    assert play.call(site, "job_info", name=GOOD)["jobs"] == [], "there is none in the namespace default"
    assert len(play.call(site, "job_info", name=GOOD, namespace="*")["jobs"]) == 2


def test_a_name_is_no_filter(site: Site, jobs: None) -> None:
    assert [job["id"] for job in play.call(site, "job_info", name=ODD)["jobs"]] == [ODD]
    assert [job["id"] for job in play.call(site, "job_info", prefix="itest-info.")["jobs"]] == [ODD]


def test_why_there_is_no_place(site: Site, jobs: None) -> None:
    (job,) = play.call(site, "job_info", name=NOWHERE, gather=["evaluations"])["jobs"]
    reasons = [reason for evaluation in job["evaluations"] for reason in evaluation["failed_groups"].get("group", [])]
    assert any("${attr.kernel.name} = plan9" in reason for reason in reasons), job


def test_every_page_is_read_also_where_nomad_turns_in_circles(site: Site, jobs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**dict.fromkeys(_arguments.connection()), "address": site.nomad_addr, "token": site.nomad_token, "ca_cert": str(site.ca)}
    client = Client.from_options(options)
    for size in (1, 2, 3, 500):
        monkeypatch.setattr(paging, "PAGE", size)
        listed = list_all(client, "/v1/jobs", "list", "list-jobs", namespace="*", filter=filter_expression("ID", "itest-info", False))
        assert len(listed) == 6, size
        assert len({(job["Namespace"], job["ID"]) for job in listed}) == 6
        allocations = list_all(client, "/v1/allocations", "list", namespace="itest")
        assert len({allocation["ID"] for allocation in allocations}) == len(allocations) == 2


def test_variables_without_and_with_their_values(site: Site) -> None:
    clean(site)
    assert play.call(site, "variable_info", path=PATH)["variables"] == []
    assert not play.call(site, "variable", path=PATH, items={"password": SECRET, "user": "me"})["failed"]
    (one,) = play.call(site, "variable_info", path=PATH)["variables"]
    assert one["keys"] == ["password", "user"]
    (listed,) = play.call(site, "variable_info", prefix="itest/", namespace="*")["variables"]
    assert listed == {name: value for name, value in one.items() if name not in ("keys", "revealed")}
    read = look(site, f"'{PATH}', key='password'")
    assert f'"msg": "{SECRET}"' in read.stdout
    missing = look(site, f"'{PATH}', key='pasword'")
    assert missing.returncode != 0
    assert "has no key pasword; it has password, user" in missing.stdout + missing.stderr
    assert '"msg": "none"' in look(site, "'itest/nobody', default='none'").stdout
    # By variables, where the environment says something else.
    environment = {"NOMAD_TOKEN": "", "GIVEN": site.nomad_token}
    assert "no token was given" in look(site, f"'{PATH}'", **environment).stdout
    variables = json.dumps({"notailcar_nomad_token": "{{ lookup('ansible.builtin.env', 'GIVEN') }}"})
    assert f'"msg": "{SECRET}"' in look(site, f"'{PATH}', key='password'", "-e", variables, **environment).stdout
    clean(site)


def look(site: Site, arguments: str, *options: str, **environment: str) -> play.Done:
    call = ("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", f"msg={{{{ lookup('notailcar.nomad.variable', {arguments}) }}}}")
    return play.run(site, *call, *options, ANSIBLE_COLLECTIONS_PATH=str(play.ROOT / "collections"), **environment)


def test_a_policy_through_its_life(site: Site) -> None:
    clean(site)
    hcl = 'namespace "default" {\n  capabilities = ["read-job"]\n}\n'
    variables = {"path": {"a/*": {"capabilities": ["list"]}}}
    mapping = {"namespace": {"default": {"capabilities": ["read-job"]}, "itest*": {"variables": variables}}}
    for arguments in ({"rules": hcl, "description": "First"}, {"rules": mapping, "job_acl": {"job": "itest", "group": "app"}}):
        assert play.call(site, "acl_policy", "--check", name=POLICY, **arguments)["changed"]
        first = play.call(site, "acl_policy", name=POLICY, **arguments)
        assert (first["failed"], first["changed"]) == (False, True), first
        assert not play.call(site, "acl_policy", name=POLICY, **arguments)["changed"]
    stored = json.loads(play.nomad(site, "operator", "api", f"/v1/acl/policy/{POLICY}"))
    read = {namespace["Name"]: (namespace["Capabilities"], namespace["Variables"]) for namespace in stored["RulesJSON"]["Namespaces"]}
    assert read == {"default": (["read-job"], None), "itest*": (None, {"Paths": [{"PathSpec": "a/*", "Capabilities": ["list"]}]})}
    assert (stored["Description"], stored["JobACL"]["JobID"], stored["JobACL"]["Group"]) == ("", "itest", "app")
    bad = play.call(site, "acl_policy", name=POLICY, rules='namespace "default" { capabilities = ["read-jbo"] }')
    assert "Invalid namespace capability 'read-jbo'" in bad["msg"]
    denied = play.call(site, "acl_policy", name=POLICY, state="absent", environment={"NOMAD_TOKEN": ""})
    assert "It takes a management token" in denied["msg"]
    assert play.call(site, "acl_policy", name=POLICY, state="absent")["changed"]
    assert not play.call(site, "acl_policy", name=POLICY, state="absent")["changed"]


def test_a_policy_of_a_workload(site: Site) -> None:
    """A task reads with its own identity what only the policy allows it."""
    clean(site)
    job = "itest-info-workload"
    allowed = {"namespace": {"default": {"variables": {"path": {PATH: {"capabilities": ["read"]}}}}}}
    assert not play.call(site, "variable", path=PATH, items={"greeting": "hello-from-itest"})["failed"]
    assert not play.call(site, "acl_policy", name=POLICY, rules=allowed, job_acl={"job": job})["failed"]
    config = {"image": site.busybox_image, "command": "/bin/sh", "args": ["-c", "cat /local/greeting; echo; sleep 3600"]}
    template = {"DestPath": "local/greeting", "EmbeddedTmpl": '{{ with nomadVar "' + PATH + '" }}{{ .greeting }}{{ end }}'}
    task = {"Name": "task", "Driver": "docker", "Config": config, "Templates": [template], "Resources": {"CPU": 10, "MemoryMB": 32}}
    group = {"Name": "group", "Count": 1, "Tasks": [task]}
    register(site, {"ID": job, "Type": "service", "Datacenters": ["*"], "TaskGroups": [group]})
    wait_until(lambda: play.run(site, "nomad", "alloc", "logs", "-job", job).stdout == "hello-from-itest\n", "the task read its variable")
    clean(site)
