# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard concludes from the answers of the echo servers."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.unit.sidecar.scripts import Recorded, Shell

# The answer of an echo server is in the file that its URL names; without a file it does not answer.
ASK = """
wget() { cat "$NOMAD_TASK_DIR/$4" 2>/dev/null; }
timeout() { shift; "$@"; }
"""
URLS = ("a", "b", "c")


def quorum(shell: Shell, answers: dict[str, str], number: int) -> tuple[int, str, list[t.Any]]:
    """The guard's verdict on these answers, the address that was seen, and the answers in the evidence."""
    for url, answer in answers.items():
        (shell.home / url).write_text(answer)
    script = f'{ASK}\nhosts_check() {{ :; }}; echo_servers_ask_quorum; echo $? $guard_seen; echo "[$(echo "$guard_answers" | cut -c3-)]"'
    verdict, answered = shell.lines(script, GUARD_ECHO=" ".join(URLS), GUARD_QUORUM=str(number))
    code, _, seen = verdict.partition(" ")
    return int(code), seen, [(one["url"], one["address"]) for one in json.loads(answered)]


GOOD, OTHER = "203.0.113.7", "198.51.100.1"


@pytest.mark.parametrize(
    ("answers", "number", "verdict", "seen", "answered"),
    [
        ({"a": GOOD, "b": GOOD, "c": GOOD}, 1, 0, GOOD, [("a", GOOD)]),
        ({"a": GOOD, "b": GOOD, "c": GOOD}, 2, 0, GOOD, [("a", GOOD), ("b", GOOD)]),
        ({"b": GOOD, "c": GOOD}, 2, 0, GOOD, [("b", GOOD), ("c", GOOD)]),
        ({"c": GOOD}, 2, 1, "", []),
        ({"a": GOOD, "b": OTHER}, 2, 2, OTHER, [("a", GOOD), ("b", OTHER)]),
        ({"a": OTHER, "b": GOOD, "c": GOOD}, 1, 2, OTHER, [("a", OTHER)]),
        ({"a": "Bad Gateway", "b": GOOD}, 1, 0, GOOD, [("b", GOOD)]),
        ({}, 1, 1, "", []),
    ],
)
def test_a_quorum_of_echo_servers(
    shell: Shell, answers: dict[str, str], number: int, verdict: int, seen: str, answered: list[tuple[str, str]]
) -> None:
    assert quorum(shell, answers, number) == (verdict, seen, answered)


# Writes down which echo servers are asked. Each of them costs three seconds of a clock of its own, unless it answers.
ASKED = f"""
{ASK}
clock=0
sidecar_uptime() {{ echo "$clock"; }}
echo_servers_ask() {{
    echo "$1" >>asked
    guard_latest=$(cat "$NOMAD_TASK_DIR/$1" 2>/dev/null) || {{ clock=$((clock + 3)); return 1; }}
}}
hosts_check() {{ :; }}
"""


@pytest.mark.parametrize(
    ("answering", "number", "first", "then"),
    [("abc", 1, "a", "a"), ("bc", 1, "ab", "b"), ("c", 1, "abc", "c"), ("bc", 2, "abc", "cb"), ("ac", 2, "abc", "ca")],
)
def test_the_servers_that_answered_last_are_asked_first(shell: Shell, answering: str, number: int, first: str, then: str) -> None:
    for url in answering:
        (shell.home / url).write_text(GOOD)
    looks = "echo_servers_ask_quorum || exit 1; echo >>asked; echo_servers_ask_quorum || exit 1"
    shell.print(f"{ASKED}\n{looks}", GUARD_ECHO=" ".join(URLS), GUARD_QUORUM=str(number))
    asked = (shell.home / "asked").read_text()
    assert asked.replace("\n\n", " ").replace("\n", "") == f"{first} {then}"


def test_a_server_that_is_named_twice_is_asked_twice(shell: Shell) -> None:
    (shell.home / "a").write_text(GOOD)
    looks = "echo_servers_ask_quorum; echo $?; echo_servers_ask_quorum; echo $?; echo $guard_echo_order"
    assert shell.lines(f"{ASKED}\n{looks}", GUARD_ECHO="b a a", GUARD_QUORUM="2") == ["0", "0", "a b a"]


def test_a_look_takes_bounded_time(shell: Shell) -> None:
    (shell.home / "f").write_text(GOOD)
    script = f"{ASKED}\necho_servers_ask_quorum; echo $? $clock"
    assert shell.print(script, GUARD_ECHO="a b c d e f") == "1 12"


def test_a_changed_hosts_file_stops_the_guard(shell: Shell) -> None:
    (shell.home / "hosts").write_text("192.0.2.66 echo.example.com\n")
    done = shell.run(f'{ASK}\nguard_stop() {{ echo "$1 $2"; exit "$1"; }}\necho_servers_ask_quorum')
    assert (done.returncode, done.stdout.split(":")[0]) == (41, "41 the hosts file of the allocation was changed")


