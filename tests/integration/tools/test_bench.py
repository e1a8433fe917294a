# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench runs, and measures what it says; how fast anything is, is no verdict here."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from tests.integration.support import play
from tests.lab.site import Site


def test_a_small_bench(site: Site, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    # The tests of the other lanes keep the machine busy.
    size = {"rest": 0, "rounds": 1, "loop": 3, "services": 1, "few": 1, "many": 2, "states": 1, "watch": 5}
    options = [word for name, number in size.items() for word in (f"--{name}", str(number))]
    done = play.run(site, sys.executable, "-m", "tests.bench", *options, "--output", str(output), timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(output.read_text())
    for key in ("role_noop_ratio_1", "scale_2_over_1", "memory_2_over_1", "run_latency_ratio", "success_lag_s", "role_noop_peer_s"):
        assert math.isfinite(results[key])
        assert results[key] > 0, key
    for key in ("egress_stop_s", "egress_fallback_s", "guard_cpu_percent", "guard_memory_mib"):
        assert math.isfinite(results[key]), key
    # The guard may look in the very moment in which the leak begins.
    assert results["egress_isolated_leaked"] == results["egress_locked_leaked"] == 0 <= results["egress_monitored_leaked"]
    # So short a loop may be lost in the noise of the start that is taken off.
    assert math.isfinite(results["job_noop_ratio"])
    assert "an inventory of 1 real services" in (tmp_path / "benchmarks.md").read_text()
    assert "<svg" in (tmp_path / "benchmarks.svg").read_text()
    assert "benchmark-" not in play.nomad(site, "job", "status"), "nothing is left behind"
