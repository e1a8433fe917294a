# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as people know it from `nomad job plan`."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.notailcar.nomad.plugins.module_utils._job.plan_diff import render_diff

HERE = Path(__file__).parent


def test_as_nomad_prints_it():
    """Both files are of Nomad 1.11.3; only the lines of the changed template are ours, its command prints the whole text twice."""
    assert render_diff(json.loads((HERE / "plan_diff.json").read_text())) == (HERE / "plan_diff.txt").read_text()


def field(kind, name, old, new):
    return {"Name": name, "Type": kind, "Old": old, "New": new, "Annotations": None}


def fields(*of):
    """The shown fields of a job, without their marks."""
    text = render_diff({"ID": "x", "Type": "Edited", "Fields": list(of), "Objects": None, "TaskGroups": None})
    return [line.removeprefix("+/- ").strip() for line in text.splitlines()[1:]]


def edited(old, new, name="Text"):
    return fields(field("Edited", name, old, new))


def test_a_long_text_shows_its_changed_lines():
    assert edited("a\nsame\na\n", "same\na\nb\n") == ["Text:", "- a", "+ b"]


def test_a_long_text_that_comes_or_stays():
    assert fields(field("Added", "Text", "", "a\n\nb\n")) == ["+ Text:", "+ a", "+", "+ b"]
    assert fields(field("None", "Text", "a\nb\n", "a\nb\n")) == ["Text: (2 lines, unchanged)"]


def test_only_the_last_line_end_differs():
    assert edited("a\nb", "a\nb\n") == [r'Text: "a\nb" => "a\nb\n"']


def test_as_go_quotes():
    assert edited("", '"\\\t\a\x00\x7f\u200b<ü>') == [r'Text: "" => "\"\\\t\a\x00\x7f\u200b<ü>"']
    assert edited("a\n", "a\n\x1b[31m\tb\n") == ["Text:", r"+ \x1b[31m" + "\tb"]


def test_an_unchanged_job():
    assert render_diff({"ID": "x", "Type": "None", "Fields": None, "Objects": None, "TaskGroups": None}) == 'Job: "x"\n'


def test_the_order_is_ours_where_nomad_has_none():
    def port(kind, label, to):
        values = [field(kind, "Label", "", label), field(kind, "To", "", to)]
        return {"Type": kind, "Name": "Port", "Fields": values, "Objects": None}

    def shown(*objects):
        text = render_diff(
            {"ID": "x", "Type": "Edited", "Fields": None, "Objects": [{"Name": "Z", "Type": "None"}, *objects], "TaskGroups": None}
        )
        return text.replace(" ", "")

    one, two, three = port("Added", "http", "80"), port("Added", "more", "0"), port("Edited", "z", "1")
    assert shown(one, two, three) == shown(three, two, one) == shown(two, one, three)
    found = shown(one, two, three)
    assert found.index("Z{") < found.index('"z"') < found.index('"http"') < found.index('"more"'), "other names stay where they are"


def test_all_kinds_of_updates():
    kinds = ("ignore", "create", "destroy", "migrate", "canary", "in-place update", "create/destroy update", "stop")
    group = {"Type": "None", "Name": "g", "Updates": dict.fromkeys(kinds, 1), "Fields": None, "Objects": None, "Tasks": None}
    text = render_diff({"ID": "x", "Type": "None", "Fields": None, "Objects": None, "TaskGroups": [group]})
    assert "(1 canary, 1 create, 1 create/destroy update, 1 destroy, 1 ignore, 1 in-place update, 1 migrate, 1 stop)" in text


def test_a_hidden_value_shows_its_change():
    assert edited("one", "two", "Env[PASSWORD]") == ["Env[PASSWORD]: (hidden) => (hidden) (changed)"]
    assert edited("${OLD}", "two", "Env[PASSWORD]") == ['Env[PASSWORD]: "${OLD}" => (hidden)']
    assert edited("one\n", "two\nlines\n", "Env[PASSWORD]") == ["Env[PASSWORD]: (hidden) => (hidden) (changed)"]
    assert edited("db://u:one@h", "db://u:two@h", "Env[URL]") == ['Env[URL]: "db://u:…@h" => "db://u:…@h" (changed)']
    assert fields(field("Added", "Env[PASSWORD]", "", "one")) == ["+ Env[PASSWORD]: (hidden)"]
    assert fields(field("Deleted", "Env[PASSWORD]", "one", "")) == ["- Env[PASSWORD]: (hidden)"]
    assert fields(field("None", "Env[PASSWORD]", "one", "one")) == ["Env[PASSWORD]: (hidden)"]


def test_a_hidden_line_shows_its_change():
    assert edited("PASSWORD=one\nx=1\n", "PASSWORD=two\nx=2\n") == ["Text:", "- PASSWORD=(hidden)", "- x=1", "+ PASSWORD=(hidden)", "+ x=2"]
    begin, end = "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n"
    assert edited(f"{begin}one\ntwo\n{end}", f"{begin}three\nfour\n{end}") == ["Text:", "- (hidden)", "+ (hidden)"]


def test_an_argument_after_its_option():
    """Nomad sorts them as texts: the tenth comes before the second."""
    given = ["-v", "--user", "me", "--password", "one", "--token=one", "x", "y", "z", "--api-key", "one"]
    arguments = [field("None", f"args[{place}]", value, value) for place, value in sorted(enumerate(given), key=lambda item: str(item[0]))]
    shown = dict(line.replace(" ", "").split(":") for line in fields(*arguments))
    assert [name for name, value in shown.items() if "hidden" in value] == ["args[10]", "args[4]", "args[5]"]
    assert shown["args[2]"] == '"me"'
