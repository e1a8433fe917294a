# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may become of an exit node, a control plane, a sidecar and a machine, and a worker of each level that lives through it.

The workers call the echo server ten times a second. Of those that are isolated or locked not one call is ever seen from the site's
own address. One that is monitored is stopped; the calls that got through are counted and printed.
"""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.support import exits, play
from tests.integration.support.egress_states import STATES, Before, State, Workers, live_through, settled
from tests.integration.support.exits import DIRECT, EXIT1, EXIT2, LEVELS, Caller
from tests.integration.support.parallel import in_parallel
from tests.lab import faults, nomad
from tests.lab.command import wait_until
from tests.lab.site import Site

# Ten calls a second, and five seconds.
LIMIT = 50
# The direct address is in the network that is expected, and is a leak all the same.
EXPECTED = {"monitored": {"expect": ["198.51.100.0/24"]}}


@pytest.fixture(scope="module")
def workers(site: Site) -> t.Iterator[Workers]:
    with exits.isolated_network(site):
        workers = {level: Caller(site, f"through-{level}", {"level": level, **EXPECTED.get(level, {})}) for level in LEVELS}
        in_parallel(deployed_anew, workers.values())
        yield workers
        in_parallel(Caller.remove, workers.values())


def deployed_anew(worker: Caller) -> None:
    worker.remove()
    done = worker.deploy()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_state(site: Site, workers: Workers, state: State) -> None:
    for one in live_through(site, workers, state):
        assert_leaks_within_limit(one)
        assert one.level == "monitored" or not state.fallback or not one.ended(), f"it did not take the fallback: {one.reason()}"


def assert_leaks_within_limit(one: Before) -> None:
    since = one.since()
    print(f"{one.level}: {dict(since)}, {'ended' if one.ended() else 'went on'}")
    assert since[DIRECT] <= (LIMIT if one.level == "monitored" else 0)
    assert set(since) <= {EXIT1, EXIT2, DIRECT}


@pytest.mark.parametrize("boot", [False, True], ids=["agent and tasks killed", "rebooted"])
def test_after_a_crash_another_allocation_proves_itself(site: Site, workers: Workers, boot: bool) -> None:
    before = settled(workers)
    faults.kill(nomad.CLIENT.name)
    for one in before:
        if boot:
            exits.crash(site, one.allocation)
        else:
            exits.kill_tasks(site, one.allocation, "tailscale", "app")
    faults.heal()
    wait_until(lambda: all(one.ended() for one in before), "the allocations to end", 180)
    settled(workers)
    for one in before:
        assert_leaks_within_limit(one)


def test_a_leak_of_a_monitored_worker_is_told(site: Site, workers: Workers) -> None:
    worker = workers["monitored"]
    wait_until(lambda: worker.leaves_by() == EXIT1, "it to leave by exit1", 180)
    allocation = worker.allocation()
    worker.tailscale("set", "--exit-node=")
    wait_until(lambda: allocation not in worker.running(), "the allocation to end")
    events = play.nomad(site, "alloc", "status", "-json", allocation)
    assert "Exit Code: 41" in events
    seen = worker.egress(allocation)
    assert seen["verdict"] == "stopped"
    assert f"{DIRECT} is seen, which is the node's own address" in seen["reason"]
