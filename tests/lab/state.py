# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks: one command at a time on a laboratory, and one laboratory at a time where all of a machine meet."""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t

from .errors import LabError
from .topology import STATE


@contextlib.contextmanager
def locked() -> t.Iterator[None]:
    """Hold the state directory for a command that changes the laboratory. The kernel frees it when the command is killed."""
    handle = _open_locked()
    try:
        yield
    finally:
        os.close(handle)


def _open_locked() -> int:
    while True:
        STATE.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(STATE, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise LabError("Another command is at work on the laboratory: let it end first.") from None
        if STATE.exists() and os.path.samestat(os.fstat(handle), STATE.stat()):
            return handle
        os.close(handle)  # a `down` removed the directory in between


@contextlib.contextmanager
def alone() -> t.Iterator[None]:
    """Keep every other laboratory of this machine from making or removing namespaces and mount points meanwhile; wait for its end."""
    handle = os.open(STATE.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
