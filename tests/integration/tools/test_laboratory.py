# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory comes up after every kind of bad start, and goes away without a trace."""

from __future__ import annotations

import contextlib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.integration.support.lab_command import LAB, lab
from tests.integration.support.play import ROOT
from tests.lab.topology import DATA, NAME, NAMESPACES, STATE


@pytest.fixture(scope="module", autouse=True)
def up_again(laboratory: None) -> t.Iterator[None]:
    """The other tests of the lane need it."""
    yield
    up = lab("up")
    assert up.returncode == 0, up.stdout + up.stderr


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


def test_down_leaves_nothing() -> None:
    assert lab("check").returncode != 0, "a running laboratory is a trace"
    down = lab("down")
    assert down.returncode == 0, down.stdout + down.stderr
    check = lab("check")
    assert check.returncode == 0, check.stdout + check.stderr
    assert not STATE.exists()
    assert not DATA.exists()
    assert not [name for name, namespace in NAMESPACES.items() if namespace.path.exists()]
    words = set(re.split(r"[\s/,=]", Path("/proc/mounts").read_text()))
    assert not words & {NAME, *(place.netns for place in NAMESPACES.values())}


def test_down_again_is_fine() -> None:
    assert lab("down").returncode == 0
