# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, wait for a state."""

from __future__ import annotations

import shlex
import subprocess
import time
import typing as t

from .errors import LabError


def run(argv: t.Sequence[str], *, stdin: str | None = None, timeout: float = 60, env: dict[str, str] | None = None) -> str:
    """Run to the end and return stdout; a failure carries what the command said."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, env=env, check=False)
    except subprocess.TimeoutExpired:
        raise LabError(f"no end after {timeout:.0f} s: {shlex.join(argv)}") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"exit code {done.returncode}: {shlex.join(argv)}\n{said}")
    return done.stdout


def succeeds(argv: t.Sequence[str], timeout: float = 10) -> bool:
    """Whether the command ends well in time."""
    try:
        run(argv, timeout=timeout)
    except LabError:
        return False
    return True


def wait_until(condition: t.Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Return as soon as the condition holds; otherwise say what was awaited. What takes a moment has a minute, for a busy machine.

    A condition that costs processor time (a command, a request) is asked less often, because other lanes need the processor.
    """
    begin = asked = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now > begin + seconds:
            raise LabError(f"{what}: not after {seconds:.0f} s")
        time.sleep(min(max(0.1, 3 * (now - asked)), 0.5))
        asked = time.monotonic()
