# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may become of an exit node, a control plane and a sidecar, and how a worker lives through it."""

from __future__ import annotations

import collections
import json
import typing as t
from dataclasses import dataclass

from tests.integration.support import exits
from tests.integration.support.exits import EXIT1, EXIT2, Caller
from tests.lab.command import wait_until
from tests.lab.site import Site

Workers = dict[str, Caller]
NO_PEER = {"ExitNodeIDSet": True, "ExitNodeID": "", "ExitNodeIPSet": True, "ExitNodeIP": "100.64.99.99"}


@dataclass(frozen=True)
class State:
    """What happens, to the site or to each worker; how it is undone; and whether another exit node has to step in meanwhile."""

    of_site: t.Callable[[Site], None] = lambda site: None
    of_worker: t.Callable[[Caller], object] = lambda worker: None
    undo: t.Callable[[Site], None] = lambda site: None
    # Whether a worker that cannot leak goes on by the other exit node, in the same allocation.
    fallback: bool = False


STATES = {
    "0 no exit node": State(of_worker=lambda worker: worker.tailscale("set", "--exit-node=")),
    "2 exit node frozen": State(lambda site: exits.freeze("exit1"), undo=lambda site: exits.thaw("exit1"), fallback=True),
    "3 routes not approved": State(
        lambda site: exits.approve(site, "exit1", ""), undo=lambda site: exits.approve(site, "exit1"), fallback=True
    ),
    "4 exit node deleted": State(lambda site: exits.delete(site, "exit1"), undo=lambda site: exits.start_anew("exit1"), fallback=True),
    "exit node killed": State(lambda site: exits.kill("exit1"), undo=lambda site: exits.start("exit1"), fallback=True),
    "5a tailscaled killed": State(of_worker=lambda worker: worker.inside("tailscale", "killall", "-9", "tailscaled")),
    "sidecar killed": State(of_worker=lambda worker: worker.kill("tailscale")),
    "5b sidecar killed, exit node gone": State(
        lambda site: exits.kill("exit1"), lambda worker: worker.kill("tailscale"), lambda site: exits.start("exit1")
    ),
    "6 logged out": State(of_worker=lambda worker: worker.tailscale("logout")),
    # The command line refuses it, the daemon does not.
    "7 no peer": State(of_worker=lambda worker: worker.tailscale("debug", "localapi", "PATCH", "prefs", json.dumps(NO_PEER))),
}


@dataclass(frozen=True)
class Before:
    """A worker as it was before something happened."""

    level: str
    worker: Caller
    allocation: str
    calls: collections.Counter[str]

    def ended(self) -> bool:
        return self.allocation not in self.worker.running()

    def goes_on_by(self, address: str) -> bool:
        """Whether its guard has proved this address, and its calls are seen from there again."""
        proved = self.worker.egress(self.allocation).get("observed") == address
        return proved and self.worker.seen()[address] > self.calls[address] + 20

    def reason(self) -> str:
        """Why its guard ended it."""
        return str(self.worker.egress(self.allocation).get("reason"))

    def since(self) -> collections.Counter[str]:
        """From which addresses it was seen since then, and how often."""
        return self.worker.seen() - self.calls


def settled(workers: Workers) -> list[Before]:
    """The workers as soon as all leave by the preferred exit node, and their apps run: those start after the first proof."""
    wait_until(lambda: all(worker.leaves_by() == EXIT1 for worker in workers.values()), "all workers to leave by exit1", 180)
    wait_until(lambda: all(worker.inside("app", "true").returncode == 0 for worker in workers.values()), "all apps to run", 60)
    return [Before(level, worker, worker.allocation(), worker.seen()) for level, worker in workers.items()]


def through(before: t.Sequence[Before], state: State) -> None:
    """Return when each either leaves by the exit node that it should, or was ended."""
    address = EXIT2 if state.fallback else EXIT1
    wait_until(lambda: all(one.ended() or one.goes_on_by(address) for one in before), f"calls by {address}, or the end", 120)


def live_through(site: Site, workers: Workers, state: State) -> list[Before]:
    """Let it happen, and undo it; return how the workers were before, when they are settled again."""
    before = settled(workers)
    try:
        state.of_site(site)
        for worker in workers.values():
            state.of_worker(worker)
        through(before, state)
    finally:
        state.undo(site)
    settled(workers)
    return before
