# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as canonical HCL expressions, so that Nomad's parser yields exactly the same value."""

from __future__ import annotations

import math
import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.notailcar.nomad.plugins.module_utils._job.hcl_syntax import template_string

# Nomad itself replaces these references when a task runs; everything else between braces is text.
RUNTIME = r"\$\{(?:NOMAD_\w+|(?:attr|meta|node|env)\.[\w.-]+)\}"
# Escaped although it is meant for the runtime, which sees the same text: after a "$" it would read as an escape, and before a "}"
# Nomad's parser doubles braces.
OPENING = re.compile(rf"(?<!\$)(?P<kept>{RUNTIME})(?! *\}})|(?P<mark>[$%])\{{")
# The driver evaluates the text again, with a parser that has no trouble with "}".
DRIVER_OPENING = re.compile(rf"(?<!\$)(?P<kept>{RUNTIME})|(?P<mark>[$%])\{{")
BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
KEYWORDS = ("true", "false", "null", "for", "if", "in", "else", "endif", "endfor")
LINE_LENGTH = 100


def hcl_expression(value: t.Any, indent: int = 0, config: bool = False) -> str:
    """Return `value` (JSON-like) as an HCL expression.

    `indent` is the column of the line on which the expression begins. With `config`, strings survive the driver's second evaluation too.
    Raises TypeError for a value that HCL has no word for, ValueError for a number or text that it cannot hold.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quoted(value, config)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that HCL can hold")
        return repr(value)
    if isinstance(value, dict):
        return _object(value, indent, config)
    if isinstance(value, (list, tuple)):
        return _tuple(value, indent, config)
    raise TypeError(f"a {type(value).__name__} cannot be written as HCL")


def hcl_body(pairs: dict[str, t.Any], indent: int = 0, config: bool = False) -> str:
    """Return the attributes of a block, indented by `indent`; one without a value (None) is left out."""
    return "\n".join(_lines({name: value for name, value in pairs.items() if value is not None}, indent, config))


def to_hcl(value: t.Any, indent: int = 0, config: bool = False, body: bool = False) -> str:
    """Return `value` as an HCL expression or body; the filter of this name documents the options."""
    try:
        return hcl_body(value, indent, config) if body else hcl_expression(value, indent, config)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"to_hcl: {error}") from error


def _quoted(text: str, config: bool) -> str:
    if config:
        if text.startswith("\ufeff"):
            raise ValueError("a text that begins with a byte order mark (U+FEFF) does not reach the driver as it is")
        text = DRIVER_OPENING.sub(_escaped, text)
    text.encode()  # a lone surrogate has no UTF-8
    return OPENING.sub(_escaped, template_string(text))


def _escaped(found: re.Match[str]) -> str:
    return found["kept"] or found["mark"] * 2 + "{"


def _key(name: t.Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the key {name!r} is not a text")
    if BARE_KEY.fullmatch(name) and name not in KEYWORDS:
        return name
    # In ASCII, so that the columns which the formatter aligns are characters.
    return template_string(name, ascii_only=True).replace("${", "$${").replace("%{", "%%{")


def _object(value: dict[str, t.Any], indent: int, config: bool) -> str:
    return "\n".join(["{", *_lines(value, indent + 2, config), " " * indent + "}"]) if value else "{}"


def _lines(value: dict[str, t.Any], indent: int, config: bool) -> t.Iterator[str]:
    for run in _runs([(_key(name), hcl_expression(part, indent, config)) for name, part in value.items()]):
        width = max(len(name) for name, _part in run)
        yield from (f"{' ' * indent}{name:{width}} = {part}" for name, part in run)


def _runs(entries: list[tuple[str, str]]) -> t.Iterator[list[tuple[str, str]]]:
    """Split into the groups that the formatter aligns: neighbours of one line each."""
    run: list[tuple[str, str]] = []
    for entry in entries:
        if "\n" not in entry[1]:
            run.append(entry)
            continue
        if run:
            yield run
        yield [entry]
        run = []
    if run:
        yield run


def _tuple(value: t.Sequence[t.Any], indent: int, config: bool) -> str:
    parts = [hcl_expression(part, indent + 2, config) for part in value]
    line = "[" + ", ".join(parts) + "]"
    if "\n" not in line and len(line) + indent <= LINE_LENGTH:
        return line
    inner = " " * (indent + 2)
    return "\n".join(["[", *[f"{inner}{part}," for part in parts], " " * indent + "]"])
