# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts in URLs, and the lines for the hosts file."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Shell

URLS = "https://echo.example.com/ip http://192.0.2.1:8080/ http://user:secret@other.example.com:81/x?y=1 http://[2001:db8::1]:8080/ip"
# In the form of the nslookup that the official image has, for a name with three addresses.
NSLOOKUP = """\
Server:\t\t10.0.0.53
Address:\t10.0.0.53:53

Non-authoritative answer:
Name:\techo.example.com
Address: 192.0.2.1
Name:\techo.example.com
Address: 192.0.2.2

Non-authoritative answer:
Name:\techo.example.com
Address: 2001:db8::1
"""
# In the form of a busybox with its small nslookup.
NUMBERED = """\
Server:    10.0.0.53
Address 1: 10.0.0.53 dns.example.com

Name:      echo.example.com
Address 1: 192.0.2.1 echo.example.com
"""


def test_the_hosts_of_urls(shell: Shell) -> None:
    assert shell.lines('hosts_of_urls "$URLS"', URLS=URLS) == ["echo.example.com", "192.0.2.1", "other.example.com", "2001:db8::1"]


def test_the_hosts_that_are_names(shell: Shell) -> None:
    assert shell.lines('hosts_named_in_urls "$URLS"', URLS=URLS) == ["echo.example.com", "other.example.com"]


def test_an_address_in_a_url_is_an_address_of_the_echo_server(shell: Shell) -> None:
    echo = "http://192.0.2.1:8080/ http://unknown.invalid/ http://[2001:db8::1]/"
    assert shell.lines("hosts_echo_addresses", GUARD_ECHO=echo) == ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (NSLOOKUP, ["192.0.2.1 echo.example.com", "192.0.2.2 echo.example.com", "2001:db8::1 echo.example.com"]),
        (NUMBERED, ["192.0.2.1 echo.example.com"]),
        ("Server:\t\t10.0.0.53\nAddress:\t10.0.0.53:53\n\n** server can't find echo.example.com: NXDOMAIN\n", []),
    ],
    ids=["found", "numbered", "not found"],
)
def test_an_answer_of_nslookup_gives_lines_for_the_hosts_file(shell: Shell, answer: str, lines: list[str]) -> None:
    assert shell.lines("hosts_lines echo.example.com", answer) == lines
