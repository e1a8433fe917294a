# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory's services: started with a record, found again by it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import typing as t
from pathlib import Path

from .errors import LabError
from .topology import LAB_MOUNTS, LOGS, STATE, Namespace

RECORDS = STATE / "process"
# The servers go before the programs of the tests: a machine that is busy with tests makes no server late.
FIRST_SERVED = ("nice", "--adjustment=-10")


def environment(**more: str) -> dict[str, str]:
    """A small, known environment: a person's own variables (proxies, CA bundles, tokens) do not leak into the servers."""
    path = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": str(STATE / "home"), "LANG": "C.UTF-8", **more}


def start(name: str, argv: t.Sequence[str], where: Namespace, *, fds: t.Sequence[int] = (), **env: str) -> None:
    """Start a service in a network namespace, among the laboratory's own mounts; its output goes to its log."""
    with (LOGS / f"{name}.log").open("ab") as log:
        child = subprocess.Popen(
            [*where.enter, f"--mount={LAB_MOUNTS}", "--", *FIRST_SERVED, *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(**env),
            cwd="/",
            pass_fds=fds,
            start_new_session=True,
        )
    (RECORDS / f"{name}.json").write_text(json.dumps({"pid": child.pid, "started": start_time(child.pid)}))


def recorded(name: str) -> int | None:
    """The pid of a service that runs, None if it was never started or has ended."""
    found = _running(name)
    return found[0] if found else None


def _running(name: str) -> tuple[int, str] | None:
    try:
        record = json.loads((RECORDS / f"{name}.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    # A pid may be in use again by a stranger: only the start time makes it ours.
    alive = record["started"] is not None and start_time(record["pid"]) == record["started"]
    return (record["pid"], record["started"]) if alive else None


def start_time(pid: int) -> str | None:
    """The start of a living process in clock ticks since boot; None for one that has ended, collected or not."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else fields[18]


def send(name: str, what: signal.Signals, wait: float = 0) -> None:
    """Signal a service that runs; fail when it has not ended altogether, its ports free again, after the seconds to wait, if any."""
    found = _running(name)
    if found is None:
        raise LabError(f"{name} does not run")
    if not send_to(*found, what, wait) and wait:
        raise LabError(f"{name} goes on {wait:.0f} s after {what.name}")


def send_to(pid: int, started: str | None, what: signal.Signals, wait: float = 0) -> bool:
    """Signal the process that started then, and no other; tell whether all its threads have ended, after a wait in seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # From here on the handle means one process; make sure that it is the one which was judged.
        if start_time(pid) == started:
            signal.pidfd_send_signal(handle, what)
        return bool(select.select([handle], [], [], wait)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def require(name: str) -> None:
    """Fail at once when a service that is being waited for has died."""
    if recorded(name) is None:
        raise LabError(f"{name} has ended")


def log_tail(name: str, lines: int = 15) -> str:
    """The last lines that a service wrote."""
    log = LOGS / f"{name}.log"
    if not log.exists():
        return "    (no log)"
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
