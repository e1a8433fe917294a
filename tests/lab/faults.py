# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hurt Nomad's agents, and heal them. They have the names that `status` shows."""

from __future__ import annotations

import signal

from . import nomad, nomad_cluster, process
from .command import wait_until
from .errors import LabError
from .topology import STATE


def kill(name: str) -> None:
    """End an agent without a farewell; return when its ports are free again."""
    process.send(name, signal.SIGKILL, wait=10)


def freeze(name: str) -> None:
    """Let an agent stand still: its connections stay open, and nothing answers."""
    process.send(name, signal.SIGSTOP)


def leader(told_by: str = nomad.FIRST.name) -> str | None:
    """The name of the leader as one server knows it by itself; None while it knows none, or does not answer."""
    try:
        address = nomad_cluster.ALL[told_by].ask("/v1/status/leader?stale")
    except LabError:
        return None
    return next((name for name, server in nomad_cluster.ALL.items() if server.rpc == address), None)


def await_new_leader(told_by: str, old: str) -> None:
    """Return when this server knows another leader than the old one."""
    wait_until(lambda: leader(told_by) not in (None, old), f"a leader after {old}")


def heal() -> None:
    """Start what ended on the data that it left, let go on what stands still, and wait until every agent is ready."""
    agents = [
        agent for agent in (nomad.SERVER, *nomad_cluster.ADDITIONAL_COMPONENTS, nomad.CLIENT) if (STATE / f"{agent.name}.hcl").exists()
    ]
    for agent in agents:
        if process.recorded(agent.name):
            process.send(agent.name, signal.SIGCONT)
        else:
            nomad.start_again(agent.name)
    for agent in agents:
        agent.wait(60)
