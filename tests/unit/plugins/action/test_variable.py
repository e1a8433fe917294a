# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action `variable` shows nowhere what a variable held, when a task asks for it."""

from __future__ import annotations

import os

import pytest

from tests import execution_paths
from tests.execution_paths import EXECUTION_PATHS, IN_PROCESS, Row

PATH = "nomad/jobs/whoami"
NEW, OLD = "a-very-secret-value", "an-earlier-secret-value"
WANTED = {"path": PATH, "items": {"key": NEW}, "return_previous": True}
ROWS = {
    "written": Row("variable", WANTED, "changed"),
    "written in a loop": Row("variable", WANTED, "changed", keywords={"loop": [1, 2]}),
    "refused": Row("variable", {**WANTED, "check_index": 4711}, "failed", "its index is 5, not 4711"),
}


@pytest.fixture
def played(nomad, tmp_path, monkeypatch):
    """Real playbooks, as loud as can be, against a Nomad with the variable."""
    variable = {"Path": PATH, "Namespace": "default", "ModifyIndex": 5, "CreateTime": 1, "ModifyTime": 1}
    nomad.on(f"GET /v1/var/{PATH}", {**variable, "Items": {"key": OLD}})
    nomad.on(f"PUT /v1/var/{PATH}", {**variable, "Items": {"key": NEW}})
    return lambda way: execution_paths.play(way, ROWS, tmp_path / way.replace(" ", "-"), os.environ, "-vvvv", "--diff")


@pytest.mark.parametrize("way", [IN_PROCESS, "become"])
def test_what_was_there_is_registered_and_never_shown(played, way):
    done = played(way)
    assert EXECUTION_PATHS[way].sign in done.out
    assert done.results["written"]["previous"] == {"key": OLD}
    assert [one["previous"] for one in done.results["written in a loop"]["results"]] == [{"key": OLD}, {"key": OLD}]
    # The task that writes down the results for us does show them.
    printed = done.out.partition("TASK [ansible.builtin.copy]")[0] + done.err
    assert [secret for secret in (NEW, OLD) if secret in printed] == []
    # What went wrong is shown.
    assert ROWS["refused"].says in printed


def test_no_task_of_async_tells_what_was_there(played):
    written = played("async").results["written"]
    assert written["failed"]
    assert "does not support async" in written["msg"]
