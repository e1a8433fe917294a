# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory comes up after every kind of bad start. (First by its name: it leaves the laboratory up for the others.)"""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest

from tests.integration.play import ROOT
from tests.lab.topology import STATE

LAB = [sys.executable, "-m", "tests.lab"]


def lab(*argv: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LAB, *argv], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


def test_the_programs_are_built() -> None:
    built = lab("build", timeout=2400)
    assert built.returncode == 0, built.stdout + built.stderr


# What `up` says at an early, a middle and a late moment.
@pytest.mark.parametrize("moment", ["namespaces", "docker", "nomad"])
def test_up_works_after_a_killed_up(moment: str) -> None:
    assert lab("down").returncode == 0
    with subprocess.Popen([*LAB, "up"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as killed:
        for line in t.cast(t.IO[str], killed.stdout):
            if moment in line.lower():
                break
        else:
            pytest.fail(f"up never spoke of {moment}")
        killed.kill()
    assert STATE.exists()
    up = lab("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert lab("status").returncode == 0


def test_a_second_laboratory_is_refused_or_the_same() -> None:
    again = lab("up")
    assert again.returncode == 0
    assert "already" in again.stdout + again.stderr
