# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a fault of a client, of Docker or of the control plane the service comes back by itself; what can go on goes on."""

from __future__ import annotations

import signal
import time

import pytest

from tests.integration.support import play
from tests.integration.support.exits import AGAIN_SOON, NAME_BACK
from tests.integration.support.recovery import answers, client_status, healthy, only_client, restarts
from tests.lab import docker_engine, faults, headscale, nomad, process
from tests.lab.command import wait_until
from tests.lab.site import Site


def test_a_drained_client(site: Site, declare) -> None:
    service = declare("drained")
    assert service.deploy().returncode == 0
    try:
        play.nomad(site, "node", "drain", "-enable", "-yes", "-deadline=30s", only_client())
        wait_until(lambda: service.nodes() == [], "the node to leave the tailnet")
    finally:
        play.nomad(site, "node", "drain", "-disable", "-yes", only_client())
    print(f"client drained: {answers(site, service):.1f} s after it was enabled again")
    assert service.nodes() == ["drained"]


def test_a_killed_agent_and_its_tasks(site: Site, declare) -> None:
    """What a crash of the machine does, less the boot."""
    service = declare("crashed", extra_group=AGAIN_SOON)
    assert service.deploy().returncode == 0
    before = service.allocation()
    faults.kill(nomad.CLIENT.name)
    try:
        killed = play.run(site, "docker", "kill", "--signal", "KILL", f"app-{before}", f"tailscale-{before}")
        assert killed.returncode == 0, killed.stderr
    finally:
        faults.heal()
    print(f"agent and tasks killed: {answers(site, service, NAME_BACK):.1f} s after the agent was there again")
    assert service.nodes() == ["crashed"]


@pytest.mark.parametrize("block", ["", 'disconnect {\n  lost_after = "10m"\n  replace    = false\n}'], ids=["lost", "awaited"])
def test_a_client_out_of_touch(site: Site, declare, block: str) -> None:
    service = declare("apart", extra_group=block)
    assert service.deploy().returncode == 0
    before = service.allocation()
    faults.freeze(nomad.CLIENT.name)
    try:
        wait_until(lambda: client_status() in ("down", "disconnected"), "the server to miss its client", 90)
        answers(site, service, 30)  # what runs goes on
    finally:
        faults.heal()
    if block:
        wait_until(lambda: service.running() == [before], "the allocation to be taken back")
    else:
        wait_until(lambda: service.running() not in ([], [before]), "another allocation", 120)
    print(f"client in touch again: {answers(site, service, NAME_BACK):.1f} s after that")
    wait_until(lambda: service.nodes() == ["apart"], "one node, with the service's name", NAME_BACK)
    assert service.deploy().returncode == 0


def test_a_restarted_docker(site: Site, declare) -> None:
    """It stops all containers, also the ones that hold the network namespaces."""
    service = declare("docked", extra_group=AGAIN_SOON)
    assert service.deploy().returncode == 0
    process.send(docker_engine.DOCKER.name, signal.SIGTERM, wait=60)
    docker_engine.start()
    print(f"docker restarted: {answers(site, service, NAME_BACK + 120):.1f} s")
    wait_until(lambda: service.nodes() == ["docked"], "one node, with the service's name", NAME_BACK)
    assert service.deploy().returncode == 0


def test_nothing_restarts_while_the_control_plane_is_away(site: Site, declare) -> None:
    service = declare("alone")
    assert service.deploy().returncode == 0
    answers(site, service)
    before = service.allocation()
    process.send(headscale.HEADSCALE.name, signal.SIGSTOP)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert restarts(site, before) == {"app": 0, "gate": 0, "tailscale": 0}
            wait_until(lambda: healthy(site, service, before), "the check to succeed")
            time.sleep(5)
    finally:
        process.send(headscale.HEADSCALE.name, signal.SIGCONT)
    headscale.HEADSCALE.wait()
    assert service.allocation() == before
    answers(site, service, 120)
