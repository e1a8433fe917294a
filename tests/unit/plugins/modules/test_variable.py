# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `variable`: errors, create, idempotent, update, delete, delete again."""

from __future__ import annotations

import json

import pytest

PATH = "nomad/jobs/whoami"
URL = f"/v1/var/{PATH}"
SECRET = "a-very-secret-value"
OTHER = "another-secret-value"


def stored(index, **items):
    return {"Path": PATH, "Namespace": "default", "ModifyIndex": index, "Items": items}


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


def test_creates_with_an_index_of_zero(nomad, call):
    nomad.on(f"PUT {URL}", stored(12, key=SECRET))
    result = call("variable", path=PATH, items={"key": SECRET, "port": 80, "on": True})
    assert result["changed"]
    assert result["modify_index"] == 12
    assert result["path"] == PATH
    assert result["keys"] == {"added": ["key", "on", "port"], "changed": [], "removed": [], "others": []}
    sent = nomad.all(f"PUT {URL}")[0]
    assert sent.query["cas"] == "0"
    assert sent.body["Items"] == {"key": SECRET, "port": "80", "on": "true"}
    assert SECRET not in json.dumps(result)


def test_check_mode_does_not_write(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER))
    result = call("variable", check=True, path=PATH, items={"key": SECRET})
    assert result["changed"]
    assert result["modify_index"] == 5
    assert nomad.count(f"PUT {URL}") == 0


def test_unchanged(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=SECRET))
    result = call("variable", path=PATH, items={"key": SECRET})
    assert not result["changed"]
    assert nomad.count(f"PUT {URL}") == 0


def test_update_names_keys_and_never_values(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER, gone=OTHER))
    nomad.on(f"PUT {URL}", stored(6, key=SECRET, new=SECRET))
    result = call("variable", path=PATH, items={"key": SECRET, "new": SECRET})
    assert result["keys"] == {"added": ["new"], "changed": ["key"], "removed": ["gone"], "others": []}
    assert result["diff"]["before"] != result["diff"]["after"]
    assert nomad.all(f"PUT {URL}")[0].query["cas"] == "5"
    assert SECRET not in json.dumps(result)
    assert OTHER not in json.dumps(result)


def test_what_is_kept_is_written_only_where_it_is_missing(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER, other=OTHER))
    nomad.on(f"PUT {URL}", stored(6, key=OTHER, other=SECRET, new=SECRET))
    result = call("variable", path=PATH, items={"key": SECRET, "other": SECRET, "new": SECRET}, keep=["key", "new"])
    assert result["keys"] == {"added": ["new"], "changed": ["other"], "removed": [], "others": []}
    assert nomad.all(f"PUT {URL}")[0].body["Items"] == {"key": OTHER, "other": SECRET, "new": SECRET}


def test_what_is_kept_is_no_change(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER))
    assert not call("variable", path=PATH, items={"key": SECRET}, keep=["key", "unknown"])["changed"]


def test_merged_keys_stay(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER, other=OTHER))
    nomad.on(f"PUT {URL}", stored(6, key=SECRET, other=OTHER))
    result = call("variable", path=PATH, items={"key": SECRET}, merge=True)
    assert result["keys"] == {"added": [], "changed": ["key"], "removed": [], "others": ["other"]}
    assert nomad.all(f"PUT {URL}")[0].body["Items"] == {"key": SECRET, "other": OTHER}
    assert not call("variable", path=PATH, items={"other": OTHER}, merge=True)["changed"]


@pytest.mark.parametrize("check", [False, True])
def test_what_was_there_is_returned_whole(nomad, call, check):
    """Also a value that the new items have too, and one that holds a new value."""
    nomad.on(f"GET {URL}", stored(5, key=SECRET, other=f"{OTHER} and {SECRET}"))
    nomad.on(f"PUT {URL}", stored(6, key=SECRET, other=OTHER))
    result = call("variable", check=check, path=PATH, items={"key": SECRET, "other": OTHER}, return_previous=True)
    assert result["previous"] == {"key": SECRET, "other": f"{OTHER} and {SECRET}"}


def test_of_no_variable_nothing_was_there(nomad, call):
    nomad.on(f"PUT {URL}", stored(6, key=SECRET))
    assert call("variable", path=PATH, items={"key": SECRET}, return_previous=True)["previous"] == {}
    assert "previous" not in call("variable", path=PATH, items={"key": SECRET})


def test_what_is_merged_has_the_limit_of_the_whole(nomad, call):
    nomad.on(f"GET {URL}", stored(5, other="o" * 40_000))
    result = call("variable", path=PATH, items={"key": "k" * 40_000}, merge=True)
    assert "a variable holds at most 65536" in result["msg"]
    assert nomad.count(f"PUT {URL}") == 0


