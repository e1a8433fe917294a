# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an address is in a network, is the node's own, and is allowed."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Shell
from tests.unit.support.observed_addresses import ADDRESSES, INTERFACES, JUDGEMENTS


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.70", False),
        ("203.0.113.7", "203.0.113.0/24", True),
        ("203.0.114.7", "203.0.113.0/24", False),
        ("203.0.113.127", "203.0.113.0/25", True),
        ("203.0.113.128", "203.0.113.0/25", False),
        ("10.255.0.1", "10.0.0.0/8", True),
        ("203.0.113.7", "0.0.0.0/0", True),
        ("203.0.113.7", "203.0.113.7/32", True),
        ("203.0.113.6", "203.0.113.7/32", False),
        ("203.0.113.7", "198.51.100.0/24\n203.0.113.0/24", True),
        ("203.0.113.7", "198.51.100.0/24\n192.0.2.0/24", False),
        ("2001:db8::7", "2001:db8::7", True),
        ("2001:DB8::7", "2001:db8:0:0:0:0:0:7", True),
        ("2001:db8::7", "2001:db8::8", False),
        ("2001:db8:1::7", "2001:db8:1::/48", True),
        ("2001:db8:2::7", "2001:db8:1::/48", False),
        ("2001:db8:0:3fff::1", "2001:db8::/50", True),
        ("2001:db8:0:4000::1", "2001:db8::/50", False),
        ("::1", "::/0", True),
        ("203.0.113.7", "::/0", False),
        ("2001:db8::7", "0.0.0.0/0", False),
    ],
)
def test_an_address_is_in_a_network(shell: Shell, address: str, networks: str, within: bool) -> None:
    done = shell.run('addresses_within "$ADDRESS" "$NETWORKS"', ADDRESS=address, NETWORKS=networks)
    assert (done.returncode, done.stderr) == (0 if within else 1, "")


@pytest.mark.parametrize(
    ("answer", "address"),
    [
        ("203.0.113.7\n", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
        ('{"ip": "203.0.113.7", "country": "DE"}\n', "203.0.113.7"),
        ("<p>at 12:34:56 you are 203.0.113.7</p>\n", "203.0.113.7"),
        ("2026-01-02T12:34:56 2001:db8::7\n", "2001:db8::7"),
        ("2001:db8:1:2:3:4:5:6\n", "2001:db8:1:2:3:4:5:6"),
        ("your address is [2001:db8::]:443\n", "2001:db8::"),
        ("2001:db8::\n", "2001:db8::"),
        ("::ffff\n", "::ffff"),
        ("203.0.113.7 198.51.100.1\n", "203.0.113.7"),
        ("you are ::ffff:203.0.113.7\n", "::ffff:203.0.113.7"),
        ("459.0.113.7\n", ""),
        ("459.0.113.7 or 203.0.113.7\n", "203.0.113.7"),
        ("std::dec is no address\n", ""),
        ("Bad Gateway at 12:34:56\n", ""),
        ("1.2.3\n", ""),
        ("1.2.3.4.5\n", ""),
        ("", ""),
    ],
)
def test_the_first_address_in_an_answer(shell: Shell, answer: str, address: str) -> None:
    assert shell.run("addresses_first", given=answer).stdout.strip() == address


@pytest.mark.parametrize(
    ("expect", "address", "verdict"),
    [
        ("any", "198.51.100.1", 0),
        ("203.0.113.7 198.51.100.0/24", "198.51.100.1", 0),
        ("203.0.113.7 198.51.100.0/24", "192.0.2.1", 1),
        # The node sends from 192.0.2.10, as a STUN server reported; 10.1.2.3 is an address of its interface.
        ("differs", "203.0.113.7", 0),
        ("differs", "192.0.2.10", 1),
        ("differs", "10.1.2.3", 1),
    ],
)
def test_an_address_is_allowed(shell: Shell, expect: str, address: str, verdict: int) -> None:
    interface = "ip() { echo '2: eth0    inet 10.1.2.3/24 scope global eth0'; }"
    own = "addresses_own() { echo 10.1.2.3; echo 192.0.2.10; }"
    done = shell.run(f'{interface}\n{own}\naddresses_allow "$ADDRESS"', ADDRESS=address, GUARD_EXPECT=expect)
    assert (done.returncode, done.stderr) == (verdict, "")


@pytest.mark.parametrize(("expect", "address", "own", "verdict"), JUDGEMENTS)
def test_the_judgement(shell: Shell, expect: str, address: str, own: tuple[str, ...], verdict: int) -> None:
    stubs = 'addresses_own() { printf "%s\\n" $OWN; }\naddresses_of_interfaces() { printf "%s\\n" $INTERFACES; }\n'
    script = f'{stubs}addresses_allow "$(echo "$ADDRESS" | addresses_first)"'
    done = shell.run(script, ADDRESS=address, GUARD_EXPECT=expect, OWN=" ".join(own), INTERFACES=" ".join(INTERFACES))
    assert (done.returncode, done.stderr) == (verdict, "")


@pytest.mark.parametrize(("text", "is_one"), ADDRESSES)
def test_what_is_an_address(shell: Shell, text: str, is_one: bool) -> None:
    found = shell.run('printf "%s\n" "$TEXT" | addresses_bits', TEXT=text).stdout.split()
    assert (found[0] != "-") is is_one


def test_the_complaint_names_a_direct_address(shell: Shell) -> None:
    own = "guard_own=192.0.2.10\naddresses_complaint"
    assert shell.print(f"{own} 192.0.2.10", GUARD_EXPECT="192.0.2.0/24") == "which is the node's own address"
    assert shell.print(f"{own} 203.0.113.7", GUARD_EXPECT="192.0.2.0/24") == "which is not 192.0.2.0/24"


def test_without_a_direct_address_no_address_differs_for_sure(shell: Shell) -> None:
    interface = "ip() { echo '2: eth0    inet 10.1.2.3/24 scope global eth0'; }"
    done = shell.run(f"{interface}\naddresses_own() {{ echo 10.1.2.3; }}\naddresses_allow 203.0.113.7", GUARD_EXPECT="differs")
    assert done.returncode == 2
