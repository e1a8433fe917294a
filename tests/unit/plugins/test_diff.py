# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as people know it from `nomad job plan`."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.notailcar.nomad.plugins.module_utils._diff import render

HERE = Path(__file__).parent


def test_as_nomad_prints_it():
    """Both files are of Nomad 1.11.3; only the lines of the changed template are ours, its command prints the whole text twice."""
    assert render(json.loads((HERE / "plan_diff.json").read_text())) == (HERE / "plan_diff.txt").read_text()


def edited(old, new):
    field = {"Name": "Text", "Type": "Edited", "Old": old, "New": new, "Annotations": None}
    return render({"ID": "x", "Type": "Edited", "Fields": [field], "Objects": None, "TaskGroups": None})


def test_a_long_text_shows_its_changed_lines():
    lines = edited("a\nsame\na\n", "same\na\nb\n").splitlines()
    assert [line.strip() for line in lines[2:]] == ["- a", "+ b"]


def test_only_the_last_line_end_differs():
    assert r'"a\nb" => "a\nb\n"' in edited("a\nb", "a\nb\n")


def test_an_unchanged_job():
    assert render({"ID": "x", "Type": "None", "Fields": None, "Objects": None, "TaskGroups": None}) == 'Job: "x"\n'
