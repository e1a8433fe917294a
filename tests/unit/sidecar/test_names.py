# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name that the node asks for, and when it asks again."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.sidecar.scripts import Shell

# What the functions would do to the node, as lines.
STUBS = """
containerboot_log_out() { echo 'log out'; }
containerboot_restart() { echo restart; }
tailscale_cli() { echo "tailscale $*"; }
date() { echo "$NOW"; }
"""


@pytest.mark.parametrize(("release", "name"), [(None, "whoami"), ("", "whoami"), ("r1", "whoami"), ("r2", "whoami-canary")])
def test_a_canary_has_its_own_name(shell: Shell, release: str | None, name: str) -> None:
    if release is not None:
        (shell.home / "release").write_text(release)
    assert shell.print("names_wanted") == name


def test_a_promoted_canary_logs_in_under_the_name_of_the_service(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    script = f"{STUBS}\nsidecar_node_name=whoami-canary; names_take; echo $sidecar_node_name $sidecar_settling"
    assert shell.lines(script) == ["sidecar: the name is whoami now", "log out", "restart", "whoami 5"]


def test_a_kept_node_is_renamed_without_a_login(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    script = f"{STUBS}\nsidecar_node_name=whoami-canary; names_take"
    assert shell.lines(script, SIDECAR_EPHEMERAL="false") == ["sidecar: the name is whoami now", "tailscale set --hostname=whoami"]


def test_a_node_with_the_right_name_takes_no_other(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    assert shell.print(f"{STUBS}\nsidecar_node_name=whoami; names_take") == ""


def reclaims(shell: Shell, dns_name: str, at: t.Sequence[int], **environment: str) -> list[str]:
    """What the node does at these times, in seconds, while it has this name."""
    calls = "; ".join(f"NOW={now}; names_reclaim" for now in at)
    script = f"{STUBS}\nsidecar_node_name=whoami; sidecar_dns_name={dns_name}; {calls}; echo $sidecar_reclaim_wait"
    return shell.lines(script, **environment)


def test_a_node_without_its_name_logs_in_again_after_a_wait_that_grows(shell: Shell) -> None:
    said = "sidecar: called whoami-1.example.ts.net, because another node holds whoami; logging in anew"
    again = [said, "log out", "restart"]
    assert reclaims(shell, "whoami-1.example.ts.net", [100, 104]) == ["5"]
    assert reclaims(shell, "whoami-1.example.ts.net", [100, 105]) == [*again, "10"]
    assert reclaims(shell, "whoami-1.example.ts.net", [100, 105, 110, 119]) == [*again, "10"]
    assert reclaims(shell, "whoami-1.example.ts.net", [100, 105, 110, 120]) == [*again, *again, "20"]


@pytest.mark.parametrize("dns_name", ["whoami.example.ts.net", "whoami", "''"])
def test_a_node_with_its_name_stays_logged_in(shell: Shell, dns_name: str) -> None:
    assert reclaims(shell, dns_name, [100, 200]) == ["5"]


def test_a_kept_node_is_not_given_up_for_a_name(shell: Shell) -> None:
    assert reclaims(shell, "whoami-1.example.ts.net", [100, 200], SIDECAR_EPHEMERAL="false") == ["5"]


@pytest.mark.parametrize(("level", "lines"), [("monitored", 1), ("locked", 4)])
def test_a_node_whose_proxy_would_be_open_meanwhile_stays_logged_in(shell: Shell, level: str, lines: int) -> None:
    (shell.home / "proved").mkdir()
    script = f"{STUBS}\nsidecar_guarded=true; guard_exit=100.64.0.1; sidecar_node_name=whoami; sidecar_dns_name=whoami-1.example.ts.net"
    script += '\nNOW=100; names_reclaim; NOW=200; names_reclaim; echo "exit node: $guard_exit"'
    done = shell.lines(script, GUARD_LEVEL=level)
    assert len(done) == lines
    assert done[-1] == ("exit node: 100.64.0.1" if level == "monitored" else "exit node: ")
