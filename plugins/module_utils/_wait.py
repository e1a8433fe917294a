# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait with a deadline: it shows progress, and repeats requests to a server that does not answer."""

from __future__ import annotations

import time
import typing as t

from ._errors import NomadError, TimedOut

HEARTBEAT_SECONDS = 15
# The longest time that one blocking query stays silent.
QUERY_SECONDS = 5
# Between two requests to a server that does not answer.
OUTAGE_SECONDS = 0.5
# The index of an answer that has none: no query can block on it.
NO_INDEX = -1
NO_INDEX_SECONDS = 1


class Wait:
    """One wait of one task: its deadline and its progress lines.

    As a context manager it ends with a line that gives the outcome and the duration, unless it printed no line before.
    """

    def __init__(self, subject: str, seconds: int, progress: t.Callable[[str], None]) -> None:
        self._subject = subject
        self._progress = progress
        self._begin = time.monotonic()
        self._end = self._begin + seconds
        self._lines: dict[str, str] = {}
        self._told = self._begin
        self.seconds = seconds
        self.outage = False  # whether the last question had no answer
        self.outcome = "successful"

    def __enter__(self) -> Wait:
        return self

    def __exit__(self, error: type[BaseException] | None, *_more: object) -> None:
        if self._lines:
            self._progress(f"{self._subject}: {'failed' if error else self.outcome} after {time.monotonic() - self._begin:.1f} s")

    @property
    def left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return not self.left

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

    def outlast(self, error: NomadError) -> None:
        """Return when it is time to ask a server again that could not answer; raise when the time is over."""
        if self.over:
            message = f"{self._subject}: not done after {self.seconds} s; the last state: {self.last()}. {error}"
            raise TimedOut(message, **{**error.details, "kind": TimedOut.kind, "reason": str(error)})
        now = time.monotonic()
        if not self.outage or now - self._told >= HEARTBEAT_SECONDS:
            self._progress(f"{self._subject}: no answer, asking again until the time is over: {error}")
            self._told = now
        self.outage = True
        self.pause(max(OUTAGE_SECONDS, error.details.get("retry_after") or 0))

    def block(self, index: int, seconds: int = QUERY_SECONDS) -> dict[str, t.Any]:
        """Return the query that blocks until something is newer than `index`; the first one (0) does not block.

        A server, or a proxy, that answers without an index is asked once a second.
        """
        if index == NO_INDEX:
            self.pause(NO_INDEX_SECONDS)
            return {}
        return {"index": index, "wait": f"{min(seconds, max(1, int(self.left)))}s"} if index else {}

    def pause(self, seconds: float) -> None:
        """Wait where Nomad offers no blocking query."""
        time.sleep(min(seconds, self.left))
