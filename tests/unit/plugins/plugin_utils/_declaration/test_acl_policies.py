# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role acl_policies refuses, input by input."""

from __future__ import annotations

import pytest

from tests.unit.support.role_inputs import Json, defaults, sentences

POLICIES = defaults("acl_policies")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"prefix": ""},
        {"namespaces": ["*", "team-*"], "variables_path": "nomad/jobs/team-a/*"},
        {"namespaces": "default,team-a", "wanted": "reader"},
        {"state": "rendered", "directory": "policies"},
    ],
)
def test_good_policies(more: Json) -> None:
    assert sentences("acl_policies", {**POLICIES, **more}) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"namespaces": []}, "namespaces is empty: the policies would grant nothing"),
        ({"namespaces": ["default", 'a"', "b c"]}, "namespaces: 'a\"', 'b c' is no namespace: use letters, digits, - and *"),
        ({"prefix": "of us/"}, "prefix 'of us/' holds something else than letters, digits and -, or more than 100 of them"),
        ({"prefix": "a" * 101}, f"prefix '{'a' * 101}' holds something else than letters, digits and -, or more than 100 of them"),
        ({"variables_path": 'nomad/jobs/"'}, "variables_path 'nomad/jobs/\"' is no path: use letters, digits, -, _, ~, / and *"),
        ({"wanted": ["writer"]}, "wanted must be one of deployer, reader, not 'writer'"),
        ({"wanted": {"reader": True}}, "wanted must be a list"),
        ({"state": "gone"}, "state must be one of present, rendered, absent, not 'gone'"),
        ({"namespace": "default"}, "namespace is unknown: did you mean acl_policies_namespaces?"),
    ],
)
def test_each_problem_of_the_policies_is_a_sentence(wrong: Json, sentence: str) -> None:
    assert sentences("acl_policies", {**POLICIES, **wrong}) == [f"acl_policies_{sentence}"]
