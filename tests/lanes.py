# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test lanes: the workers of pytest-xdist, each with a laboratory of its own, and the order of the tests.

A test that breaks its laboratory (ends servers, restarts Docker, freezes exit nodes) therefore disturbs no test of another lane.
Inside a lane one test runs after the other. Without `--numprocesses` there is one lane: the laboratory that `make lab-up` has made.
"""

from __future__ import annotations

from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

# The tests of such a file need nothing of each other, and take minutes: each of them is handed to a lane by itself.
INDEPENDENT = ("test_site_faults.py", "test_wrong_answers.py")
# What lasts longest begins first, so that all lanes end at about the same time. The order of the other files does not matter.
FIRST = (
    "test_egress.py",
    "test_keys.py",
    "test_egress_states.py",
    "test_site_faults.py",
    "test_recovery.py",
    "test_bench.py",
    "test_failures.py",
    "test_vault.py",
    "test_acl_policies.py",
    "test_execution_paths.py",
    "test_secrets.py",
    "test_any_text.py",
    "test_examples.py",
    "test_wrong_answers.py",
)
# It scans what the tests of all lanes have left.
LAST = "test_leavings.py"
# These need no laboratory: they fill the time that is left.
UNIT = Path(__file__).parent / "unit"


def turn(file: Path) -> int:
    """The place of a test file in the order of the run."""
    if file.name == LAST:
        return len(FIRST) + 2
    if file.name in FIRST:
        return FIRST.index(file.name)
    return len(FIRST) + file.is_relative_to(UNIT)


class Lanes(LoadScopeScheduling):
    """A lane that is free takes the next file as a whole, or the next test of a file whose tests are independent."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if Path(file).name in INDEPENDENT else file
