# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The start of the sidecar, which fails closed, and the time between two observations."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

from tests.unit.sidecar.scripts import Shell

# The evidence is a line; containerboot starts nothing, and ends the script.
START = """
ip() { :; }
tailscale_cli() { return 1; }
evidence_write() { echo "$1: $2"; }
guard_begin() { echo 'guard begins'; }
containerboot_start() { echo 'containerboot starts'; exit 0; }
"""


def start(shell: Shell, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    usual = {"TS_SERVE_CONFIG": str(shell.home / "serve/config.json"), "SIDECAR_HEALTH_PORT": "9002", "SIDECAR_INTERVAL": "10"}
    return shell.run(f"{START}\n{before}\nsidecar_main", **{**usual, **environment})


def test_the_guard_begins_before_containerboot_starts(shell: Shell) -> None:
    (shell.home / "guard.sh").write_text(":\n")
    assert start(shell).stdout.splitlines() == ["guard begins", "containerboot starts"]


def test_without_a_level_there_is_no_guard(shell: Shell) -> None:
    assert start(shell, "unset GUARD_LEVEL").stdout.splitlines() == ["containerboot starts"]


@pytest.mark.parametrize("script", [None, ""])
def test_a_guard_that_is_missing_ends_the_sidecar(shell: Shell, script: str | None) -> None:
    if script is not None:
        (shell.home / "guard.sh").write_text(script)
    done = start(shell)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        "failed: guard.sh is missing: nothing would verify the egress of this job",
    )


def test_a_guard_that_is_incomplete_ends_the_sidecar(shell: Shell) -> None:
    (shell.home / "guard.sh").write_text(":\n")
    done = start(shell, "unset -f guard_begin")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "failed: the guard could not begin")


@pytest.mark.parametrize("directory", ["SIDECAR_GATE_DIR", "TS_STATE_DIR"])
def test_a_directory_that_cannot_be_made_ends_the_sidecar(shell: Shell, directory: str) -> None:
    done = start(shell, "unset GUARD_LEVEL", **{directory: "/proc/none"})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "failed: the directories of the sidecar could not be prepared")


def test_a_log_that_nobody_reads_holds_nothing_up(shell: Shell) -> None:
    full = "mkfifo log; exec 3<>log; dd if=/dev/zero bs=4096 count=16 >&3 2>/dev/null"
    hangs = f"{full}\nsidecar_say 'nobody reads this' >&3; echo goes on"
    done = shell.run(f"({hangs}) & pid=$!; sleep 3; kill $pid 2>/dev/null && echo hangs")
    assert done.stdout == "goes on\n"


# Time passes only where the sidecar waits, or the guard looks: SECONDS for each look.
CLOCK = """
clock=1000
sidecar_uptime() { echo "$clock"; }
sidecar_pause() { clock=$((clock + $1)); [ "$clock" -lt 1100 ] || exit 0; }
kill() { :; }
containerboot_start() { sidecar_was_ready=true; }
guard_look() { clock=$((clock + SECONDS)); }
readiness_observe() { guard_look; echo "$clock"; }
names_take() { :; }
"""


@pytest.mark.parametrize(("seconds", "interval", "gap"), [(0, 2, 12), (3, 2, 19), (6, 2, 25), (3, 15, 24)])
def test_slow_looks_do_not_make_the_evidence_old(shell: Shell, seconds: int, interval: int, gap: int) -> None:
    (shell.home / "guard.sh").write_text(":\n")
    done = start(shell, f"{CLOCK}\nguard_begin() {{ :; }}", SECONDS=str(seconds), GUARD_INTERVAL=str(interval))
    written = [int(line) for line in done.stdout.splitlines()]
    assert len(written) > 2, done.stderr
    assert max(gaps(written)) <= gap


def gaps(times: t.Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in zip(times, times[1:])]
