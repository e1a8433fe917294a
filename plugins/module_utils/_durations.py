# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them, and moments as servers do."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from ._errors import InvalidInput

DURATION = re.compile(r"(\d{1,9})([smhd]?)")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
# Go prints this date for a time that was never set.
NEVER = "0001-01-01T"
# Nomad counts time in nanoseconds; so many are one second.
NANOSECONDS = 1_000_000_000


def seconds(option: str, text: str) -> int:
    """Return a duration such as `90m` or `3600`, or raise InvalidInput."""
    found = DURATION.fullmatch(text.strip())
    if not found:
        raise InvalidInput(f"{option} {text!r} is not a duration. Write seconds, or a number with s, m, h or d, for example 90m or 30d.")
    return int(found[1]) * SECONDS[found[2]]


def moment(text: str | None) -> float | None:
    """Return a time of RFC 3339 in whole seconds since 1970; None where there is none."""
    found = MOMENT.fullmatch(text or "")
    if not found or found[1].startswith(NEVER):
        return None
    return datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00")).timestamp()


def shown(seconds_since_1970: float | None) -> str | None:
    """Return a moment as results show it: RFC 3339, UTC."""
    if seconds_since_1970 is None:
        return None
    return datetime.fromtimestamp(int(seconds_since_1970), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
