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


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("http://echo.example.com/ip", "http://echo.example.com./ip"),
        ("https://echo.example.com:8443", "https://echo.example.com.:8443"),
        ("http://user:secret@echo.example.com:81/x?y=a.b:1", "http://user:secret@echo.example.com.:81/x?y=a.b:1"),
        ("http://echo.example.com./", "http://echo.example.com./"),
        ("http://192.0.2.1:8080/", "http://192.0.2.1:8080/"),
        ("http://[2001:db8::1]:8080/ip", "http://[2001:db8::1]:8080/ip"),
    ],
)
def test_a_name_in_a_url_gets_a_dot_at_its_end(shell: Shell, url: str, absolute: str) -> None:
    assert shell.print('hosts_absolute_url "$URL"', URL=url) == absolute


def test_the_hosts_file_gives_the_addresses_of_a_name(shell: Shell) -> None:
    (shell.etc / "hosts").write_text("# echo.example.com\n192.0.2.1 a echo.example.com\n2001:db8::1\techo.example.com\n192.0.2.9 other\n")
    given = "echo.example.com\n198.51.100.7\nunknown.example.com\n2001:db8::7\n"
    assert sorted(shell.lines("hosts_addresses", given)) == ["192.0.2.1", "198.51.100.7", "2001:db8::1", "2001:db8::7"]
    assert shell.lines("hosts_addresses") == []


def test_a_line_that_the_app_adds_gives_no_address(shell: Shell) -> None:
    """The lock lets those through whom the declaration names."""
    script = "hosts_keep; echo 100.64.0.9 echo.example.com >>etc/hosts; hosts_echo_addresses"
    assert shell.lines(script, GUARD_ECHO="http://192.0.2.1/ http://echo.example.com/") == ["192.0.2.1"]


def test_complete_names_are_asked_for(shell: Shell) -> None:
    """Nobody's search domain makes another name of them."""
    answers = 'timeout() { shift; "$@"; }; nslookup() { echo "$1" >>asked; printf "Name: %s\\nAddress: 192.0.2.7\\n" "$1"; }'
    echo = "http://192.0.2.1/ http://echo.example.com/"
    shell.print(f"{answers}\nhosts_remember", GUARD_ECHO=echo)
    names = ["controlplane.tailscale.com", "echo.example.com"]
    assert sorted((shell.home / "asked").read_text().split()) == [f"{name}." for name in names]
    assert sorted((shell.etc / "hosts").read_text().splitlines()[1:]) == [f"192.0.2.7 {name}" for name in names]


def test_names_are_asked_for_at_once_and_nothing_else_is_awaited(shell: Shell) -> None:
    """The first name is found when the second is asked for; the shell has another child, as the sidecar has containerboot."""
    answers = """
timeout() { shift; "$@"; }
nslookup() {
    [ "$1" = a. ] || touch asked
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e asked ] || sleep 0.2; done
    [ ! -e asked ] || printf 'Name: x\\nAddress: 192.0.2.7\\n'
}
sleep 60 >/dev/null 2>&1 &
printf 'a\\nb\\n' | hosts_ask
kill $!
"""
    shell.print(answers)
    assert len((shell.etc / "hosts").read_text().splitlines()) == 3


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
