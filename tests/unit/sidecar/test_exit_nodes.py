# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exit nodes a status offers, and in which order the guard tries them."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.unit.sidecar.scripts import Recorded, Shell


@pytest.fixture
def peers(recorded: Recorded) -> dict[str, t.Any]:
    """The peers in the recorded status, by the first label of their names."""
    return {peer["DNSName"].split(".")[0]: peer for peer in recorded.json("exit_nodes")["Peer"].values()}


def test_the_recorded_peers_are_of_each_kind(peers: dict[str, t.Any]) -> None:
    """On offer and online, neither approved, offline."""
    kinds = {name: (peer["ExitNodeOption"], peer["Online"]) for name, peer in peers.items()}
    assert kinds == {"exit1": (True, True), "exit2": (True, True), "exit3": (False, True), "exit4": (True, False)}


def test_exit_nodes_that_are_offered_and_online(shell: Shell, recorded: Recorded, peers: dict[str, t.Any]) -> None:
    offered = {line.split()[0]: line.split()[1:] for line in shell.lines(f"{recorded.is_read('exit_nodes')}\nexit_nodes_offered")}
    assert offered == {
        peer["TailscaleIPs"][0]: [peer["DNSName"].rstrip("."), name, *peer["TailscaleIPs"], *peer["Tags"]]
        for name, peer in peers.items()
        if name in ("exit1", "exit2")
    }


def test_a_status_without_peers_offers_none(shell: Shell, recorded: Recorded) -> None:
    assert shell.print(f"{recorded.is_read('running')}\nexit_nodes_offered") == ""


@pytest.mark.parametrize(
    ("document", "status"),
    [("running", {"address": "100.64.0.1", "online": True}), ("started", None), ("needs_login", None)],
)
def test_what_tailscaled_itself_reports(shell: Shell, recorded: Recorded, document: str, status: dict[str, t.Any] | None) -> None:
    assert json.loads(shell.print(f"{recorded.is_read(document)}\nexit_nodes_status")) == status


def test_an_exit_node_that_is_offline(shell: Shell, recorded: Recorded) -> None:
    offline = recorded.text("running").replace('"ID": "1",\n    "Online": true', '"ID": "1",\n    "Online": false')
    assert offline != recorded.text("running")
    assert json.loads(shell.print("sidecar_status=$STATUS; exit_nodes_status", STATUS=offline))["online"] is False


@pytest.mark.parametrize(
    ("wanted", "candidates"),
    [
        ("exit1", ["1/exit1"]),
        ("exit2 exit1", ["1/exit2", "2/exit1"]),
        ("EXIT2", ["1/exit2"]),
        ("exit1.tailnet.example", ["1/exit1"]),
        ("exit", []),
        ("exit3 exit4 exit2", ["3/exit2"]),
        ("exit2 tag:exit", ["1/exit2", "2/exit1", "2/exit2"]),
        ("tag:other", []),
    ],
)
def test_candidates_are_in_the_wanted_order(
    shell: Shell, recorded: Recorded, peers: dict[str, t.Any], wanted: str, candidates: list[str]
) -> None:
    names = {peer["TailscaleIPs"][0]: name for name, peer in peers.items()}
    found = [line.split("/") for line in shell.lines(f"{recorded.is_read('exit_nodes')}\nexit_nodes_candidates", GUARD_EXIT_NODES=wanted)]
    assert sorted(f"{rank}/{names[address]}" for rank, address in found) == candidates
    assert [rank for rank, _address in found] == sorted(rank for rank, _address in found)


@pytest.mark.parametrize("family", [0, 1])
def test_an_exit_node_is_wanted_by_its_address(shell: Shell, recorded: Recorded, peers: dict[str, t.Any], family: int) -> None:
    wanted = peers["exit2"]["TailscaleIPs"]
    found = shell.print(f"{recorded.is_read('exit_nodes')}\nexit_nodes_candidates", GUARD_EXIT_NODES=wanted[family])
    assert found == f"1/{wanted[0]}"


@pytest.mark.parametrize(
    ("failed", "order"),
    [("100.64.0.1", "2/100.64.0.2 3/100.64.0.3 1/100.64.0.1"), ("", "1/100.64.0.1 2/100.64.0.2 3/100.64.0.3")],
)
def test_the_failed_exit_node_is_tried_last(shell: Shell, failed: str, order: str) -> None:
    given = "1/100.64.0.1\n2/100.64.0.2\n3/100.64.0.3\n"
    assert shell.lines(f"exit_nodes_with_last '{failed}'", given) == order.split()


# The daemon takes any exit node; the echo servers see an address through those in $WORKING.
CHOOSE = """
exit_nodes_candidates() { printf '1/100.64.0.1\\n2/100.64.0.2\\n'; }
tailscale_cli() { echo "$2"; used=${2#--exit-node=}; }
lock_keep() { echo "lock '$1'"; }
echo_servers_ask_quorum() {
    case " $WORKING " in
        *" $used "*) guard_seen=203.0.113.7; return 0 ;;
    esac
    guard_seen=198.51.100.1
    return "$OTHERWISE"
}
guard_stop() { echo "stop $1: $2"; exit "$1"; }
"""


def choose(shell: Shell, failed: str, working: str, otherwise: int = 1) -> tuple[int, list[str]]:
    script = f"{CHOOSE}\nexit_nodes_choose '{failed}' || exit; echo \"in use: $guard_exit, rank $guard_rank\""
    done = shell.run(script, WORKING=working, OTHERWISE=str(otherwise))
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_the_first_exit_node_that_works_is_chosen(shell: Shell) -> None:
    assert choose(shell, "", "100.64.0.2") == (
        0,
        [
            "lock 'choosing'",
            "--exit-node=100.64.0.1",
            "--exit-node=100.64.0.2",
            "lock ''",
            "sidecar: leaving through 100.64.0.2 as 203.0.113.7",
            "in use: 100.64.0.2, rank 2",
        ],
    )


def test_the_one_that_failed_is_chosen_only_after_the_others(shell: Shell) -> None:
    code, lines = choose(shell, "100.64.0.1", "100.64.0.1 100.64.0.2")
    assert (code, lines[-1]) == (0, "in use: 100.64.0.2, rank 2")


def test_none_that_works_is_chosen(shell: Shell) -> None:
    assert choose(shell, "", "") == (1, ["lock 'choosing'", "--exit-node=100.64.0.1", "--exit-node=100.64.0.2"])


def test_another_address_through_an_exit_node_stops_the_guard(shell: Shell) -> None:
    code, lines = choose(shell, "", "", otherwise=2)
    assert (code, lines[-1]) == (41, "stop 41: 198.51.100.1 is seen through exit node 100.64.0.1, which is not 203.0.113.7")
