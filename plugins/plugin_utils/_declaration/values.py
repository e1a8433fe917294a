# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of options: their types as Ansible converts them, their defaults, and a sentence for each that is not what it should be."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Mapping

from ansible.module_utils.common import validation
from ansible_collections.notailcar.nomad.plugins.module_utils._redact import scrub

from .specification import Option, Options

# What a type is called in a sentence, and Ansible's own conversion to it.
TYPES: dict[str, tuple[str, t.Callable[[t.Any], t.Any]]] = {
    "bool": ("true or false", validation.check_type_bool),
    "dict": ("a mapping", validation.check_type_dict),
    "float": ("a number", validation.check_type_float),
    "int": ("a whole number", validation.check_type_int),
    "list": ("a list", validation.check_type_list),
    "path": ("a path", validation.check_type_path),
    "raw": ("a value", validation.check_type_raw),
    "str": ("a text", validation.check_type_str),
}
# A value of these is shown in a sentence; that of a text may be a secret in the wrong place.
SHOWN_TYPES = ("bool", "int", "float")
SHOWN_LETTERS = 40
NAMES_SHOWN = 12
# In the place of a required value that is missing or does not fit, so that the rules can still look at all others.
PLACEHOLDERS = {"str": "", "int": 0}


def read_values(given: Mapping[str, t.Any], options: Options, where: str, problems: list[str]) -> dict[str, t.Any]:
    """Return a value for every option, converted, or its default: None for one that is not given and has none.

    What cannot be converted, what is missing, and each unknown name adds a sentence to `problems` that begins with `where`, the prefix of
    the names.
    """
    unknown = [str(name) for name in given if name not in options]
    problems += [unknown_name(where, name, options) for name in unknown]
    meant = {nearest(name, options) for name in unknown}
    ordered = [*(name for name in given if name in options), *(name for name in options if name not in given)]
    values = {}
    for name in ordered:
        # One that is missing because it is misspelt has its sentence.
        told = name in meant and name not in given
        values[name] = _value(given.get(name), options[name], f"{where}{name}", [] if told else problems)
    return values


def unknown_name(where: str, name: str, known: t.Iterable[str]) -> str:
    """Return the sentence about a name that there is not, with the nearest that there is."""
    known = sorted(known)
    if near := nearest(name, known):
        return f"{where}{name} is unknown: did you mean {where}{near}?"
    if len(known) <= NAMES_SHOWN:
        return f"{where}{name} is unknown: there are {', '.join(known)}"
    return f"{where}{name} is unknown: look it up in the README of the role"


def nearest(name: str, known: t.Iterable[str]) -> str | None:
    """Return the known name that somebody may have meant."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), None)


def _value(value: t.Any, option: Option, name: str, problems: list[str]) -> t.Any:
    kind = option.get("type", "str")
    # An answer of a survey that was left empty.
    if value is None or (value == "" and (kind not in ("str", "raw", "path") or "choices" in option or option.get("default"))):
        value = option.get("default")
        if value is None:
            if option.get("required"):
                problems.append(f"{name} is required")
            return _instead(option)
    try:
        value = _converted(value, kind)
    except (TypeError, ValueError, OverflowError):
        problems.append(_misfit(name, kind, value))
        return _instead(option)
    if "choices" in option:
        wrong = [one for one in (value if kind == "list" else [value]) if one not in option["choices"]]
        if wrong:
            near = nearest(str(wrong[0]), map(str, option["choices"]))
            meant = f": did you mean {near}?" if near else ""
            problems.append(f"{name} must be one of {', '.join(map(str, option['choices']))}, not '{_shown(wrong[0])}'{meant}")
            return _instead(option)
    if kind == "list":
        element = {"type": option.get("elements", "raw"), "options": option.get("options"), "is_element": True}
        parts = [_value(one, element, f"{name}[{number}]", problems) for number, one in enumerate(value)]
        return [one for one in parts if one is not None]
    if kind == "dict" and option.get("options"):
        # The defaults inside a mapping are not those of one that is left out as a whole.
        inner = read_values(value, option["options"], f"{name}.", problems) if value or option.get("is_element") else {}
        return {part: one for part, one in inner.items() if one is not None}
    return value


def _instead(option: Option) -> t.Any:
    """The value where none is given, or none that fits."""
    return option.get("default", PLACEHOLDERS.get(option.get("type", "str")) if option.get("required") else None)


def _converted(value: t.Any, kind: str) -> t.Any:
    """Convert as Ansible does, but make no text of a list, a mapping or a switch, and no number of a switch."""
    fits = {
        "str": (str, int, float),
        "path": (str, int, float),
        "list": (list, str, int, float),
    }.get(kind, (object,))
    if not isinstance(value, fits) or (isinstance(value, bool) and kind in ("int", "float", "list")):
        raise TypeError
    converted = TYPES[kind][1](value)
    # Ansible splits a text at its commas only.
    return [one.strip() for one in converted] if kind == "list" and isinstance(value, str) else converted


def _misfit(name: str, kind: str, value: t.Any) -> str:
    found = f", not '{_shown(value)}'" if kind in SHOWN_TYPES and not isinstance(value, (list, Mapping)) else ""
    return f"{name} must be {TYPES[kind][0]}{found}"


def _shown(value: t.Any) -> str:
    text = scrub(str(value))
    return text if len(text) <= SHOWN_LETTERS else text[:SHOWN_LETTERS] + "…"
