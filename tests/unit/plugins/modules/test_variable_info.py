# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`variable_info`: which variables there are, and the names of their keys."""

from __future__ import annotations

import json

import pytest

from tests.unit.support.variables import PATH, SECRET, URL, described, metadata


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


def test_a_variable_with_the_names_of_its_keys(nomad, call):
    nomad.on(URL, {**metadata(), "Items": {"password": SECRET, "key": SECRET}})
    result = call("variable_info", path=f"/{PATH}")
    assert result["variables"] == [described(keys=["key", "password"], revealed={})]
    assert not result["changed"]
    assert SECRET not in json.dumps(result)


def test_what_is_no_secret_is_revealed(nomad, call):
    nomad.on(URL, {**metadata(), "Items": {"password": SECRET, "key_id": "k1"}})
    result = call("variable_info", path=PATH, reveal=["key_id", "unknown"])
    assert result["variables"][0]["revealed"] == {"key_id": "k1"}
    assert SECRET not in json.dumps(result)


def test_an_unknown_path_is_an_empty_list(nomad, call):
    assert call("variable_info", path=PATH)["variables"] == []
    assert len(nomad.asked) == 1


def test_variables_below_a_prefix(nomad, call):
    nomad.on("GET /v1/vars", (200, [metadata("b", "x"), metadata("b", "a")], "x.c"), (200, [metadata("a", "x")], ""))
    result = call("variable_info", prefix="nomad/", namespace="*")
    assert result["variables"] == [described("b", "a"), described("a", "x"), described("b", "x")]
    assert nomad.asked[0].query["prefix"] == "nomad/"
    assert nomad.asked[1].query["next_token"] == "x.c"
    assert [asked.query["namespace"] for asked in nomad.asked] == ["*", "*"]


def test_all_variables(nomad, in_process):
    nomad.on("GET /v1/vars", [])
    assert in_process("variable_info")["variables"] == []
    assert "prefix" not in nomad.asked[0].query


def test_a_refusal_names_the_capability(nomad, in_process):
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "a"})
    nomad.on(URL, (403, "Permission denied"))
    assert in_process("variable_info", path=PATH, token="0000")["failure"]["capability"] == "variables read"


@pytest.mark.parametrize(
    ("args", "words"), [({"path": "a b"}, "not a variable's path"), ({"path": "a", "prefix": "a"}, "mutually exclusive")]
)
def test_what_cannot_work_is_said_without_asking(nomad, in_process, args, words):
    assert words in in_process("variable_info", **args)["msg"]
    assert not nomad.asked


def test_an_error_of_the_server(nomad, call):
    nomad.on("GET /v1/vars", (503, "no leader"))
    assert call("variable_info")["failure"]["kind"] == "server"
