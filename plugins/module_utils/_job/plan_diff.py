# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's diff as text, the way `nomad job plan` prints it: without its colours and empty lines, without credentials.

Of a long text only the changed lines are shown, where Nomad prints both versions on one line.
"""

from __future__ import annotations

import difflib
import itertools
import re
import typing as t

from ...module_utils import _redact
from .._json import Json

MARKS = {"Added": "+ ", "Deleted": "- ", "Edited": "+/- "}
# In Nomad's order.
TYPES = ("Edited", "Added", "Deleted", "None")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def render_diff(diff: Json) -> str:
    """Return the readable form of `Diff` of `/v1/job/<id>/plan`."""
    width = _mark_width([*_all(diff, "Fields"), *_all(diff, "Objects"), *_all(diff, "TaskGroups")])
    lines = [f'{_mark(diff)}Job: "{diff["ID"]}"']
    if diff["Type"] == "Edited":
        lines += _inner(diff, 0, width)
    for group in _all(diff, "TaskGroups"):
        lines += _group(group, width - len(_mark(group)))
    return "\n".join(lines) + "\n"


def _group(group: Json, pad: int) -> list[str]:
    updates = ", ".join(f"{count} {kind}" for kind, count in sorted((group.get("Updates") or {}).items()))
    lines = [f'{_mark(group)}{" " * pad}Task Group: "{group["Name"]}"' + (f" ({updates})" if updates else "")]
    width = _mark_width([*_all(group, "Fields"), *_all(group, "Objects"), *_all(group, "Tasks")])
    if group["Type"] == "Edited":
        lines += _inner(group, pad + 2, width)
    for task in _all(group, "Tasks"):
        lines += _task(task, pad + 2, width - len(_mark(task)))
    return lines


def _task(task: Json, indent: int, pad: int) -> list[str]:
    lines = [f'{" " * indent}{_mark(task)}{" " * pad}Task: "{task["Name"]}"{_notes(task)}']
    if task["Type"] == "Edited":
        lines += _inner(task, indent + 2, _mark_width([*_all(task, "Fields"), *_all(task, "Objects")]))
    return lines


def _inner(part: Json, indent: int, width: int) -> list[str]:
    """Fields and objects of one level, their marks and values aligned."""
    fields = _all(part, "Fields")
    longest = max((len(field["Name"]) for field in fields), default=0)
    by_name = {field["Name"]: field for field in fields}
    lines = []
    for field in fields:
        pad, gap = " " * (width - len(_mark(field))), " " * (longest - len(field["Name"]))
        lines += _value(f"{' ' * indent}{_mark(field)}{pad}{field['Name']}: {gap}", field, by_name)
    for thing in _objects(part):
        lines += _object(thing, indent, width - len(_mark(thing)))
    return lines


def _objects(part: Json) -> list[Json]:
    """Return the inner objects; those of one name in an order of ours, because Nomad's changes from plan to plan."""
    runs = itertools.groupby(_all(part, "Objects"), key=lambda thing: str(thing["Name"]))
    return [thing for _name, run in runs for thing in sorted(run, key=_rank)]


def _rank(thing: Json) -> tuple[t.Any, ...]:
    fields, objects = _all(thing, "Fields"), _objects(thing)
    values = [(field["Name"], str(field.get("Old", "")), str(field.get("New", ""))) for field in fields]
    return TYPES.index(thing["Type"]), len(fields), len(objects), values, [_rank(inner) for inner in objects]


def _object(thing: Json, indent: int, pad: int) -> list[str]:
    head = f"{' ' * indent}{_mark(thing)}{' ' * pad}"
    width = _mark_width([*_all(thing, "Fields"), *_all(thing, "Objects")])
    return [f"{head}{thing['Name']} {{", *_inner(thing, indent + pad + 2, width), " " * len(head) + "}"]


def _value(head: str, field: Json, by_name: dict[str, Json]) -> list[str]:
    old, new = str(field.get("Old", "")), str(field.get("New", ""))
    hidden = [_redact.is_secret(_meaning(field["Name"], by_name, side), text) for side, text in (("Old", old), ("New", new))]
    if "\n" in old + new and not any(hidden):
        if old == new:
            return [f"{head}({len(_rows(new))} lines, unchanged)"]
        if _rows(old) != _rows(new):
            return [head.rstrip() + _notes(field), *_text(" " * len(head), _rows(old), _rows(new))]
    before, after = (_redact.HIDDEN if secret else _quoted(text) for secret, text in zip(hidden, (old, new)))
    shown = {
        "Added": after,
        "Deleted": before,
        "Edited": f"{before} => {after}" + (" (changed)" if before == after else ""),
    }.get(field["Type"], after)
    return [f"{head}{shown}{_notes(field)}"]


def _meaning(name: str, by_name: dict[str, Json], side: str) -> str:
    """Return the name that tells a secret from other values: for an argument after `--password` it is that option."""
    found = re.fullmatch(r"(.*\[)(\d+)\]", name)
    option = str(by_name.get(f"{found[1]}{int(found[2]) - 1}]", {}).get(side, "")) if found else ""
    return option if re.fullmatch(r"--[A-Za-z][\w-]*", option) else name


def _text(indent: str, old: list[str], new: list[str]) -> list[str]:
    """Only the changed lines. They are compared in clear and shown without credentials: what is hidden still shows its change."""
    shown_old, shown_new = _redact.lines(old), _redact.lines(new)
    changed: list[str] = []
    for kind, old_begin, old_end, new_begin, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            changed += [f"- {line}" for line in shown_old[old_begin:old_end]]
            changed += [f"+ {line}" for line in shown_new[new_begin:new_end]]
    # A key of many lines is hidden once.
    once = [line for line, before in zip(changed, ["", *changed]) if line != before or not line.endswith(_redact.HIDDEN)]
    return [indent + _printable(line, {"\t": "\t"}) for line in once]


def _rows(text: str) -> list[str]:
    return text[:-1].split("\n") if text.endswith("\n") else text.split("\n") if text else []


def _notes(part: Json) -> str:
    notes = part.get("Annotations") or []
    return f" ({', '.join(notes)})" if notes else ""


def _quoted(text: str) -> str:
    return '"' + _printable("\n".join(_redact.lines(text.split("\n"))), ESCAPES) + '"'


def _printable(text: str, escapes: t.Mapping[str, str]) -> str:
    """Return the text as Go's %q shows it: nothing in it controls the terminal."""
    return "".join(escapes.get(letter) or (letter if letter.isprintable() else _escape(ord(letter))) for letter in text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _mark(part: Json) -> str:
    return MARKS.get(part["Type"], "")


def _mark_width(parts: list[Json]) -> int:
    return max((len(_mark(part)) for part in parts), default=0)


def _all(part: Json, name: str) -> list[Json]:
    return part.get(name) or []
