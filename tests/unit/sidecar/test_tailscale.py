# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tailscaled belongs to the sidecar."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import typing as t

import pytest

from tests.unit.sidecar.scripts import ENVIRONMENT, Shell

OWN = ENVIRONMENT["NOMAD_ALLOC_ID"]
# The whole line counts, and nothing but the variable.
OTHERS = ({"NOMAD_ALLOC_ID": f"{OWN}0"}, {"NOMAD_ALLOC_ID": "0b7a", "MORE": f"NOMAD_ALLOC_ID={OWN}"}, {})


@pytest.fixture
def running() -> t.Iterator[t.Callable[[t.Mapping[str, str]], int]]:
    """Start a process with nothing but this environment, in place of a tailscaled, and return its ID."""
    with contextlib.ExitStack() as stack:

        def start(environment: t.Mapping[str, str]) -> int:
            waits = [sys.executable, "-c", "print(flush=True); input()"]
            process = subprocess.Popen(waits, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
            return process.pid

        yield start


# What is killed is gone.
STARTS = """
ended=
pidof() { [ -n "$ended" ] || echo $EVERYWHERE; }
kill() { ended=true; echo "killed $2"; }
containerboot() { :; }
mkfifo() { : >"$1"; }
sidecar_log=$NOMAD_TASK_DIR/log
containerboot_start
wait
"""


def test_a_start_ends_no_tailscaled_of_another_allocation(shell: Shell, running: t.Callable[[t.Mapping[str, str]], int]) -> None:
    """With the driver exec, tasks may share the PID namespace of their client."""
    own, *others = [running(environment) for environment in ({"NOMAD_ALLOC_ID": OWN}, *OTHERS)]
    everywhere = f"{others[0]} {own} {others[1]} {others[2]} 999999999"
    assert shell.lines(STARTS, EVERYWHERE=everywhere, TS_SERVE_CONFIG="none") == [f"killed {own}"]


def test_without_a_tailscaled_of_its_own_no_command_waits_for_one(shell: Shell, running: t.Callable[[t.Mapping[str, str]], int]) -> None:
    other = running(OTHERS[0])
    done = shell.run(f"pidof() {{ echo {other}; }}; timeout() {{ echo asked; }}; mkfifo $TS_SOCKET; tailscale_cli status")
    assert (done.returncode, done.stdout) == (1, "")