@pytest.mark.parametrize(
    ("token", "warned"), [({"AccessorID": "acls-disabled"}, True), ({"AccessorID": "a-b"}, False), ((403, "Permission denied"), False)]
)
def test_without_acls_a_write_warns(nomad, in_process, screen, token, warned):
    nomad.on(f"PUT {URL}", stored(12, key=SECRET))
    nomad.on("GET /v1/acl/token/self", token)
    assert in_process("variable", path=PATH, items={"key": SECRET})["changed"]
    assert any("ACLs are off" in line for line in screen.warnings) == warned


def test_someone_else_was_faster(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER), stored(9, key="x" + OTHER))
    nomad.on(f"PUT {URL}", (409, stored(9, key="x" + OTHER)))
    result = call("variable", path=PATH, items={"key": SECRET})
    assert result["failed"]
    assert result["failure"]["kind"] == "conflict"
    assert "someone else" in result["msg"]
    assert OTHER not in json.dumps(result)


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("check", [True, False])
def test_another_index_than_the_one_that_was_decided_by(nomad, in_process, state, check):
    nomad.on(f"GET {URL}", stored(9, key=SECRET))
    wanted = {"path": PATH, "state": state, "items": {"key": OTHER}}
    for index in (5, 0):
        result = in_process("variable", check=check, check_index=index, **wanted)
        assert result["failure"]["kind"] == "conflict"
        assert f"its index is 9, not {index}. Nothing was written" in result["msg"]
    assert nomad.count(f"PUT {URL}") == nomad.count(f"DELETE {URL}") == 0
    assert in_process("variable", check=True, check_index=9, **wanted)["changed"]


def test_a_lost_answer_is_no_conflict(nomad, in_process):
    nomad.on(f"GET {URL}", stored(5, key=OTHER), stored(9, key=SECRET))
    nomad.on(f"PUT {URL}", (409, stored(9, key=SECRET)))
    result = in_process("variable", path=PATH, items={"key": SECRET})
    assert result["changed"]
    assert result["modify_index"] == 9


def test_delete_and_delete_again(nomad, call):
    nomad.on(f"GET {URL}", stored(5, key=OTHER), (404, "variable not found"))
    nomad.on(f"DELETE {URL}", (204, ""))
    first = call("variable", path=PATH, state="absent")
    assert first["changed"]
    assert first["keys"]["removed"] == ["key"]
    assert nomad.all(f"DELETE {URL}")[0].query["cas"] == "5"
    second = call("variable", path=PATH, state="absent")
    assert not second["changed"]
    assert nomad.count(f"DELETE {URL}") == 1


def test_ordinary_values_do_not_blot_out_the_result(nomad, call):
    """1, true, and a word of the path are values too; they are no reason for asterisks."""
    nomad.on(f"PUT {URL}", stored(11, a="1", b="true", c="whoami"))
    result = call("variable", path=PATH, items={"a": "1", "b": "true", "c": "whoami", "d": 1})
    assert result["modify_index"] == 11
    assert result["path"] == PATH
    assert "****" not in json.dumps(result)


def test_a_path_is_no_file(nomad, packaged, monkeypatch, tmp_path):
    """Ansible adds owner and mode to a result whose `path` happens to exist."""
    (tmp_path / PATH).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    nomad.on(f"PUT {URL}", stored(11, a="b"))
    assert "mode" not in packaged("variable", path=PATH, items={"a": "b"})


def test_short_values_stay_out_of_the_invocation(nomad, packaged):
    nomad.on(f"PUT {URL}", stored(11, pin="4711"))
    result = packaged("variable", path=PATH, items={"pin": "4711"}, token="abcd")
    assert "4711" not in json.dumps(result)
    assert "abcd" not in json.dumps(result)


def test_a_secret_in_the_servers_words_is_scrubbed(nomad, call):
    nomad.on(f"PUT {URL}", (400, f"cannot take {SECRET}"))
    result = call("variable", path=PATH, items={"key": SECRET})
    assert result["failed"]
    assert SECRET not in json.dumps(result)
    assert "cannot take" in result["msg"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"path": "a b", "items": {"a": "b"}}, "not a variable's path"),
        ({"path": "nomad/other", "items": {"a": "b"}}, "nomad/jobs"),
        ({"path": "x", "items": {}}, "state=absent"),
        ({"path": "x", "items": {"a": {"b": 1}}}, "to_json"),
        ({"path": "x", "items": {"a": "x" * 65536}}, "at most 65536"),
        ({"path": "x"}, "items"),
    ],
)
def test_what_cannot_work_is_said_without_asking(nomad, in_process, args, words):
    result = in_process("variable", **args)
    assert result["failed"]
    assert words in result["msg"]
    assert not nomad.asked
