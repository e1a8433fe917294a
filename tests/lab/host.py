# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine must be and must have."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

from .errors import LabError, Unsupported

PACKAGES = (
    *("busybox-static", "ca-certificates", "containernetworking-plugins", "curl", "docker.io", "iproute2", "iptables", "openssl"),
    # For Nomad's exec driver.
    *("gcc", "libc6-dev"),
)
POLICY = Path("/usr/sbin/policy-rc.d")


def require() -> None:
    """Say at once, and all together, what is missing for good."""
    missing = []
    if sys.platform != "linux":
        missing.append("Linux (it is made of network namespaces)")
    elif os.geteuid() != 0:
        missing.append("root (it makes namespaces and runs Docker): use sudo")
    if not shutil.which("apt-get"):
        missing.append("Debian or a derivative (it installs its packages with apt-get)")
    if missing:
        raise Unsupported("The laboratory cannot run here. It needs:\n" + "\n".join(f"  - {need}" for need in missing))


def install(packages: t.Sequence[str] = PACKAGES) -> None:
    """Install the Debian packages that are not there yet."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    missing = [package for package in packages if f"{package} installed" not in answer.splitlines()]
    if not missing:
        return
    print(f"installing Debian packages: {' '.join(missing)}", flush=True)
    with _no_services_started():
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "--quiet=2", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise LabError(f"apt-get {arguments[0]} failed:\n{done.stdout}")


@contextlib.contextmanager
def _no_services_started() -> t.Iterator[None]:
    """The laboratory runs a Docker of its own; installing the package must not start one in the machine's network."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
