# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test lanes: the workers of pytest-xdist, each with a laboratory of its own, and the order of the tests.

A test that breaks its laboratory (ends servers, restarts Docker, freezes exit nodes) therefore disturbs no test of another lane.
Inside a lane one test runs after the other. Without `--numprocesses` there is one lane: the laboratory that `make lab-up` has made.
"""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

# The tests of such a file need nothing of each other, and take minutes: each of them is handed to a lane by itself.
INDEPENDENT = ("test_recovery.py",)
# What lasts longest begins first, so that all lanes end at about the same time. The order of the other files does not matter.
FIRST = (
    "test_recovery.py",
    "test_egress_states.py",
    "test_egress.py",
    "test_bench.py",
    "test_servers.py",
    "test_keys.py",
)
# It looks at what all other tests of all lanes have left.
LAST = "test_leavings.py"
# The longest at the front, ordinary files, unit tests that fill the gaps, and the scan.
UNIT = Path(__file__).parent / "unit"


def pytest_configure(config: pytest.Config) -> None:
    """One place for what the tests of all lanes leave (tests/integration/support/leavings.py); it goes with the run."""
    if not hasattr(config, "workerinput"):
        place = tempfile.TemporaryDirectory(prefix="notailcar-leavings-")
        config.add_cleanup(place.cleanup)
        os.environ["LAB_LEAVINGS"] = place.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.path.name == LAST:
        return len(FIRST) + 2
    if item.path.name in FIRST:
        return FIRST.index(item.path.name)
    return len(FIRST) + item.path.is_relative_to(UNIT)


def pytest_xdist_setupnodes(specs: list[t.Any]) -> None:
    """Number the lanes' laboratories from 1; 0 is a person's."""
    for number, spec in enumerate(specs, 1):
        spec.env["LAB_NUMBER"] = str(number)


def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> Lanes:
    return Lanes(config, log)


class Lanes(LoadScopeScheduling):
    """A lane that is free takes the next file as a whole, or the next test of a file whose tests are independent."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if Path(file).name in INDEPENDENT else file
