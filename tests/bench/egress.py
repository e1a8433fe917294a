# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaks at each level of verified egress, how soon it is stopped, and what the guard costs."""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import time
import typing as t
from pathlib import Path

from tests.integration.support import exits, play
from tests.integration.support.egress_states import STATES, Workers, live_through, settled
from tests.integration.support.exits import DIRECT, EXIT2, LEVELS, Caller
from tests.lab.cgroups import ROOT
from tests.lab.site import Site

from .playing import BenchError, Json

DAEMONS = ("tailscaled", "containerboot")


class Egress:
    """One worker of each level that calls the echo server ten times a second."""

    def __init__(self, site: Site, prefix: str, say: t.Callable[[str], None]) -> None:
        self._site = site
        self._prefix = prefix
        self._say = say
        self.raw: Json = {}

    def measure(self, states: int, rounds: int, seconds: int) -> Json:
        """Let so many states of tests/integration/support/egress_states.py happen to the workers; watch the guard for so long."""
        with exits.isolated_network(self._site), self._deployed() as workers:
            settled(workers)
            cost = self._cost(workers["locked"], seconds)
            leaked = self._leaked(workers, states)
            stops = [self._stop(workers["monitored"]) for _round in range(rounds)]
            fallbacks = [self._fallback(workers["locked"]) for _round in range(rounds)]
        self.raw["egress"] = {"leaked": leaked, "stop_s": stops, "fallback_s": fallbacks}
        return {
            **{f"egress_{level}_leaked": sum(one[level] for one in leaked.values()) for level in LEVELS},
            "egress_stop_s": statistics.median(stops),
            "egress_fallback_s": statistics.median(fallbacks),
            **cost,
        }

    @contextlib.contextmanager
    def _deployed(self) -> t.Iterator[Workers]:
        workers = {level: Caller(self._site, f"{self._prefix}{level}", {"level": level}) for level in LEVELS}
        for level, worker in workers.items():
            self._say(f"egress: deploying a worker, {level}")
            done = worker.deploy()
            if done.returncode:
                raise BenchError(done.stdout + done.stderr)
        yield workers
        for worker in workers.values():
            worker.remove()

    def _leaked(self, workers: Workers, states: int) -> dict[str, dict[str, int]]:
        found = {}
        for name, state in itertools.islice(STATES.items(), states):
            found[name] = {one.level: one.since()[DIRECT] for one in live_through(self._site, workers, state)}
            self._say(f"egress, {name}: {found[name]}")
        return found

    def _stop(self, worker: Caller) -> float:
        """Seconds from a leak's begin until the app is no more."""
        settled({"monitored": worker})
        allocation = worker.allocation()
        # Not by way of Nomad, which may take a second to begin.
        begin = time.monotonic()
        play.run(
            self._site, "docker", "exec", f"tailscale-{allocation}", "tailscale", "--socket=/tmp/tailscaled.sock", "set", "--exit-node="
        )
        while f"app-{allocation}" in play.run(self._site, "docker", "ps", "--format", "{{.Names}}").stdout:
            if time.monotonic() - begin > 60:
                raise BenchError("The leak of the monitored worker was not stopped within a minute.")
            time.sleep(0.05)
        return time.monotonic() - begin

    def _fallback(self, worker: Caller) -> float:
        """Seconds from the end of the exit node until the app's calls arrive through the other one."""
        (before,) = settled({"locked": worker})
        begin = time.monotonic()
        exits.kill("exit1")
        try:
            while not before.since()[EXIT2]:
                if time.monotonic() - begin > 60:
                    raise BenchError("No fallback was taken within a minute.")
                time.sleep(0.05)
            return time.monotonic() - begin
        finally:
            exits.start("exit1")

    def _cost(self, worker: Caller, seconds: int) -> Json:
        """What the sidecar uses beyond tailscaled and containerboot."""
        root = play.run(self._site, "docker", "inspect", "--format", "{{.State.Pid}}", f"tailscale-{worker.allocation()}").stdout.strip()
        group = Group(root)
        self._say(f"egress: watching the guard for {seconds} s")
        whole, daemons = group.cpu(), group.of_daemons(_cpu_of)
        time.sleep(seconds)
        used = (group.cpu() - whole) - (group.of_daemons(_cpu_of) - daemons)
        return {
            "guard_cpu_percent": 100 * used / seconds,
            "guard_memory_mib": (group.anonymous() - group.of_daemons(_anonymous_of)) / 2**20,
        }


class Group:
    """The control group of a container, in cgroup v1 (one tree per controller) or v2."""

    def __init__(self, pid: str) -> None:
        lines = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
        paths = {controller: path.lstrip("/") for _number, controllers, path in lines for controller in controllers.split(",")}
        self._one_tree = "cpuacct" not in paths
        trees = ("", "") if self._one_tree else ("cpuacct", "memory")
        self._cpu, self._memory = (ROOT / tree / paths[tree] for tree in trees)

    def cpu(self) -> float:
        """Seconds of CPU that all its processes have used, ended ones too."""
        if self._one_tree:
            return int((self._cpu / "cpu.stat").read_text().split()[1]) / 1e6
        return int((self._cpu / "cpuacct.usage").read_text()) / 1e9

    def anonymous(self) -> float:
        """Bytes of its memory without caches."""
        values = dict(line.split() for line in (self._memory / "memory.stat").read_text().splitlines())
        return float(values["anon" if self._one_tree else "rss"])

    def of_daemons(self, of: t.Callable[[Path], float]) -> float:
        """The sum over tailscaled and containerboot."""
        processes = [Path("/proc") / pid for pid in (self._memory / "cgroup.procs").read_text().split()]
        return sum(of(process) for process in processes if _name(process) in DAEMONS)


def _cpu_of(process: Path) -> float:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _anonymous_of(process: Path) -> float:
    (line,) = [line for line in (process / "status").read_text().splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024


def _name(process: Path) -> str:
    """What runs there; nothing when it has ended."""
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