@pytest.mark.parametrize("echo", ["http://192.0.2.1/", "http://echo.example.com/"], ids=["address", "name"])
@pytest.mark.parametrize(("file", "called"), [("hosts", "hosts file"), ("resolv.conf", "resolv.conf")])
def test_names_may_not_get_another_meaning_while_the_app_runs(shell: Shell, file: str, called: str, echo: str) -> None:
    """tailscaled finds the login server by them, also where the echo servers have no names."""
    stops = 'guard_stop() { echo "$1 $2"; exit "$1"; }\nhosts_keep; hosts_check'
    assert shell.print(stops, GUARD_ECHO=echo) == ""
    done = shell.run(f"{stops}; echo 192.0.2.66 controlplane.tailscale.com >>etc/{file}; echo_servers_ask_quorum", GUARD_ECHO=echo)
    assert (done.returncode, done.stdout.split(":")[0]) == (41, f"41 the {called} of the allocation was changed")


def test_files_that_were_not_kept_stop_the_guard(shell: Shell) -> None:
    done = shell.run('guard_stop() { exit "$1"; }\necho_servers_ask_quorum')
    assert done.returncode == 41


@pytest.mark.parametrize(("proxy", "asked"), [("127.0.0.1:1055", "http://echo.example.com./ip"), ("", "http://echo.example.com/ip")])
def test_the_proxy_is_asked_for_a_complete_name(shell: Shell, proxy: str, asked: str) -> None:
    """With `search` and `ndots` in resolv.conf another name would be asked for first."""
    stubs = f'timeout() {{ shift; "$@"; }}; wget() {{ echo "$4" >asked; echo {GOOD}; }}'
    shell.print(f"{stubs}\necho_servers_ask http://echo.example.com/ip", GUARD_PROXY=proxy)
    assert (shell.home / "asked").read_text().strip() == asked


def test_the_lock_is_that_of_a_choice_before_the_node_logs_in_again(shell: Shell) -> None:
    assert shell.print("lock_keep() { echo \"keep '$1'\"; }\nguard_forget") == "keep 'choosing'"


# One check of the guard; what it asks and does is recorded, not done.
LOOK = """
guard_stop() { echo "stop $1: $2"; exit "$1"; }
guard_settle() { echo settle; }
echo_servers_ask_quorum() { guard_seen=$SEEN; return "$VERDICT"; }
exit_nodes_choose() { echo "choose '$1'"; [ "$CHOSEN" = true ]; }
sidecar_pause() { :; }
addresses_direct() { echo "$DIRECT"; }
"""
STATE = {"SEEN": GOOD, "VERDICT": "0", "CHOSEN": "true", "DIRECT": "192.0.2.10"}


def look(shell: Shell, before: str, **state: str) -> tuple[int, list[str]]:
    done = shell.run(f'{LOOK}\n{before}\nguard_look\necho "$guard_verdict: $guard_reason"', **{**STATE, **state})
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


IN_USE = "guard_exit=100.64.0.1; guard_settled=999999999"


def test_an_allowed_address_is_a_proof(shell: Shell) -> None:
    assert look(shell, IN_USE) == (0, ["proved: "])
    assert (shell.home / "proved").is_dir()


def test_another_address_stops_the_guard(shell: Shell) -> None:
    reason = f"{OTHER} is seen, which is not 203.0.113.7: the exit node 100.64.0.1 is not in use"
    assert look(shell, IN_USE, VERDICT="2", SEEN=OTHER) == (41, [f"stop 41: {reason}"])


def test_without_an_answer_another_exit_node_is_chosen(shell: Shell) -> None:
    said = "sidecar: no answer through exit node 100.64.0.1"
    assert look(shell, IN_USE, VERDICT="1") == (0, [said, "choose '100.64.0.1'", "proved: "])


def test_without_any_address_the_guard_stops_after_two_rounds(shell: Shell) -> None:
    code, lines = look(shell, IN_USE, VERDICT="1", CHOSEN="false")
    assert (code, lines.count("choose '100.64.0.1'"), lines[-1]) == (42, 2, "stop 42: no address is seen through any exit node")


def test_the_first_exit_node_is_awaited(shell: Shell) -> None:
    assert look(shell, "", CHOSEN="false") == (
        0,
        ["choose ''", "waiting: no exit node of exit1 exit2 is on offer and leads to an echo server"],
    )


def test_differs_without_a_direct_address_is_awaited(shell: Shell) -> None:
    code, lines = look(shell, "", CHOSEN="false", GUARD_EXPECT="differs", DIRECT="")
    assert (code, lines[-1]) == (0, "waiting: what is seen cannot be told from the direct address: no STUN server told it")


@pytest.mark.parametrize(("ago", "code"), [(20, 0), (40, 42)])
def test_a_login_that_leads_to_no_exit_node_stops_the_guard(shell: Shell, ago: int, code: int) -> None:
    (shell.home / "proved").mkdir()
    before = f"IFS=. read -r guard_proved _ </proc/uptime; guard_proved=$((guard_proved - {ago})); guard_forget"
    assert look(shell, before, CHOSEN="false")[0] == code


