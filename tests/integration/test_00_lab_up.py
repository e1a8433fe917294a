# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory comes up after every kind of bad start. (First by its name: it leaves the laboratory up for the others.)"""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from tests.integration.play import ROOT
from tests.lab.topology import NAMESPACES, STATE

LAB = [sys.executable, "-m", "tests.lab"]


def lab(*argv: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LAB, *argv], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


def test_the_programs_are_built() -> None:
    built = lab("build", timeout=2400)
    assert built.returncode == 0, built.stdout + built.stderr


# What exists at an early, a middle and a late moment of `up`.
MOMENTS = {"namespaces": NAMESPACES["site"].path, "docker": STATE / "docker.sock", "nomad": STATE / "nomad.token"}


@pytest.mark.parametrize("moment", MOMENTS)
def test_up_works_after_a_killed_up(moment: str) -> None:
    assert lab("down").returncode == 0
    with subprocess.Popen([*LAB, "up"], cwd=ROOT, stdout=subprocess.DEVNULL) as killed:
        while not MOMENTS[moment].exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"up ended with {killed.wait(0.01)} before {MOMENTS[moment]} was there")
        killed.kill()
    assert lab("status").returncode != 0
    up = lab("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert lab("status").returncode == 0


def test_up_leaves_a_laboratory_that_is_up_alone() -> None:
    before = lab("status").stdout
    assert lab("up").returncode == 0
    assert lab("status").stdout == before


@pytest.mark.parametrize("command", ["up", "status", "down"])
def test_without_root_it_says_what_it_needs(command: str) -> None:
    refused = subprocess.run(["unshare", "--user", *LAB, command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "root" in refused.stderr
