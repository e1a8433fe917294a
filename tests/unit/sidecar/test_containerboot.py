# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter of containerboot's log, and the end of containerboot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sidecar.scripts import Shell

FILES = "sidecar_login_error=$NOMAD_TASK_DIR/login_error; sidecar_key_expired=$NOMAD_TASK_DIR/key_expired"


@pytest.mark.parametrize("address", ["https://login.tailscale.com/a/1f2e3d", "http://headscale.example.com/register/mkey:abc"])
def test_a_login_address_does_not_leave_the_sidecar(shell: Shell, address: str) -> None:
    done = shell.run("containerboot_filter_log", f"To authenticate, visit: {address} now\n")
    assert done.stderr == "To authenticate, visit: (login address withheld) now\n"


@pytest.mark.parametrize("start", ["backend error", "failed to exchange JWT for access token", "unexpected error while creating authkey"])
def test_the_answer_to_a_failed_login_is_kept(shell: Shell, start: str) -> None:
    shell.run(f"{FILES}\ncontainerboot_filter_log", f"boot\n{start}: invalid key: not found\nmore\n")
    assert (shell.home / "login_error").read_text() == "invalid key: not found\n"
    assert not (shell.home / "key_expired").exists()


def test_an_expired_key_is_recorded(shell: Shell) -> None:
    shell.run(f"{FILES}\ncontainerboot_filter_log", "control: server reports new node key [abcde] has expired\n")
    assert (shell.home / "key_expired").exists()
    assert not (shell.home / "login_error").exists()


# The writer does not end before its line has arrived.
AT_ONCE = f"""
{FILES}
mkfifo pipe
containerboot_filter_log <pipe 2>passed &
exec 3>pipe
echo 'backend error: invalid key' >&3
waited=0
until [ -s passed ] || [ "$waited" -ge 50 ]; do
    waited=$((waited + 1))
    sleep 0.1
done
cat passed login_error
"""


def test_each_line_is_passed_on_at_once(tmp_path: Path) -> None:
    """With the driver exec the programs are those of the client, on Debian with mawk, which reads ahead."""
    shell = Shell(tmp_path, Path("/usr/bin"))
    assert shell.lines(AT_ONCE) == ["backend error: invalid key", "invalid key"]


# It ended with 3; nothing is logged in, written or started for real.
ENDED = f"""
{FILES}
status_refresh() {{ :; }}
evidence_write() {{ echo "$1: $2"; }}
sidecar_pause() {{ echo "pause $1"; }}
containerboot_start() {{ echo start; }}
sh -c 'exit 3' & sidecar_boot_pid=$!
"""


def test_a_first_login_that_fails_ends_the_sidecar(shell: Shell) -> None:
    (shell.home / "login_error").write_text('invalid "key":\tnot found\n')
    done = shell.run(f"{ENDED}\ncontainerboot_ended")
    reason = "the login failed: invalid key:not found"
    assert (done.returncode, done.stdout.splitlines()) == (1, [f"sidecar: {reason}", f"failed: {reason}"])


def test_a_node_that_was_ready_is_restarted_in_place_later_and_later(shell: Shell) -> None:
    ended = "sh -c 'exit 3' & sidecar_boot_pid=$!; containerboot_ended"
    lines = shell.lines(f"{ENDED}\nsidecar_was_ready=true; containerboot_ended\n" + f"{ended}\n" * 5)
    assert [line for line in lines if line.startswith("pause")] == [f"pause {seconds}" for seconds in (1, 2, 4, 8, 16, 20)]
    assert lines[:4] == [
        "sidecar: containerboot ended with exit code 3",
        "degraded: containerboot ended with exit code 3; next start in 1 s",
        "pause 1",
        "start",
    ]


def test_a_guarded_sidecar_ends_with_containerboot(shell: Shell) -> None:
    stop = 'guard_stop() { echo "$1 $2"; exit "$1"; }'
    done = shell.run(f"{ENDED}\n{stop}\nsidecar_guarded=true; sidecar_was_ready=true; containerboot_ended")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (44, "44 containerboot ended with exit code 3")
