# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of kernel mode: the inbound firewall and the lock."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Shell

ECHO = "hosts_echo_addresses() { echo 192.0.2.1; echo 2001:db8::1; }"
PORTS = "status_peer_api_ports() { echo 4001; echo 4002; }"


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


@pytest.mark.parametrize("command", ["iptables", "ip6tables-nft"])
def test_the_lock_lets_out_the_tailnet_and_tailscaled_and_nothing_else(shell: Shell, command: str) -> None:
    rules = shell.lines(f"{PORTS}\nlock_outbound_rules {command} ''")
    neighbours = [f"-p ipv6-icmp -m icmp6 --icmpv6-type {number} -j ACCEPT" for number in (133, 135, 136)]
    assert rules == [
        "*filter",
        ":NOTAILCAR-OUT - [0:0]",
        *(
            f"-A NOTAILCAR-OUT {rule}"
            for rule in (
                "-o lo -p tcp --dport 4001 -j REJECT",
                "-o lo -p tcp --dport 4002 -j REJECT",
                "-o lo -j ACCEPT",
                "-o tailscale0 -j ACCEPT",
                "-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT",
                *(neighbours if command.startswith("ip6") else []),
                "-m mark --mark 0x80000/0xff0000 -j ACCEPT",
                "-j DROP",
            )
        ),
        "COMMIT",
    ]


def test_a_lock_that_cannot_be_kept_stops_the_guard(shell: Shell) -> None:
    stubs = 'lock_outbound() { return 1; }; guard_stop() { echo "$1 $2"; }'
    assert shell.print(f"{stubs}\nlock_keep ''", SIDECAR_MODE="kernel") == "43 the lock could not be kept"
    assert shell.print(f"{stubs}\nlock_keep ''", SIDECAR_MODE="userspace") == ""
