# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's call that goes on while the test disturbs what it works with."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import typing as t
from pathlib import Path

from tests.integration.support import play
from tests.lab.command import wait_until
from tests.lab.site import Site


class Call:
    """A running call; `stdout` and `stderr` are the files it writes to."""

    def __init__(self, process: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self._process = process
        self._stdout = stdout
        self._stderr = stderr

    def await_line(self, text: str) -> None:
        """Return when a line of its progress has said this."""

        def said() -> bool:
            ended = self._process.poll() is not None
            found = text in self._stderr.read_text()
            assert found or not ended, self._stdout.read_text() + self._stderr.read_text()
            return found

        wait_until(said, f"{text!r} in the progress")

    def result(self) -> dict[str, t.Any]:
        """What it returns, awaited."""
        code = self._process.wait(360)
        return play.returned(play.Done(self._process.args, code, self._stdout.read_text(), self._stderr.read_text()))


@contextlib.contextmanager
def call(site: Site, module: str, environment: t.Mapping[str, str], **arguments: t.Any) -> t.Iterator[Call]:
    """`play.call` in the background; ended with the block."""
    full_environment = play.variables(site, {**play.AD_HOC, **environment})
    with tempfile.TemporaryDirectory() as directory:
        stdout, stderr = Path(directory, "stdout"), Path(directory, "stderr")
        with stdout.open("wb") as out, stderr.open("wb") as err:
            argv = play.ad_hoc(module, arguments)
            process = subprocess.Popen(argv, env=full_environment, cwd=play.ROOT, stdout=out, stderr=err, start_new_session=True)
        try:
            yield Call(process, stdout, stderr)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
