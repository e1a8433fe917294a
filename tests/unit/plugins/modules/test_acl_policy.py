# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `acl_policy`: errors, create, idempotent, update, delete, delete again."""

from __future__ import annotations

import pytest

NAME = "team-reader"
URL = f"/v1/acl/policy/{NAME}"
RULES = 'namespace "team" {\n  capabilities = ["read-job"]\n}\n'
ATTACHED = {"Namespace": "default", "JobID": "whoami", "Group": "app", "Task": ""}


def stored(rules=RULES, description="", attached=None):
    return {"Name": NAME, "Description": description, "Rules": rules, "JobACL": attached, "Hash": "x", "ModifyIndex": 5, "RulesJSON": {}}


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


def test_creates(nomad, call):
    nomad.on(f"PUT {URL}", "")
    result = call("acl_policy", name=NAME, rules=RULES, description="Jobs of the team")
    assert result["changed"]
    assert result["name"] == NAME
    assert result["policy"] == {"description": "Jobs of the team", "rules": RULES, "job_acl": None}
    assert (result["diff"]["before"], result["diff"]["after"]) == ("", f"description: Jobs of the team\n\n{RULES}")
    (sent,) = nomad.all(f"PUT {URL}")
    assert sent.body == {"Name": NAME, "Description": "Jobs of the team", "Rules": RULES, "JobACL": None}


def test_check_mode_does_not_write(nomad, call):
    nomad.on(f"GET {URL}", stored(rules="old"))
    result = call("acl_policy", check=True, name=NAME, rules=RULES)
    assert result["changed"]
    assert [asked.method for asked in nomad.asked] == ["GET"]
    assert call("acl_policy", check=True, name=NAME, state="absent")["changed"]
    assert [asked.method for asked in nomad.asked] == ["GET", "GET"]


def test_unchanged(nomad, call):
    nomad.on(f"GET {URL}", stored(description="d", attached=ATTACHED))
    result = call("acl_policy", name=NAME, rules=RULES, description="d", job_acl={"job": "whoami", "group": "app"})
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert len(nomad.asked) == 1


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (stored(rules="old\n"), "-old"),
        (stored(description="other"), "-description: other"),
        (stored(attached=ATTACHED), "-job_acl: namespace default, job whoami, group app"),
    ],
)
def test_every_part_is_compared_and_shown(nomad, in_process, before, line):
    nomad.on(f"GET {URL}", before)
    nomad.on(f"PUT {URL}", "")
    result = in_process("acl_policy", name=NAME, rules=RULES)
    assert result["changed"]
    assert line[1:] in result["diff"]["before"].splitlines()
    assert line[1:] not in result["diff"]["after"].splitlines()
    assert nomad.all(f"PUT {URL}")[0].body["JobACL"] is None


def test_a_mapping_is_written_as_stable_hcl(nomad, call):
    nomad.on(f"PUT {URL}", "")
    team = {"variables": {"path": {"a/*": {"capabilities": ["list"]}}}, "capabilities": ["read-job"]}
    call("acl_policy", name=NAME, rules={"node": {"policy": "read"}, "namespace": {"team": team, "default": {"policy": "read"}}})
    written = nomad.all(f"PUT {URL}")[0].body["Rules"]
    assert (
        written
        == """\
namespace "default" {
  policy = "read"
}
namespace "team" {
  capabilities = ["read-job"]
  variables {
    path "a/*" {
      capabilities = ["list"]
    }
  }
}
node {
  policy = "read"
}
"""
    )
    nomad.on(f"GET {URL}", stored(rules=written))
    assert not call(
        "acl_policy", name=NAME, rules={"namespace": {"default": {"policy": "read"}, "team": team}, "node": {"policy": "read"}}
    )["changed"]


def test_attached_to_a_task(nomad, in_process):
    nomad.on(f"PUT {URL}", "")
    result = in_process("acl_policy", name=NAME, rules=RULES, job_acl={"namespace": "team", "job": "j", "group": "g", "task": "t"})
    assert nomad.all(f"PUT {URL}")[0].body["JobACL"] == {"Namespace": "team", "JobID": "j", "Group": "g", "Task": "t"}
    assert result["policy"]["job_acl"] == {"namespace": "team", "job": "j", "group": "g", "task": "t"}


def test_delete_and_delete_again(nomad, call):
    nomad.on(f"GET {URL}", stored(), (404, "ACL policy not found"))
    nomad.on(f"DELETE {URL}", "")
    first = call("acl_policy", name=NAME, state="absent")
    assert first["changed"]
    assert first["policy"] is None
    assert RULES in first["diff"]["before"]
    assert not call("acl_policy", name=NAME, state="absent")["changed"]
    assert nomad.count(f"DELETE {URL}") == 1


@pytest.mark.parametrize(
    ("token", "known", "words"),
    [
        ("0000", {"AccessorID": "a"}, "it takes a management token, and this is none"),
        ("0000", (403, "Permission denied"), "does not know this token"),
        (None, None, "no token was given"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_a_management_token_will_do(nomad, in_process, method, token, known, words):
    nomad.on("GET /v1/acl/token/self", known)
    nomad.on(f"{method} {URL}", (403, "Permission denied"))
    result = in_process("acl_policy", name=NAME, rules=RULES, token=token)
    assert result["failure"]["kind"] == "denied"
    assert words in result["msg"]
    assert "a management token" in result["msg"]


def test_bad_rules_in_the_servers_words(nomad, call):
    nomad.on(f"PUT {URL}", (400, "policy 0 invalid: 1 error occurred:\n\t* failed to parse rules: Invalid namespace capability 'read-jbo'"))
    result = call("acl_policy", name=NAME, rules=RULES)
    assert result["failure"]["kind"] == "refused"
    assert "Invalid namespace capability 'read-jbo'" in result["msg"]


def test_an_error_of_the_server(nomad, call):
    nomad.on(f"GET {URL}", (503, "no leader"))
    assert call("acl_policy", name=NAME, state="absent")["failure"]["kind"] == "server"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "rules"),
        ({"rules": ""}, "state=absent"),
        ({"rules": ["a"]}, "HCL text or a mapping, not list"),
        ({"rules": {"namespace": {"default": "read"}}}, 'rules: namespace "default" must be a mapping, not str'),
        ({"rules": RULES, "job_acl": {"group": "g"}}, "job"),
        ({"rules": RULES, "job_acl": {"job": "j", "task": "t"}}, "group"),
    ],
)
def test_what_cannot_work_is_said_without_asking(nomad, in_process, args, words):
    result = in_process("acl_policy", name=NAME, **args)
    assert result["failed"]
    assert words in result["msg"]
    assert not nomad.asked
