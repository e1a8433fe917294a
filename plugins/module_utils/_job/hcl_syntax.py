# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HCL as text: which statements it has, and how a value is written.

Only the part that finds the end of a value; Nomad checks the value itself. The tokens are those of `scan_tokens.rl` of HCL 2.20.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

IDENTIFIER = r"[^\W\d][\w-]*"
HCL_COMMENT = r"/\*(?:(?!\*/).)*\*/"
LINE_COMMENT = r"(?:\#|//)[^\n]*"
GAP = re.compile(rf"(?:\s|{HCL_COMMENT}|{LINE_COMMENT}(?:\n|\Z))*", re.DOTALL)
HEADER_WORD = re.compile(rf'({IDENTIFIER}|"(?:[^"\\\n]|\\.)*")(?:[ \t]|{HCL_COMMENT})*', re.DOTALL)
CODE = re.compile(
    rf'{HCL_COMMENT}|(?P<endless>/\*)|(?P<line>{LINE_COMMENT}|\n)|<<-?(?P<heredoc>{IDENTIFIER})\r?\n|(?P<quote>")|(?P<open>[\[({{])|(?P<close>[])}}])',
    re.DOTALL,
)
# As CODE, with the operators.
SIGN = re.compile(rf"{CODE.pattern}|(?P<question>\?)|(?P<colon>:)|(?P<logic>&&|\|\||[=!<>]=?)|(?P<arithmetic>[-+*/%])", re.DOTALL)
TRAILING = re.compile(rf"(?:\s|{HCL_COMMENT})+\Z", re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
WORDS = ("true", "false", "null")
QUOTED = re.compile(r'\\[^\n]|\$\$\{|%%\{|(?P<code>[$%]\{)|(?P<line>\n)|(?P<quote>")')
HEREDOC = re.compile(r"\$\$\{|%%\{|(?P<code>[$%]\{)|(?P<line>\n)")
# JSON's escapes are HCL's, except for two, and except for the pairs that encode one character.
ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|.)")
TEMPLATE_OPENING = re.compile(r"[$%](?=\{)")


