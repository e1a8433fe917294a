# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of an answer, checked where it arrives: the code behind it never meets a type that it does not expect.

A shape is written as the data would look:
- `str`, `int`, `bool`: a value of this type; `object`: anything.
- `None`: null. A set of strings: one of these. A compiled pattern: a string that it matches as a whole.
- `[shape]`: a list of such items.
- `{"Name": shape}`: an object whose field `Name`, where it is there, has this shape. `{str: shape}`: an object of which all other
  fields have this shape.
- A tuple: one of these shapes. A function: a value for which it returns true.
"""

from __future__ import annotations

import json
import re
import types
import typing as t

from ._errors import Refused, server_words

Shape = t.Any
KINDS = {
    str: "a string",
    int: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
    float: "a number with a fraction",
}


class Answered(dict[str, t.Any]):
    """An object of an answer: a field that is missing is an error that a user can read."""

    __slots__ = ("what",)
    what: str

    def __missing__(self, name: str) -> t.Any:
        raise _refused(self.what, f"it has no field {name}")


def decoded(raw: bytes | str, shape: Shape, what: str) -> t.Any:
    """Return the data of a JSON document, None for an empty one; raise ValueError for other text, and Refused for data of another shape.

    `what` names the attempt and the server: "read the job whoami: http://127.0.0.1:4646".
    """
    data = json.loads(raw, object_hook=lambda found: _object(found, what)) if raw.strip() else None
    wrong = difference(data, shape)
    if wrong:
        raise _refused(what, wrong)
    return data


def difference(data: t.Any, shape: Shape) -> str:
    """Return in words where data differs from a shape; nothing when it does not."""
    wrong = mismatch(data, shape)
    return f"{wrong[0].lstrip('.') or 'the answer'} {wrong[1]}" if wrong else ""


def _object(found: dict[str, t.Any], what: str) -> Answered:
    answered = Answered(found)
    answered.what = what
    return answered


def _refused(what: str, wrong: str) -> Refused:
    return Refused(f"Could not {what} answered with data of an unexpected form: {server_words(wrong)}. Is the address right?", status=200)


def mismatch(found: t.Any, shape: Shape) -> tuple[str, str] | None:
    """Return the path of the first part that differs from the shape, and how it differs."""
    if shape is object:
        return None
    if isinstance(shape, tuple):
        return None if any(mismatch(found, one) is None for one in shape) else mismatch(found, shape[0])
    if isinstance(shape, types.FunctionType):
        return None if shape(found) else ("", "has an unexpected form")
    if isinstance(shape, (set, frozenset)):
        return None if isinstance(found, str) and found in shape else ("", f"is none of {', '.join(sorted(shape))}")
    if isinstance(shape, re.Pattern):
        return None if isinstance(found, str) and shape.fullmatch(found) else ("", "has an unexpected form")
    kind = shape if isinstance(shape, type) else type(shape)
    # For Python true is a number, too.
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        return "", f"is {KINDS[dict if isinstance(found, dict) else type(found)]}, not {KINDS[kind]}"
    for place, item, inner in _parts(found, shape):
        wrong = mismatch(item, inner)
        if wrong:
            return place + wrong[0], wrong[1]
    return None


def _parts(found: t.Any, shape: Shape) -> t.Iterator[tuple[str, t.Any, Shape]]:
    """Return the parts of a list or an object, with their places and shapes."""
    if isinstance(shape, list):
        yield from ((f"[{number}]", item, shape[0]) for number, item in enumerate(found))
    elif isinstance(shape, dict):
        yield from ((f".{field}", found[field], inner) for field, inner in shape.items() if field in found)
        if str in shape:
            yield from ((f".{field}", value, shape[str]) for field, value in found.items() if field not in shape)
