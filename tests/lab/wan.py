# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on the wan besides headscale: the echo server."""

from __future__ import annotations

import sys

from . import process
from .command import succeeds
from .component import Component
from .topology import ECHO_IP, HERE, NAMESPACES

WAN = NAMESPACES["wan"]
ECHO_URL = f"http://{ECHO_IP}"
ECHO = Component("echo", f"{ECHO_URL} (wan)", lambda: succeeds([*WAN.enter, "curl", "-fsS", "--noproxy", "*", ECHO_URL]))


def start() -> None:
    """Start the echo server."""
    process.start("echo", [sys.executable, str(HERE / "echo.py"), ECHO_IP], WAN)
    ECHO.wait()
