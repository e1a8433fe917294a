# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name that the node asks for, and when it asks again."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.sidecar.scripts import Shell

# A control plane, and a node whose login is a file in the directory of its state. GIVEN is the name that the next login gets; without
# it the control plane refuses the login. A visible node of another name is in PEER.
CONTROL = r"""
containerboot_stop() { :; }
containerboot_start() {
    echo "start as ${1:-$sidecar_node_name}"
    sidecar_boot_pid=$$
    [ -e "$TS_STATE_DIR/login" ] || [ -z "$GIVEN" ] || echo "$GIVEN" >"$TS_STATE_DIR/login"
    [ -e "$TS_STATE_DIR/login" ] || { sidecar_boot_pid=999999999; echo 'authkey expired' >"$sidecar_login_error"; }
}
containerboot_restart() { containerboot_start; }
containerboot_log_out() { echo "log out $(cat "$TS_STATE_DIR/login")"; rm -f "$TS_STATE_DIR/login"; }
tailscale_cli() {
    case $* in
        set*) echo "tailscale $*" ;;
        'status --json') echo "\"DNSName\": \"$(cat "$TS_STATE_DIR/login").\", \"DNSName\": \"$PEER\"" ;;
        *)
            [ -e "$TS_STATE_DIR/login" ] || return 0
            printf '{"BackendState": "Running", "HaveNodeKey": true, "Self": {"HostName": "whoami", "DNSName": "%s.", "Online": %s}}\n' \
                "$(cat "$TS_STATE_DIR/login")" "$ONLINE"
            ;;
    esac
}
evidence_write() { echo "evidence $1, status '$sidecar_status'"; }
sidecar_pause() { :; }
date() { echo "$NOW"; }
sidecar_login_error=$NOMAD_TASK_DIR/login_error
mkdir "$TS_STATE_DIR"
echo "$HELD" >"$TS_STATE_DIR/login"
"""
HELD = "whoami-1.example.ts.net"
NAME = "whoami.example.ts.net"
# One turn of the main loop at a time: what a ready node does about its name.
TURN = "status_refresh; sidecar_dns_name=$(status_field DNSName | sed 's/[.]$//'); names_reclaim"


class Login(t.NamedTuple):
    """What a node did, and the name of the login that it has then."""

    lines: list[str]
    name: str


def logged_in(shell: Shell, script: str, **environment: str) -> Login:
    state = shell.home / "tailscale"
    given = {"GIVEN": "", "HELD": HELD, "PEER": "", "ONLINE": "true", "TS_STATE_DIR": str(state), **environment}
    lines = shell.lines(f"{CONTROL}\nsidecar_node_name=whoami\n{script}", **given)
    login = state / "login"
    assert [path.name for path in shell.home.glob("tailscale*")] == ["tailscale"], "no other state is left"
    return Login(lines, login.read_text().strip() if login.exists() else "none")


def reclaims(shell: Shell, at: t.Iterable[int], **environment: str) -> Login:
    """What the node does in turns at these times, in seconds."""
    return logged_in(shell, "\n".join(f"NOW={now}; {TURN}" for now in at), **environment)


@pytest.mark.parametrize(("release", "name"), [(None, "whoami"), ("", "whoami"), ("r1", "whoami"), ("r2", "whoami-canary")])
def test_a_canary_has_its_own_name(shell: Shell, release: str | None, name: str) -> None:
    if release is not None:
        (shell.home / "release").write_text(release)
    assert shell.print("names_wanted") == name


