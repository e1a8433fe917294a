# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads about an answer of another shape: the field and the types, never a value."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import Refused
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.answers import ANSWERS, shape_of_answer
from ansible_collections.notailcar.nomad.plugins.module_utils._shape import decoded

SHAPE = {
    "ID": str,
    "Count": int,
    "Stop": bool,
    "Kind": {"a", "b"},
    "Code": re.compile(r"\d+"),
    "Tasks": ([{"Name": str}], None),
    "Counts": {"all": int, str: str},
}
GOOD = {"ID": "x", "Count": 1, "Stop": True, "Kind": "a", "Code": "7", "Tasks": [{"Name": "t", "Else": 1}], "Counts": {"all": 1, "b": "c"}}


def test_what_fits() -> None:
    assert decoded(json.dumps(GOOD), SHAPE, "read it: http://a") == GOOD
    assert decoded(json.dumps({**GOOD, "Tasks": None, "New": [1]}), SHAPE, "read it: http://a")["New"] == [1]
    assert decoded("", (dict, None), "read it: http://a") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([GOOD], "the answer is a list, not an object"),
        (None, "the answer is null, not an object"),
        ({**GOOD, "ID": 7}, "ID is a number, not a string"),
        ({**GOOD, "Count": True}, "Count is true or false, not a number"),
        ({**GOOD, "Count": 1.5}, "Count is a number with a fraction, not a number"),
        ({**GOOD, "Stop": "no"}, "Stop is a string, not true or false"),
        ({**GOOD, "Kind": "hunter2"}, "Kind is none of a, b"),
        ({**GOOD, "Code": "hunter2"}, "Code has an unexpected form"),
        ({**GOOD, "Tasks": {}}, "Tasks is an object, not a list"),
        ({**GOOD, "Tasks": [{"Name": "t"}, {"Name": ["hunter2"]}]}, "Tasks[1].Name is a list, not a string"),
        ({**GOOD, "Counts": {"all": "hunter2"}}, "Counts.all is a string, not a number"),
        ({**GOOD, "Counts": {"more": 1}}, "Counts.more is a number, not a string"),
    ],
)
def test_what_does_not(data: object, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)) as caught:
        decoded(json.dumps(data), SHAPE, "read it: http://a")
    assert str(caught.value).startswith("Could not read it: http://a answered with data of an unexpected form: ")
    assert "hunter2" not in str(caught.value)


def test_a_missing_field_is_missed_where_it_is_needed() -> None:
    found = decoded(json.dumps({"Tasks": [{"Else": 1}]}), SHAPE, "read it: http://a")
    assert found.get("ID") is None
    with pytest.raises(Refused, match="it has no field Name"):
        found["Tasks"][0]["Name"]


def test_text_is_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        decoded("<html>", SHAPE, "read it: http://a")


def test_the_more_special_path_comes_first() -> None:
    assert shape_of_answer("GET", "/v1/job/a%2Fb/allocations") is ANSWERS["GET /v1/job/*/allocations"]
    assert shape_of_answer("GET", "/v1/job/a%2Fb") is ANSWERS["GET /v1/job/*"]
    assert shape_of_answer("GET", "/v1/var/a/b") is ANSWERS["GET /v1/var/**"]
    assert shape_of_answer("PUT", "/v1/jobs/parse") is ANSWERS["PUT /v1/jobs/parse"]
    assert shape_of_answer("GET", "/v1/something") is object
