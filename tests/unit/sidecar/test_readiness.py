# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the node is ready for the gate, and what the sidecar does about it."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.sidecar.scripts import Recorded, Shell

TAGS = "tag:service tag:worker"


def problem(shell: Shell, recorded: Recorded, name: str, **environment: str) -> str:
    """Why a node with this recorded status is not ready."""
    return shell.print(f"{recorded.is_read(name)}\nreadiness_problem", **environment)


@pytest.mark.parametrize("tags", ["", "tag:service", "tag:worker", TAGS])
def test_a_running_node_with_its_tags_is_ready(shell: Shell, recorded: Recorded, tags: str) -> None:
    assert problem(shell, recorded, "running", SIDECAR_TAGS=tags) == ""


def test_a_node_lacks_a_tag(shell: Shell, recorded: Recorded) -> None:
    # It is the beginning of a tag that the node has.
    assert problem(shell, recorded, "running", SIDECAR_TAGS="tag:work") == "the node lacks tag:work: the auth key does not grant it"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("started", "tailscaled is in state NeedsLogin"),
        ("needs_login", "tailscaled is in state NeedsLogin"),
        ("stopped", "tailscaled is in state Stopped"),
        ("logged_out", "tailscaled is in state NeedsLogin"),
    ],
)
def test_a_node_that_does_not_run_is_not_ready(shell: Shell, recorded: Recorded, name: str, reason: str) -> None:
    assert problem(shell, recorded, name) == reason


def test_without_tailscaled_the_node_is_not_ready(shell: Shell) -> None:
    assert shell.print("tailscale_cli() { return 1; }; status_refresh; readiness_problem") == "tailscaled does not answer yet"


def changed(shell: Shell, recorded: Recorded, old: str, new: str) -> str:
    """Why a node is not ready whose status differs from the running one in this text."""
    assert old in recorded.text("running")
    (shell.home / "changed.json").write_text(recorded.text("running").replace(old, new))
    return shell.print('tailscale_cli() { cat "$NOMAD_TASK_DIR/changed.json"; }; status_refresh; readiness_problem')


def test_a_node_that_waits_for_approval_is_not_ready(shell: Shell, recorded: Recorded) -> None:
    reason = "the node waits for approval by an admin of the tailnet"
    assert changed(shell, recorded, '"BackendState": "Running"', '"BackendState": "NeedsMachineAuth"') == reason


def test_a_node_without_an_address_is_not_ready(shell: Shell, recorded: Recorded) -> None:
    assert changed(shell, recorded, '"TailscaleIPs": [', '"TailscaleIPs": null, "Others": [') == "the node has no tailnet address yet"


# The lines show in which order the sidecar acts.
STUBS = """
serve_push_config() { sidecar_dns_name=whoami.tailnet.example; echo serve; }
evidence_write() { echo "evidence $1: $2"; }
names_reclaim() { echo name; }
guard_look() { echo guard; guard_reason=$GUARD; }
"""
READY = ["serve", "evidence ready: running on the tailnet", "name"]


def observed(shell: Shell, recorded: Recorded, names: t.Iterable[str], before: str = "", guard: str = "") -> list[str]:
    """What the sidecar does when it observes these statuses, one after the other."""
    reads = "".join(f"{recorded.is_read(name)}\nreadiness_observe\n" for name in names)
    return shell.lines(f"{STUBS}\n{before}\n{reads}", GUARD=guard)


def test_a_ready_node_opens_the_gate(shell: Shell, recorded: Recorded) -> None:
    assert observed(shell, recorded, ["running"]) == [*READY, "sidecar: ready as whoami.tailnet.example"]
    assert (shell.home / "ready").exists()


def test_a_node_that_is_not_ready_keeps_the_gate_closed(shell: Shell, recorded: Recorded) -> None:
    reason = "tailscaled is in state NeedsLogin"
    # The reason is logged once.
    assert observed(shell, recorded, ["needs_login"] * 2) == [f"sidecar: {reason}", *[f"evidence starting: {reason}"] * 2]
    assert not (shell.home / "ready").exists()


def test_a_node_that_was_ready_is_degraded_and_the_gate_stays_open(shell: Shell, recorded: Recorded) -> None:
    lines = observed(shell, recorded, ["running", "stopped"])
    assert lines[-2:] == ["sidecar: tailscaled is in state Stopped", "evidence degraded: tailscaled is in state Stopped"]
    assert (shell.home / "ready").exists()


def test_the_guard_decides_whether_a_running_node_is_ready(shell: Shell, recorded: Recorded) -> None:
    closed = observed(shell, recorded, ["running"], "sidecar_guarded=true", guard="no exit node")
    assert closed == ["guard", "sidecar: no exit node", "evidence starting: no exit node"]
    assert not (shell.home / "ready").exists()
    assert observed(shell, recorded, ["running"], "sidecar_guarded=true")[:-1] == ["guard", *READY]
    assert (shell.home / "ready").exists()


def test_only_a_settled_node_resets_the_wait_before_the_next_start(shell: Shell, recorded: Recorded) -> None:
    for settling, backoff in ((1, 8), (0, 1)):
        before = f"sidecar_backoff=8; sidecar_settling={settling}"
        assert shell.lines(f"{STUBS}\n{before}\n{recorded.is_read('running')}\nreadiness_observe; echo $sidecar_backoff")[-1] == str(
            backoff
        )


# tailscaled answers nothing; it is a hundred seconds since boot.
HANGS = """
containerboot_start() { echo start; }
evidence_write() { :; }
status_refresh() { sidecar_status=; }
sidecar_uptime() { echo 100; }
"""


@pytest.mark.parametrize(("answered", "guarded", "started"), [(71, "false", False), (70, "false", True), (70, "true", False)])
def test_a_tailscaled_that_hangs_is_started_again(shell: Shell, answered: int, guarded: str, started: bool) -> None:
    script = f"sidecar_guarded={guarded}; sidecar_was_ready=true; sidecar_answered={answered}; readiness_observe"
    lines = shell.lines(f"{HANGS}\n{script}")
    assert ("start" in lines) == started
    assert ("sidecar: tailscaled has not answered for 30 s; it is started again" in lines) == started


def test_a_status_that_cannot_be_read_is_no_silence(shell: Shell) -> None:
    script = "tailscale_cli() { :; }; sidecar_was_ready=true; sidecar_answered=0; readiness_observe"
    assert "start" not in shell.lines(f"{HANGS}\n{script}")


def test_an_answer_begins_the_time_again(shell: Shell, recorded: Recorded) -> None:
    read = f"{STUBS}\n{recorded.is_read('running')}\nsidecar_uptime() {{ echo 100; }}; readiness_observe; echo $sidecar_answered"
    assert shell.lines(read)[-1] == "100"


STARTS = """
containerboot() { :; }
mkfifo() { : >"$1"; }
pidof() { :; }
sidecar_log=$NOMAD_TASK_DIR/log
sidecar_uptime() { echo 100; }
containerboot_start
wait
echo $sidecar_answered
"""


def test_a_start_begins_the_time_again(shell: Shell) -> None:
    assert shell.print(STARTS, TS_SERVE_CONFIG="none") == "100"
