# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory leaves nothing behind. (Last by its name: it takes the laboratory down.)"""

from __future__ import annotations

from pathlib import Path

from tests.integration.test_00_lab_up import lab
from tests.lab.topology import DATA, NAMESPACES, STATE


def test_down_leaves_nothing() -> None:
    assert lab("check").returncode != 0, "a running laboratory is a trace"
    down = lab("down")
    assert down.returncode == 0, down.stdout + down.stderr
    check = lab("check")
    assert check.returncode == 0, check.stdout + check.stderr
    assert not STATE.exists()
    assert not DATA.exists()
    assert not [name for name, namespace in NAMESPACES.items() if namespace.path.exists()]
    mounts = Path("/proc/mounts").read_text()
    assert "notailcar" not in mounts
    assert "ntc-" not in mounts


def test_down_again_is_fine() -> None:
    assert lab("down").returncode == 0
