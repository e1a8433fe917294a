# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every process of the laboratory, also those that no record names: executors, shims, containers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from .process import RECORDS, recorded, send_to, start_time
from .topology import DATA, LAB_MOUNTS, NAMESPACES, STATE

Identity = tuple[int, int]


def find_processes() -> set[int]:
    """The living processes of the laboratory, less this command and those that called it."""
    homes = _homes()
    candidates = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    ours = {pid for record in RECORDS.glob("*.json") if (pid := recorded(record.stem))}
    ours |= {pid for pid in candidates if start_time(pid) and _lives_here(pid, homes)}
    return ours - _own_line()


def kill_processes() -> None:
    """Kill them as they are now. Everything in the laboratory can be thrown away, so nothing is asked to end first."""
    ours = {pid: start_time(pid) for pid in find_processes()}
    for pid, started in ours.items():
        send_to(pid, started, signal.SIGKILL)


def find_mentions() -> set[int]:
    """Processes outside that were started with a path of the laboratory: what to look for after it is gone."""
    # Not a directory whose name only begins alike: that is another laboratory's.
    roots = tuple(os.fsencode(root) for directory in (STATE, DATA) for root in (f"{directory}/", f"{directory}\0"))
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and start_time(int(entry.name)):
            arguments = _read(entry / "cmdline").split(b"\0")[1:]
            if any((argument.rpartition(b"=")[2] + b"\0").startswith(roots) for argument in arguments):
                found.add(int(entry.name))
    return found - _own_line()


def _homes() -> set[Identity]:
    pins = (*(place.path for place in NAMESPACES.values()), LAB_MOUNTS)
    return {identity for pin in pins if (identity := _identity(pin))} - {
        _identity(Path("/proc/self/ns/net")),
        _identity(Path("/proc/self/ns/mnt")),
    }


def _lives_here(pid: int, homes: set[Identity]) -> bool:
    """In a namespace of ours, or a container whose root is on our Docker's disk."""
    entry = Path(f"/proc/{pid}")
    if {_identity(entry / "ns/net"), _identity(entry / "ns/mnt")} & homes:
        return True
    return any(_is_container_root(line) for line in _read(entry / "mountinfo").decode(errors="replace").splitlines())


def _is_container_root(line: str) -> bool:
    return line.split(" ", 5)[4] == "/" and f"upperdir={DATA}/" in line


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _own_line() -> set[int]:
    line: set[int] = set()
    pid = os.getpid()
    while pid > 0:
        line.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return line