class NotHcl(Exception):
    """Text that cannot be taken apart; `line` (from 1) is where its last understandable statement begins."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True)
class Statement:
    """`name = text`, or a block `name labels… { text }`."""

    name: str
    labels: tuple[str, ...]
    text: str
    line: int
    block: bool


def statements(text: str) -> t.Iterator[Statement]:
    """Take a body apart; raises NotHcl where that is not possible."""
    at = t.cast("re.Match[str]", GAP.match(text)).end()
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        words = []
        while found := HEADER_WORD.match(text, at):
            words.append(found[1].strip('"'))
            at = found.end()
        block = text.startswith("{", at)
        if not words or not (block or (len(words) == 1 and text.startswith("=", at))):
            raise NotHcl(line)
        try:
            end = _end_of_code(text, at + 1, inside=block)
        except IndexError:
            raise NotHcl(line) from None
        inner = text[at + 1 : end - 1] if block else text[at + 1 : end].strip()
        yield Statement(words[0], tuple(words[1:]), inner, line, block)
        at = t.cast("re.Match[str]", GAP.match(text, end)).end()


def template_string(text: str, ascii_only: bool = False) -> str:
    """Return a text as an HCL string in which templates are still templates."""
    return ESCAPE.sub(_escape, json.dumps(text, ensure_ascii=ascii_only))


def literal_string(text: str) -> str:
    """Return a text as an HCL string that means nothing but this text."""
    return TEMPLATE_OPENING.sub(r"\g<0>\g<0>", template_string(text))


def json_expression(value: t.Any) -> str:
    """Return a JSON-like value as an HCL expression on one line; numbers as they print."""
    if isinstance(value, str):
        return literal_string(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal_string(str(key))} = {json_expression(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(json_expression(part) for part in value) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def enclosed_expression(text: str) -> str:
    """Return an expression that somebody wrote, so that nothing else can be in it; raises NotHcl."""
    code = f"({text}\n)"
    try:
        closed = _end_of_code(code, 1, inside=True) == len(code)
    except IndexError:
        closed = False
    if not closed:
        raise NotHcl(1)
    return code


def is_text_or_number(text: str) -> bool | None:
    """Return whether an expression that somebody wrote is a string or a number; None: only an evaluation would show it."""
    try:
        return _is_text_or_number(text)
    except IndexError:
        return None


def _is_text_or_number(text: str) -> bool | None:
    inner = _stripped(text)
    if NUMBER.fullmatch(inner) or _is_text(inner):
        return True
    if inner in WORDS or (inner[:1] in ("[", "{") and _end_of_code(inner, 1, inside=True) == len(inner)):
        return False
    signs = list(_signs(inner))
    kinds = {kind for kind, _place in signs}
    if "question" in kinds:
        # A conditional has the common type of its results: a string or a number makes it one.
        results = [_is_text_or_number(part) for part in _results(inner, signs)]
        return True if True in results else None if None in results else False
    if "logic" in kinds:
        return False
    return True if "arithmetic" in kinds else None


def _stripped(text: str) -> str:
    """Return an expression without the blanks, comments and parentheses around all of it."""
    while True:
        text = TRAILING.sub("", text[t.cast("re.Match[str]", GAP.match(text)).end() :])
        if not text.startswith("(") or _end_of_code(text, 1, inside=True) != len(text):
            return text
        text = text[1:-1]


def _is_text(text: str) -> bool:
    """Whether it is one string or one heredoc. A string that is nothing but a template has the type of what the template holds."""
    if not text.startswith('"'):
        return text.startswith("<<")
    whole = _end_of_string(text, 1) == len(text)
    return whole and not (text.startswith('"${') and _end_of_code(text, 3, inside=True) == len(text) - 1)


def _signs(text: str) -> t.Iterator[tuple[str, int]]:
    """Yield kind and index of each operator that is in no bracket and no string."""
    at = 0
    while found := SIGN.search(text, at):
        kind, at = found.lastgroup, _end_of_part(text, found)
        if kind in ("question", "colon", "logic", "arithmetic"):
            yield kind, found.start()


def _results(text: str, signs: list[tuple[str, int]]) -> tuple[str, str]:
    """Return the two results of `condition ? one : other`; raises IndexError."""
    marks = [(kind, place) for kind, place in signs if kind in ("question", "colon")]
    begin, depth = marks[0][1] + 1, 0
    for kind, place in marks:
        depth += 1 if kind == "question" else -1
        if not depth:
            return text[begin:place], text[place + 1 :]
    raise IndexError


def _escape(found: re.Match[str]) -> str:
    if found[0] in (r"\b", r"\f") or len(found[0]) > 2:
        character = json.loads('"' + found[0] + '"')
        return f"\\U{ord(character):08x}"
    return found[0]


def _end_of_code(text: str, at: int, inside: bool) -> int:
    """Return the index behind the bracket that ends the code at `at`, or outside of brackets where its line ends.

    Raises IndexError for what has no end.
    """
    while found := CODE.search(text, at):
        kind = found.lastgroup
        if kind == "line" and not inside:
            return found.start()
        if kind == "close" and inside:
            return found.end()
        if kind in ("close", "endless"):
            raise IndexError
        at = _end_of_part(text, found)
    if inside:
        raise IndexError
    return len(text)


def _end_of_part(text: str, found: re.Match[str]) -> int:
    """Return the index behind the heredoc, string or bracket that begins with a match of `CODE`; behind the match for anything else."""
    kind, at = found.lastgroup, found.end()
    if kind == "heredoc":
        return _end_of_heredoc(text, at, found["heredoc"])
    if kind == "quote":
        return _end_of_string(text, at)
    return _end_of_code(text, at, inside=True) if kind == "open" else at


def _end_of_string(text: str, at: int) -> int:
    while found := QUOTED.search(text, at):
        at = found.end()
        if found.lastgroup == "quote":
            return at
        if found.lastgroup == "line":
            break
        if found.lastgroup == "code":
            at = _end_of_code(text, at, inside=True)
    raise IndexError


def _end_of_heredoc(text: str, at: int, marker: str) -> int:
    line = at
    while found := HEREDOC.search(text, at):
        at = found.end()
        if found.lastgroup == "code":
            at = _end_of_code(text, at, inside=True)
        elif found.lastgroup == "line":
            if text[line : found.start()].strip() == marker:
                return found.start()
            line = at
    raise IndexError
