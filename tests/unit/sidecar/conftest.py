# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the tests of the shell scripts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.sidecar.scripts import VERSIONS, Recorded, Shell


@pytest.fixture(scope="session")
def applets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that has nothing but the programs of busybox, as the official image has them."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.fail("busybox is missing, under which the sidecar's scripts are tested: apt-get install busybox-static")
    folder = tmp_path_factory.mktemp("busybox")
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        (folder / name).symlink_to(busybox)
    return folder


@pytest.fixture
def shell(tmp_path: Path, applets: Path) -> Shell:
    """A shell with the functions of both scripts, in a directory of its own."""
    return Shell(tmp_path, applets)


@pytest.fixture(params=VERSIONS)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """The recorded documents of each version in turn."""
    return Recorded(request.param)
