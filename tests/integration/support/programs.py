# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of this directory that run beside a test, in the wan's namespace."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from tests.lab.command import wait_until
from tests.lab.topology import NAMESPACES


@contextlib.contextmanager
def told(name: str, *arguments: str) -> t.Iterator[t.Callable[[], list[str]]]:
    """The lines that a program has printed so far, once it has said that it is ready."""
    program = [*NAMESPACES["wan"].enter, sys.executable, str(Path(__file__).with_name(name)), *arguments]
    # It appends, wherever it is read meanwhile.
    with tempfile.TemporaryFile("a+") as output, subprocess.Popen(program, stdout=output) as process:

        def lines() -> list[str]:
            output.seek(0)
            return output.read().splitlines()

        try:
            wait_until(lambda: "ready" in lines(), f"{name} to be ready")
            yield lambda: lines()[1:]
        finally:
            process.terminate()
