# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory's command line, `python -m tests.lab`, as tests call it."""

from __future__ import annotations

import subprocess
import sys

from tests.integration.support.play import ROOT

LAB = [sys.executable, "-m", "tests.lab"]


def lab(*argv: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LAB, *argv], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
