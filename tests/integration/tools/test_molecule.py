# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenario, on the same laboratory."""

from __future__ import annotations

from tests.integration.support import play
from tests.lab.site import Site


def test_the_scenario_passes(site: Site) -> None:
    done = play.run(site, "molecule", "test", "--scenario-name", "private_service", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
