# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: measure, and write build/bench.json with a page for the documentation and its plot beside it."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import tempfile
import time
from pathlib import Path

from tests import community_collections
from tests.integration.support.egress_states import STATES
from tests.lab.site import Site

from . import egress, measures, report
from .playing import ROOT, Player


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", type=int, default=30, help="unchanged runs in one task")
    parser.add_argument("--services", type=int, default=50, help="real services for the role")
    parser.add_argument("--few", type=int, default=20)
    parser.add_argument("--many", type=int, default=200)
    parser.add_argument("--states", type=int, default=len(STATES), help="of exit nodes and sidecars that workers live through")
    parser.add_argument("--watch", type=int, default=60, help="seconds to watch the guard for")
    parser.add_argument("--rest", type=int, default=180, help="seconds to wait at most until the machine is at rest; 0 measures a busy one")
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench.json")
    options = parser.parse_args()
    begin = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - begin:5.0f} s] {line}", flush=True)

    site = Site.running()
    say("peers: community.general and python-nomad")
    found = community_collections.fetch()
    with tempfile.TemporaryDirectory() as scratch:
        player = Player(site, found, Path(scratch))
        measures.remove(player)
        bench = measures.Measures(site, player, options.rounds, options.rest, say)
        workers = egress.Egress(site, measures.PREFIX, say)
        try:
            results = {
                **bench.job_noop(options.loop),
                **bench.latency(),
                **bench.scale(options.few, options.many),
                **bench.role_noop(options.services),
                **workers.measure(options.states, options.rounds, options.watch),
            }
        finally:
            say("removing the jobs")
            measures.remove(player)
    results["environment"] = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "commit": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip(),
        "machine": _machine(),
        "rounds": options.rounds,
        "loop": options.loop,
        "services": options.services,
        "watch": options.watch,
        "versions": ", ".join([f"ansible-core {importlib.metadata.version('ansible-core')}", _nomad(site), *_pins()]),
    }
    results["rounds"] = {**bench.raw, **workers.raw}
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(results, indent=2) + "\n")
    (options.output.parent / "benchmarks.md").write_text(report.page(results))
    (options.output.parent / "benchmarks.svg").write_text(report.plot(results))
    print(
        f"\n{report.table(results)}\n\n{report.details(results)}\n\nwritten: {options.output}, benchmarks.md and benchmarks.svg beside it"
    )


def _machine() -> str:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} CPUs ({model[1] if model else platform.machine()}), {memory:.0f} GiB"


def _nomad(site: Site) -> str:
    said = subprocess.run(["nomad", "version"], env=site.child_environment(), capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0]


def _pins() -> list[str]:
    return [line.replace("==", " ") for line in community_collections.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]


if __name__ == "__main__":
    main()