def test_a_promoted_canary_logs_in_under_the_name_of_the_service(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    script = f"sidecar_node_name=whoami-canary; names_take; echo $sidecar_node_name $sidecar_settling; NOW=100; {TURN}"
    done = logged_in(shell, script, HELD="whoami-canary.example.ts.net", GIVEN=NAME)
    assert done.lines[:2] == ["sidecar: the name is whoami now", "whoami 5"]
    assert (done.name, done.lines.count("log out whoami-canary.example.ts.net")) == (NAME, 1)


def test_a_kept_node_is_renamed_without_a_login(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    script = "sidecar_node_name=whoami-canary; names_take"
    done = logged_in(shell, script, SIDECAR_EPHEMERAL="false")
    assert done.lines == ["sidecar: the name is whoami now", "tailscale set --hostname=whoami"]


def test_a_node_with_the_right_name_takes_no_other(shell: Shell) -> None:
    (shell.home / "release").write_text("r1")
    assert logged_in(shell, "names_take").lines == []


def test_a_node_gets_its_name_back_and_then_gives_up_the_other_login(shell: Shell) -> None:
    assert reclaims(shell, [100, 105], GIVEN=NAME) == (
        [
            f"sidecar: called {HELD} and not whoami: logging in once more for that name",
            "evidence degraded, status ''",
            "start as whoami",
            "start as whoami",
            f"log out {HELD}",
            "start as whoami",
            f"sidecar: called {NAME} now",
        ],
        NAME,
    )


def test_a_login_that_gets_another_name_is_given_up_again(shell: Shell) -> None:
    other = "whoami-2.example.ts.net"
    done = reclaims(shell, [100, 105], GIVEN=other)
    assert (done.name, [line for line in done.lines if line.startswith("log out")]) == (HELD, [f"log out {other}"])
    assert done.lines[-1] == f"sidecar: another node holds whoami: still called {HELD}"


def test_a_node_whose_key_is_refused_keeps_its_login(shell: Shell) -> None:
    done = reclaims(shell, [100, 105])
    assert (done.name, [line for line in done.lines if line.startswith("log out")]) == (HELD, [])
    assert done.lines[-1] == f"sidecar: the login failed: authkey expired: still called {HELD}"


def test_a_login_takes_bounded_time(shell: Shell) -> None:
    waiting = 'status_refresh() { sidecar_status=\'  "BackendState": "Starting"\'; }; sidecar_pause() { echo pause; }'
    clock = "sidecar_uptime() { echo >>$NOMAD_TASK_DIR/clock; wc -l <$NOMAD_TASK_DIR/clock; }"
    done = logged_in(shell, f"sidecar_dns_name={HELD}; {waiting}; {clock}; names_log_in_again", GIVEN="never")
    # The first reading of the clock is 1; the login ends at 11.
    assert (done.name, done.lines.count("pause")) == (HELD, 9)
    assert done.lines[-1] == f"sidecar: the login did not succeed within 10 s: still called {HELD}"


def test_a_node_that_is_told_to_stop_meanwhile_ends_with_the_login_that_it_had(shell: Shell) -> None:
    told = 'sidecar_pause() { kill -TERM $$; }; sidecar_terminate() { echo "terminate as $(cat "$TS_STATE_DIR/login")"; exit 0; }'
    script = f"{told}\nsidecar_dns_name={HELD}; names_log_in_again"
    done = logged_in(shell, script, GIVEN="whoami-2.example.ts.net")
    assert done.lines[-1] == f"terminate as {HELD}"


def logins(shell: Shell, at: t.Iterable[int], **environment: str) -> int:
    return sum("logging in" in line for line in reclaims(shell, at, **environment).lines)


@pytest.mark.parametrize(("at", "times"), [([100, 104], 0), ([100, 105], 1), ([100, 105, 110, 119], 1), ([100, 105, 110, 120], 2)], ids=str)
def test_a_node_without_its_name_logs_in_again_after_a_wait_that_grows(shell: Shell, at: t.Sequence[int], times: int) -> None:
    assert logins(shell, at, GIVEN="whoami-2.example.ts.net") == times


def test_a_node_asks_for_its_name_a_bounded_number_of_times(shell: Shell) -> None:
    done = reclaims(shell, range(0, 3_000_000, 100_000), GIVEN="whoami-2.example.ts.net")
    assert (sum("logging in" in line for line in done.lines), done.name) == (11, HELD)
    assert done.lines[-1] == f"sidecar: another node holds whoami: called {HELD} from now on"


@pytest.mark.parametrize(("peer", "times"), [("whoami.example.ts.net.", 0), ("whoami2.example.ts.net.", 1), ("my.whoami.example.", 1)])
def test_a_node_does_not_ask_for_a_name_while_it_sees_the_holder(shell: Shell, peer: str, times: int) -> None:
    assert logins(shell, [100, 105], PEER=peer, GIVEN=NAME) == times


def test_the_holder_that_is_seen_is_named_once_and_the_wait_does_not_grow(shell: Shell) -> None:
    at = range(100, 1000, 5)
    done = reclaims(shell, at, PEER=f"{NAME}.", GIVEN=NAME)
    assert done == ([f"sidecar: called {HELD}, because a node of this tailnet is called whoami"], HELD)


def test_a_node_does_not_restart_while_the_control_plane_is_away(shell: Shell) -> None:
    assert reclaims(shell, [100, 105], ONLINE="false", GIVEN=NAME) == ([], HELD)


@pytest.mark.parametrize("dns_name", ["whoami.example.ts.net", "whoami"])
def test_a_node_with_its_name_stays_logged_in(shell: Shell, dns_name: str) -> None:
    assert reclaims(shell, [100, 200], HELD=dns_name) == ([], dns_name)


def test_a_kept_node_is_not_given_up_for_a_name(shell: Shell) -> None:
    assert reclaims(shell, [100, 200], SIDECAR_EPHEMERAL="false", GIVEN=NAME) == ([], HELD)


@pytest.mark.parametrize("level", ["monitored", "locked"])
def test_a_node_whose_proxy_would_be_open_meanwhile_stays_logged_in(shell: Shell, level: str) -> None:
    (shell.home / "proved").mkdir()
    script = f"sidecar_guarded=true; guard_exit=100.64.0.1; lock_keep() {{ :; }}\nNOW=100; {TURN}; NOW=200; {TURN}"
    done = logged_in(shell, f'{script}; echo "exit node: $guard_exit"', GUARD_LEVEL=level, GIVEN=NAME)
    assert (done.name, done.lines[-1]) == ((HELD, "exit node: 100.64.0.1") if level == "monitored" else (NAME, "exit node: "))