def test_an_answer_is_judged_again_when_tailscaled_has_learnt_the_direct_address(shell: Shell) -> None:
    """The first answer came before a STUN server reported the address from which it was asked for."""
    (shell.home / "a").write_text(OTHER)
    ask = "echo_servers_ask a; echo $?"
    own = 'addresses_own() { echo "$sidecar_status"; }\naddresses_of_interfaces() { echo 10.1.2.3; }'
    script = f"{ASK}\n{own}\nsidecar_status=10.1.2.3; {ask}; {ask}; sidecar_status={OTHER}; {ask}"
    assert shell.lines(script, GUARD_EXPECT="198.51.100.0/24") == ["0", "0", "2"]


def test_a_node_that_has_logged_out_keeps_the_addresses_of_its_last_judgement(shell: Shell) -> None:
    found = json.loads(shell.print("guard_own='10.1.2.3\n192.0.2.10'; guard_json"))
    assert found["direct"] == ["10.1.2.3", "192.0.2.10"]


def test_the_guards_evidence_is_json(shell: Shell, recorded: Recorded) -> None:
    script = "guard_exit=100.64.0.1; guard_seen=203.0.113.7; guard_verdict=proved; guard_reason=; guard_proved=1"
    script += '\nguard_answers=", {\\"url\\": \\"http://192.0.2.1/\\", \\"address\\": \\"203.0.113.7\\"}"'
    found = json.loads(shell.print(f"{recorded.is_read('running')}\n{script}\nguard_json"))
    assert found.pop("checked") > 1_700_000_000
    assert "127.0.0.1" in found.pop("interfaces")
    assert found == {
        "level": "locked",
        "exit_nodes": "exit1 exit2",
        "expect": "203.0.113.7",
        "exit_node": "100.64.0.1",
        "observed": "203.0.113.7",
        "answers": [{"url": "http://192.0.2.1/", "address": "203.0.113.7"}],
        "direct": sorted(address.rpartition(":")[0].strip("[]") for address in set(recorded.json("running")["Self"]["Addrs"])),
        "exit_node_status": {"address": "100.64.0.1", "online": True},
        "begun": None,
        "interval": 0,
        "verdict": "proved",
        "reason": "",
    }


# The start of the guard, without rules and without questions; what it does is a line.
BEGIN = """
guard_stop() { echo "$1"; exit "$1"; }
lock_outbound() { echo lock; }
hosts_remember() { echo names; }
direct_refuse() { echo 'the network is observed'; }
"""


def begin(shell: Shell, before: str = "", **environment: str) -> tuple[int, list[str]]:
    done = shell.run(f"{BEGIN}\n{before}\nguard_begin", **environment)
    return done.returncode, done.stdout.splitlines()


def test_the_network_is_observed_after_the_lock_is_set(shell: Shell) -> None:
    assert begin(shell, SIDECAR_MODE="kernel") == (0, ["names", "lock", "the network is observed"])


def test_a_second_start_ends_the_allocation_behind_its_lock(shell: Shell) -> None:
    assert begin(shell)[0] == 0
    assert begin(shell, SIDECAR_MODE="kernel") == (40, ["lock", "40"])


def test_a_start_that_cannot_be_recorded_ends_the_allocation(shell: Shell) -> None:
    assert begin(shell, NOMAD_TASK_DIR="/proc/none") == (45, ["45"])


def test_a_hosts_file_that_cannot_be_copied_ends_the_allocation(shell: Shell) -> None:
    assert begin(shell, "guard_hosts=/proc/none", GUARD_ECHO="http://echo.example.com/") == (45, ["45"])


def test_a_proof_that_cannot_be_removed_ends_the_allocation(shell: Shell) -> None:
    assert begin(shell, "guard_mark=/proc/version") == (45, ["45"])


def test_the_evidence_names_the_boot_and_the_namespace_of_the_first_start(shell: Shell) -> None:
    first = "sidecar_boot_id=boot-1; sidecar_netns=net:[1]"
    again = "sidecar_boot_id=boot-2; sidecar_netns=net:[2]; guard_stop() { guard_json; exit; }"
    assert begin(shell, first)[0] == 0
    _code, (*_lines, evidence) = begin(shell, again)
    assert json.loads(evidence)["begun"] == {"boot_id": "boot-1", "netns": "net:[1]"}


def test_a_stop_kills_before_it_prints(shell: Shell) -> None:
    stubs = 'killall() { echo "killall $*"; }; evidence_write() { echo "$1"; }; sidecar_say() { echo "say $1"; }'
    (shell.home / "proved").mkdir()
    (shell.home / "ready").touch()
    done = shell.run(f"{stubs}\nguard_stop 41 'another address'")
    assert (done.returncode, done.stdout.splitlines()) == (41, ["killall -9 tailscaled", "failed", "say another address"])
    assert [path.name for path in shell.home.iterdir()] == ["etc"]
