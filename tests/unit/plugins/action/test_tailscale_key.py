# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action `tailscale_key` shows a new key nowhere."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.notailcar.nomad.plugins.action.tailscale_key import ActionModule
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction

from tests import execution_paths
from tests.execution_paths import EXECUTION_PATHS, IN_PROCESS, Row
from tests.unit.support.control_planes import API_KEY, NEW_TEXT, TAGS, Key

WANTED = {"tags": TAGS}
ROWS = {
    "made": Row("tailscale_key", WANTED, "changed"),
    "made in a loop": Row("tailscale_key", WANTED, "changed", keywords={"loop": [1, 2]}),
    "kept": Row("tailscale_key", {**WANTED, "current": "7"}, "ok"),
    "refused": Row("tailscale_key", {**WANTED, "description": "_"}, "failed", "at most 50"),
}


@pytest.fixture
def played(tailscale, tmp_path):
    """Real playbooks, as loud as can be, against a tailnet with a key."""
    tailscale.fake.clock = None
    current = {**tailscale.key(Key()), "expires": "2100-01-01T00:00:00Z"}
    tailscale.fake.on(f"GET {tailscale.KEYS}/7", current)
    tailscale.makes_keys()
    return lambda way: execution_paths.play(way, ROWS, tmp_path / way.replace(" ", "-"), os.environ, "-vvvv", "--diff")


@pytest.mark.parametrize("way", [IN_PROCESS, "become"])
def test_a_new_key_is_registered_and_never_shown(played, way):
    done = played(way)
    assert EXECUTION_PATHS[way].sign in done.out
    assert done.results["made"]["key"] == NEW_TEXT
    assert [one["key"] for one in done.results["made in a loop"]["results"]] == [NEW_TEXT, NEW_TEXT]
    assert execution_paths.ended(done.results["kept"]) == "ok"
    assert ROWS["refused"].says in done.results["refused"]["msg"]
    # The task that writes down the results for us does show them.
    printed = done.out.partition("TASK [ansible.builtin.copy]")[0] + done.err
    assert NEW_TEXT not in printed
    assert API_KEY not in printed
    # What was not made, and what went wrong, is shown.
    assert "at most 50" in printed
    assert '"reason": null' in printed


def test_no_task_of_async_tells_the_key(played):
    made = played("async").results["made"]
    assert made["failed"]
    assert "does not support async" in made["msg"]


def test_a_connection_does_not_show_what_the_module_prints(monkeypatch):
    action = ActionModule.__new__(ActionModule)
    action._connection = SimpleNamespace(_play_context=SimpleNamespace(no_log=False))
    seen = []
    monkeypatch.setattr(InProcessAction, "run", lambda *_args: seen.append(action._connection._play_context.no_log) or {"key": NEW_TEXT})
    assert action.run() == {"key": NEW_TEXT, "_ansible_no_log": True}
    assert seen == [True]
