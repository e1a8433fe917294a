# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory's own mounts: whatever Docker and Nomad mount exists only there, and is gone with the last process in it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from .command import run
from .topology import DATA, LAB_MOUNTS, NAME, STATE, WAN_ROUTER

# Fixed directories of containerd, CNI and Nomad. The laboratory gets empty ones of its own, so that it neither meets
# another Docker or Nomad of this machine nor leaves anything in them.
PRIVATE = (Path("/run/containerd"), Path("/run/netns"), Path("/var/lib/cni"))


def create() -> None:
    """Make the mount namespace and pin it, so that it can be entered by its file."""
    pins = LAB_MOUNTS.parent
    pins.mkdir()
    # A mount namespace can be pinned only on a private mount.
    run(["mount", "--bind", str(pins), str(pins)])
    run(["mount", "--make-private", str(pins)])
    LAB_MOUNTS.touch()
    for directory in PRIVATE:
        directory.mkdir(parents=True, exist_ok=True)
    # Nobody answers there, and says so at once: a lookup fails without the wait that the machine's own resolver would mean.
    resolver = STATE / "resolv.conf"
    resolver.write_text(f"nameserver {WAN_ROUTER}\n")
    commands = [f"mount -t tmpfs -o mode=755 {NAME} {directory}" for directory in PRIVATE]
    commands.append(f"mount --bind {resolver} /etc/resolv.conf")
    run(["unshare", f"--mount={LAB_MOUNTS}", "--propagation", "private", "sh", "-c", " && ".join(commands)])


def remove() -> None:
    """Unmount everything below the laboratory's directories, innermost first."""
    for target in reversed(leftover()):
        run(["umount", "--lazy", target])
    for directory in PRIVATE:
        with contextlib.suppress(OSError):
            directory.rmdir()


def leftover() -> list[str]:
    """Mount points below the laboratory's directories, in the order they were mounted."""
    targets = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [target for target in targets if target.startswith((f"{STATE}/", f"{DATA}/"))]
