# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the laboratory away, whatever state it is in, and look for what is left."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import cgroups, mounts, network
from .command import wait_until
from .process_scan import find_mentions, find_processes, kill_processes
from .state import alone
from .topology import DATA, NAMESPACES, PREFIX, STATE


def remove(keep_state: bool = False) -> None:
    """Processes first: what they hold (mounts, namespaces, control groups) can be removed only after them.

    `keep_state` leaves the empty state directory, which carries the lock of a running command.
    """
    wait_until(_nobody_left, "the laboratory's processes ended")
    with alone():
        mounts.remove()
        network.remove()
    wait_until(_no_groups_left, "the laboratory's control groups removed")
    shutil.rmtree(DATA, ignore_errors=True)
    for entry in STATE.iterdir() if STATE.exists() else ():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    if not keep_state and STATE.exists():
        STATE.rmdir()


def traces() -> list[str]:
    """Everything of the laboratory that this machine still carries, in words."""
    found = [f"directory {directory}" for directory in (STATE, DATA) if directory.exists()]
    found += [f"network namespace {place.netns}" for place in NAMESPACES.values() if place.path.exists()]
    found += [f"mount {target}" for target in mounts.leftover()]
    found += [f"control group {group}" for group in cgroups.leftover()]
    found += [f"process {pid}: {_command_line(pid)}" for pid in sorted(find_processes() | find_mentions())]
    return found


def numbers() -> list[int]:
    """The numbers of all laboratories of which this machine carries a directory."""
    names = {path.name for place in (STATE.parent, DATA.parent) for path in place.glob(f"{PREFIX}*")}
    return sorted(int(found[1] or 0) for name in names if (found := re.fullmatch(rf"{PREFIX}(?:-(\d+))?", name)))


def _nobody_left() -> bool:
    kill_processes()
    return not find_processes()


def _no_groups_left() -> bool:
    cgroups.remove()
    return not cgroups.leftover()


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")[:120]
    except OSError:
        return "(ended)"
