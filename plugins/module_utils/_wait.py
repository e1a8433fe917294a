# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that shows what it waits for, and that ends."""

from __future__ import annotations

import time
import typing as t

HEARTBEAT_SECONDS = 15
# The longest time that one blocking query stays silent.
QUERY_SECONDS = 5


class Wait:
    """One wait of one task: its deadline and what it tells."""

    def __init__(self, subject: str, seconds: int, progress: t.Callable[[str], None]) -> None:
        self._subject = subject
        self._progress = progress
        self._begin = time.monotonic()
        self._end = self._begin + seconds
        self._lines: dict[str, str] = {}
        self._told = self._begin
        self.seconds = seconds

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() >= self._end

    def tell(self, state: str, topic: str = "") -> None:
        """Show the state of a topic when it changed, and the main topic now and then although it did not."""
        now = time.monotonic()
        changed = self._lines.get(topic) != state
        late = not topic and now - self._told >= HEARTBEAT_SECONDS
        if changed or late:
            self._lines[topic] = state
            self._told = now
            waited = f" ({now - self._begin:.0f} s)" if late and not changed else ""
            self._progress(f"{self._subject}: {state}{waited}")

    def last(self) -> str:
        """Return the last state of the main topic."""
        return self._lines.get("", "nothing happened")

    def block(self, index: int, seconds: int = QUERY_SECONDS) -> dict[str, t.Any]:
        """Return the query that blocks until something is newer than `index`; the first one (0) does not block."""
        left = max(1, int(self._end - time.monotonic()))
        return {"index": index, "wait": f"{min(seconds, left)}s"} if index else {}

    def pause(self, seconds: float) -> None:
        """Wait where Nomad offers no blocking query."""
        time.sleep(max(0.0, min(seconds, self._end - time.monotonic())))
