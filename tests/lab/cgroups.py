# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control groups of Docker and Nomad, in cgroup v1 (one tree per controller) and v2."""

from __future__ import annotations

import contextlib
from pathlib import Path

from .topology import NAME

ROOT = Path("/sys/fs/cgroup")
DOCKER, NOMAD = f"{NAME}-docker", f"{NAME}-nomad"


def leftover() -> list[Path]:
    """The laboratory's groups that exist."""
    return [group for name in (DOCKER, NOMAD) for pattern in (name, f"*/{name}") for group in ROOT.glob(pattern)]


def remove() -> None:
    """Remove them, innermost first. A group whose last process ends at this moment is busy: the caller tries again."""
    for group in leftover():
        for inner in sorted(group.glob("**/"), reverse=True):
            with contextlib.suppress(OSError):
                inner.rmdir()
