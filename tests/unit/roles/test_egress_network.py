# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CNI network of the role egress_network: its plugin sets the firewall rules of the bridge, or fails the allocation."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parents[3] / "roles/egress_network/templates"
NETWORK = {
    "name": "notailcar-egress",
    "bridge": "ntc-egress",
    "subnet": "172.27.64.0/20",
    "destinations": ["198.51.100.2", "192.0.2.0/24"],
}
VALUES = {"__egress_network": {"declaration": NETWORK}, "__egress_network_rules": "notailcar-egress-rules"}
CHAIN = "NOTAILCAR-ntc-egress"
# Each call and what it reads is written down. A program that $FAILING names fails; there is no jump before.
IPTABLES = """#!/bin/sh
name=${0##*/}
{ echo "$name $*"; case $name in *-restore) cat ;; esac; } >>"$CALLS"
case " $* " in *" -C "*) exit 1 ;; esac
[ "$name" != "$FAILING" ]
"""
PROGRAMS = ("iptables", "iptables-restore", "ip6tables", "ip6tables-restore")


def rendered(template: str) -> str:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True)
    environment.filters["to_json"] = json.dumps
    return environment.get_template(template).render(VALUES)


class Plugin:
    """The plugin as Nomad calls it, with programs that only write down what they should do."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.calls = home / "calls"
        for name in PROGRAMS:
            (home / name).write_text(IPTABLES)
            (home / name).chmod(0o755)

    def __call__(self, command: str = "", failing: str = "") -> tuple[int, t.Any]:
        environment = {"PATH": f"{self.home}:/usr/bin:/bin", "CALLS": str(self.calls), "FAILING": failing}
        if command:
            environment["CNI_COMMAND"] = command
        argv = ["sh", "-c", rendered("rules.sh.j2")]
        done = subprocess.run(argv, env=environment, input="{}", capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def called(self, name: str) -> list[str]:
        """What a program was called with and read."""
        text = self.calls.read_text() if self.calls.exists() else ""
        parts = text.replace("\nip", "\0ip").rstrip("\n").split("\0")
        return [part.removeprefix(f"{name} ") for part in parts if part.startswith(f"{name} ")]


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def test_an_allocation_reaches_the_destinations_and_the_network_alone(plugin: Plugin) -> None:
    assert plugin("ADD") == (0, {"cniVersion": "1.0.0"})
    (rules,) = plugin.called("iptables-restore")
    assert rules.splitlines() == [
        "--noflush --wait 5",
        "*mangle",
        f":{CHAIN} - [0:0]",
        f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {CHAIN} -i ntc-egress -o ntc-egress -j RETURN",
        f"-A {CHAIN} -i ntc-egress -m conntrack --ctorigdst 198.51.100.2 -j RETURN",
        f"-A {CHAIN} -i ntc-egress -m conntrack --ctorigdst 192.0.2.0/24 -j RETURN",
        f"-A {CHAIN} -j DROP",
        "COMMIT",
    ]
    jumps = [f"--wait 5 -t mangle -I {where} ntc-egress -j {CHAIN}" for where in ("FORWARD -i", "FORWARD -o", "INPUT -i")]
    assert [call for call in plugin.called("iptables") if " -I " in call] == jumps


def test_nothing_passes_by_ipv6_where_there_is_any(plugin: Plugin) -> None:
    assert plugin("ADD")[0] == 0
    families = int(Path("/proc/net/if_inet6").exists())
    rules = [line for call in plugin.called("ip6tables-restore") for line in call.splitlines() if line.startswith("-A")]
    assert rules == [f"-A {CHAIN} -j DROP"] * families
    assert len([call for call in plugin.called("ip6tables") if " -I " in call]) == 3 * families


@pytest.mark.parametrize("failing", ["iptables", "iptables-restore"])
def test_without_its_rules_an_allocation_does_not_start(plugin: Plugin, failing: str) -> None:
    code, answer = plugin("ADD", failing)
    assert (code, answer["code"]) == (1, 100)
    assert "the firewall rules of the bridge ntc-egress could not be set" in answer["msg"]
    assert plugin("CHECK", failing)[0] != 0


def test_the_rules_of_others_are_left_when_an_allocation_ends(plugin: Plugin) -> None:
    assert plugin("DEL") == (0, "")
    assert not plugin.calls.exists()


def test_nomad_finds_a_version(plugin: Plugin) -> None:
    assert plugin() == (0, "CNI plugin notailcar-egress-rules v1.0.0\n")
    assert "1.0.0" in plugin("VERSION")[1]["supportedVersions"]


def test_the_rules_are_set_before_the_allocation_is_connected() -> None:
    network = json.loads(rendered("network.conflist.j2"))
    assert [plugin["type"] for plugin in network["plugins"]] == ["notailcar-egress-rules", "loopback", "bridge", "firewall"]
    assert not any(route["dst"].endswith("/0") for route in network["plugins"][2]["ipam"]["routes"])
