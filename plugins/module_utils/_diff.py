# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's diff as text, the way `nomad job plan` prints it (its colours left out)."""

from __future__ import annotations

import difflib
import json
import typing as t

Json = dict[str, t.Any]
MARKS = {"Added": "+ ", "Deleted": "- ", "Edited": "+/- "}


def render(diff: Json) -> str:
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
    lines = []
    for field in fields:
        pad, gap = " " * (width - len(_mark(field))), " " * (longest - len(field["Name"]))
        lines += _value(f"{' ' * indent}{_mark(field)}{pad}{field['Name']}: {gap}", field)
    for thing in _all(part, "Objects"):
        lines += _object(thing, indent, width - len(_mark(thing)))
    return lines


def _object(thing: Json, indent: int, pad: int) -> list[str]:
    head = f"{' ' * indent}{_mark(thing)}{' ' * pad}"
    width = _mark_width([*_all(thing, "Fields"), *_all(thing, "Objects")])
    return [f"{head}{thing['Name']} {{", *_inner(thing, indent + pad + 2, width), " " * len(head) + "}"]


def _value(head: str, field: Json) -> list[str]:
    old, new = str(field.get("Old", "")), str(field.get("New", ""))
    if "\n" in old + new and old.splitlines() != new.splitlines():
        return [head.rstrip() + _notes(field), *_text(" " * len(head), old, new)]
    shown = {
        "Added": _quoted(new),
        "Deleted": _quoted(old),
        "Edited": f"{_quoted(old)} => {_quoted(new)}",
    }.get(field["Type"], _quoted(new))
    return [f"{head}{shown}{_notes(field)}"]


def _text(indent: str, old: str, new: str) -> list[str]:
    """Only the changed lines of a long text: `nomad job plan` would print both versions on one line."""
    return [indent + line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


def _notes(part: Json) -> str:
    notes = part.get("Annotations") or []
    return f" ({', '.join(notes)})" if notes else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _mark(part: Json) -> str:
    return MARKS.get(part["Type"], "")


def _mark_width(parts: list[Json]) -> int:
    return max((len(_mark(part)) for part in parts), default=0)


def _all(part: Json, name: str) -> list[Json]:
    return part.get(name) or []
