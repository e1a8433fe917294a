# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and tags of the nodes of a tailnet."""

from __future__ import annotations

import re

from .._errors import InvalidInput

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAG = re.compile(r"tag:[a-zA-Z][a-zA-Z0-9-]*")


def checked_hostname(text: str) -> str:
    """Return the name as tailnets keep it, or raise InvalidInput."""
    name = text.lower()
    if not LABEL.fullmatch(name):
        raise InvalidInput(f"hostname {text!r} is not a name: 1 to 63 letters, digits and hyphens, without a domain.")
    return name


def checked_tags(tags: list[str]) -> tuple[str, ...]:
    """Return the tags, each once, or raise InvalidInput."""
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise InvalidInput(f"tags: {tag!r} is not a tag: tag: and then a letter, and letters, digits and hyphens.")
    return tuple(sorted(set(tags)))
