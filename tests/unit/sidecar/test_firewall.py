# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of kernel mode: the inbound firewall and the lock."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Shell

ECHO = "hosts_echo_addresses() { echo 192.0.2.1; echo 2001:db8::1; }"
TAILNETS = {"iptables": "100.64.0.0/10", "ip6tables-nft": "fd7a:115c:a1e0::/48"}


def test_nomads_checks_come_in_from_the_gateway_only(shell: Shell) -> None:
    rules = shell.lines("firewall_inbound_rules iptables-nft 172.26.64.1", SIDECAR_OPEN_PORTS="9002 8080")
    assert [rule for rule in rules if "--dport" in rule] == [
        "-A NOTAILCAR -s 172.26.64.1 -p tcp --dport 9002 -j ACCEPT",
        "-A NOTAILCAR -s 172.26.64.1 -p tcp --dport 8080 -j ACCEPT",
    ]


@pytest.mark.parametrize("command", ["iptables", "ip6tables-nft"])
def test_inbound_packets_from_elsewhere_are_dropped(shell: Shell, command: str) -> None:
    rules = shell.lines(f"firewall_inbound_rules {command} 172.26.64.1")
    assert rules[:2] == ["*filter", ":NOTAILCAR - [0:0]"]
    assert rules[-3:] == ["-A NOTAILCAR -p tcp -j REJECT --reject-with tcp-reset", "-A NOTAILCAR -j DROP", "COMMIT"]
    accepted = [rule.removeprefix("-A NOTAILCAR ") for rule in rules if rule.endswith("ACCEPT")]
    own = "-p ipv6-icmp -j ACCEPT" if command.startswith("ip6") else "-s 172.26.64.1 -p tcp --dport 9002 -j ACCEPT"
    established = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    assert accepted == ["-i lo -j ACCEPT", "-i tailscale0 -j ACCEPT", established, own]


@pytest.mark.parametrize(("command", "echo"), [("iptables", "192.0.2.1"), ("iptables-nft", "192.0.2.1"), ("ip6tables", "2001:db8::1")])
def test_while_an_exit_node_is_chosen_only_the_echo_servers_are_reachable_through_it(shell: Shell, command: str, echo: str) -> None:
    rules = shell.lines(f"{ECHO}\nlock_outbound_rules {command} choosing")
    assert [rule for rule in rules if "-o tailscale0" in rule] == [f"-A NOTAILCAR-OUT -o tailscale0 -d {echo} -j ACCEPT"]


@pytest.mark.parametrize("command", TAILNETS)
def test_the_lock_lets_out_the_tailnet_and_tailscaled_and_nothing_else(shell: Shell, command: str) -> None:
    (shell.home / "serve_config.json").write_text('{"TCP":{"443":{"HTTPS":true},\n\t"8000": {}},"Web":{"a:443":{"Handlers":{}}}}')
    rules = shell.lines(f"lock_outbound_rules {command} ''", GUARD_PEERS="100.64.0.53 fd7a:115c:a1e0::53")
    neighbours = [f"-p ipv6-icmp -m icmp6 --icmpv6-type {number} -j ACCEPT" for number in (133, 135, 136)]
    six = command.startswith("ip6")
    assert rules == [
        "*filter",
        ":NOTAILCAR-OUT - [0:0]",
        *(
            f"-A NOTAILCAR-OUT {rule}"
            for rule in (
                "-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT",
                f"-o lo -p tcp -d {TAILNETS[command]} --dport 443 -j ACCEPT",
                f"-o lo -p tcp -d {TAILNETS[command]} --dport 8000 -j ACCEPT",
                f"-o lo -p tcp -d {TAILNETS[command]} -j REJECT",
                "-o lo -j ACCEPT",
                *(f"-o tailscale0 -d {peer} -j ACCEPT" for peer in (["fd7a:115c:a1e0::53"] if six else ["100.64.0.53", "192.0.2.1"])),
                f"-o tailscale0 -d {TAILNETS[command]} -j REJECT",
                "-o tailscale0 -j ACCEPT",
                *(neighbours if six else []),
                "-m mark --mark 0x80000/0xff0000 -p udp --dport 53 -j DROP",
                "-m mark --mark 0x80000/0xff0000 -j ACCEPT",
                "-j DROP",
            )
        ),
        "COMMIT",
    ]


@pytest.mark.parametrize("state", ["''", "choosing"])
@pytest.mark.parametrize(("command", "server"), [("iptables-nft", "192.0.2.7"), ("ip6tables", "2001:db8::7")])
def test_once_the_servers_are_known_tailscaled_connects_to_nobody_else(shell: Shell, command: str, server: str, state: str) -> None:
    (shell.home / "servers").write_text("192.0.2.7\n2001:db8::7\n")
    marked = "-A NOTAILCAR-OUT -m mark --mark 0x80000/0xff0000"
    rules = shell.lines(f"lock_outbound_rules {command} {state}")
    assert [rule for rule in rules if "mark" in rule] == [
        f"{marked} -p udp --dport 53 -j DROP",
        f"{marked} -p tcp -d {server} -j ACCEPT",
        f"{marked} -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT",
        f"{marked} -p tcp -j REJECT --reject-with tcp-reset",
        f"{marked} -j ACCEPT",
    ]


@pytest.mark.parametrize("state", ["''", "choosing"])
@pytest.mark.parametrize("command", TAILNETS)
def test_the_peer_api_is_closed_whatever_its_port_is(shell: Shell, command: str, state: str) -> None:
    """After a new login it has another one, of which the last status that was read knows nothing."""
    rules = shell.lines(f"lock_outbound_rules {command} {state}")
    own = [rule for rule in rules if "-o lo" in rule]
    assert own == [f"-A NOTAILCAR-OUT -o lo -p tcp -d {TAILNETS[command]} -j REJECT", "-A NOTAILCAR-OUT -o lo -j ACCEPT"]


def test_a_lock_that_cannot_be_kept_stops_the_guard(shell: Shell) -> None:
    stubs = 'lock_outbound() { return 1; }; guard_stop() { echo "$1 $2"; }'
    assert shell.print(f"{stubs}\nlock_keep ''", SIDECAR_MODE="kernel") == "43 the lock could not be kept"
    assert shell.print(f"{stubs}\nlock_keep ''", SIDECAR_MODE="userspace") == ""
