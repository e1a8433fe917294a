# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of three Nomad servers, on request: two more join the first, and three elect a new leader when theirs ends."""

from __future__ import annotations

import shutil
import signal
from functools import partial

from . import nomad, process
from .component import Component
from .nomad import FIRST, Server
from .topology import DATA, STATE

ADDITIONAL = (Server("nomad-2", 4746), Server("nomad-3", 4846))
ALL = {server.name: server for server in (FIRST, *ADDITIONAL)}


def _votes(server: Server) -> bool:
    """Whether it is one of the voters of a healthy cluster; autopilot refuses to answer for one that is not."""
    members = server.ask("/v1/operator/autopilot/health")["Servers"]
    return any(member["Name"] == f"{server.name}.global" and member["Voter"] for member in members)


ADDITIONAL_COMPONENTS = tuple(server.component(partial(_votes, server)) for server in ADDITIONAL)


def components() -> list[Component]:
    """The servers and their relays."""
    return [*ADDITIONAL_COMPONENTS, *(server.relay for server in ADDITIONAL)]


def start() -> None:
    """Let them join the first, and wait until they vote."""
    for server in ADDITIONAL:
        server.start(join=FIRST)
    for component in ADDITIONAL_COMPONENTS:
        component.wait(60)


def remove() -> None:
    """Let them leave one after the other, so that the first goes on alone with all that was written."""
    for server in ADDITIONAL:
        process.send(server.name, signal.SIGTERM, wait=30)
        process.send(server.relay.name, signal.SIGKILL, wait=10)
        shutil.rmtree(DATA / server.name)
        (STATE / f"{server.name}.hcl").unlink()
    nomad.SERVER.wait()
    # It may have talked to one of them.
    nomad.CLIENT.wait()
    for server in ADDITIONAL:  # so that nobody remembers it
        FIRST.ask(f"/v1/agent/force-leave?node={server.name}.global&prune=true", "PUT")
