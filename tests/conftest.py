# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pytest and pytest-xdist make the lanes; tests/lanes.py describes them."""

from __future__ import annotations

import os
import tempfile
import typing as t

import pytest

from tests import lanes


def pytest_configure(config: pytest.Config) -> None:
    """Make one place for what the tests of all lanes leave (tests/integration/support/leavings.py); it goes with the run."""
    if not hasattr(config, "workerinput"):
        place = tempfile.TemporaryDirectory(prefix="notailcar-leavings-")
        config.add_cleanup(place.cleanup)
        os.environ["LAB_LEAVINGS"] = place.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: lanes.turn(item.path))


def pytest_xdist_setupnodes(specs: list[t.Any]) -> None:
    """Number the lanes' laboratories from 1; 0 is a person's."""
    for number, spec in enumerate(specs, 1):
        spec.env["LAB_NUMBER"] = str(number)


def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> lanes.Lanes:
    return lanes.Lanes(config, log)
