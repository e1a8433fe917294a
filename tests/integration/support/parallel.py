# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that do not disturb each other, made at the same time: most of a test's time is spent waiting."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

# More at once would only wait for the processor.
AT_ONCE = 3

One = t.TypeVar("One")


def in_parallel(check: t.Callable[[One], object], of: t.Iterable[One]) -> None:
    """Call it for each; afterwards fail with what went wrong for the first one that did, which is named."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = [(one, pool.submit(check, one)) for one in of]
    for one, call in calls:
        error = call.exception()
        if error:
            error.add_note(f"for {one}")
            raise error
