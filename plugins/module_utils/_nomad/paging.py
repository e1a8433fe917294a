# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad's lists, whole and page by page."""

from __future__ import annotations

import re
import typing as t

from .._json import Json
from .client import Client

PAGE = 500
LITERAL = re.compile(r"[a-zA-Z0-9_/-]")


def list_all(client: Client, path: str, what: str, needs: str = "read-job", /, **query: t.Any) -> list[Json]:
    """Return all items of a list of Nomad's, asked for in pages of `PAGE` so that no single answer grows without limit."""
    found: dict[tuple[str, str], Json] = {}
    token = None
    while True:
        answer = client.get(path, what, needs, per_page=PAGE, next_token=token, **query)
        page = {(item["Namespace"], item.get("ID") or item["Path"]): item for item in answer.data}
        if page.keys() & found.keys():
            # Some lists start again at the end of a page, without end: hashicorp/nomad#25435, and #28167 for the namespaces `a` and `a-b`.
            return list(client.get(path, what, needs, **query).data)
        found.update(page)
        token = answer.next_token
        if not token:
            return list(found.values())


def filter_expression(field: str, text: str, exactly: bool) -> str:
    """Return the filter for items whose `field` is `text`, or begins with it; no text can become anything but text."""
    pattern = "".join(letter if LITERAL.match(letter) else rf"\x{{{ord(letter):x}}}" for letter in text)
    return f"{field} matches `^{pattern}{'$' if exactly else ''}`"
