# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays on a loopback address, through which the machine's own shell reaches the site's servers."""

from __future__ import annotations

import socket
import sys

from . import process
from .component import Component
from .errors import LabError
from .topology import HERE, NAMESPACES, RELAY_IP


def start(server: str, port: int, place: str = "site", host: str = "127.0.0.1") -> None:
    """Relay a port of the machine's loopback interface to the same port of a host, seen from a namespace."""
    outside = (RELAY_IP, port)
    try:
        listener = socket.create_server(outside, backlog=128)
    except OSError as error:
        raise LabError(f"The laboratory needs port {outside[1]} of {outside[0]} for {server}: {error.strerror}") from error
    with listener:
        argv = [sys.executable, str(HERE / "relay_program.py"), str(listener.fileno()), host, str(port)]
        process.start(f"{server}-relay", argv, NAMESPACES[place], fds=[listener.fileno()])


def component(server: str, port: int) -> Component:
    """The relay as a part of the laboratory."""

    def listens() -> bool:
        with socket.create_connection((RELAY_IP, port), timeout=1):
            return True

    return Component(f"{server}-relay", f"{RELAY_IP}:{port}", listens)
