# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The direct path that must not exist: wide routes, and echo servers that answer before tailscaled runs."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Shell

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def route(destination: str, mask: str, interface: str = "eth0") -> str:
    """A line of /proc/net/route."""
    return f"{interface}\t{destination}\t01401BAC\t0003\t0\t0\t0\t{mask}\t0\t0\t0\n"


def route6(destination: str, length: str, interface: str) -> str:
    """A line of /proc/net/ipv6_route."""
    none = "0" * 32
    return f"{destination:0<32} {length} {none} 00 {none} 00000100 00000001 00000000 00000001 {interface:>8}\n"


ISOLATED = HEAD + route("00401BAC", "00F0FFFF") + route("026433C6", "FFFFFFFF") + route("0000000A", "000000FF")
LOOPBACK6 = route6("", "00", "lo") + route6("fe80", "40", "eth0") + route6("ff00", "08", "eth0")


@pytest.mark.parametrize(
    ("routes", "interface"),
    [
        (ISOLATED, ""),
        (ISOLATED + LOOPBACK6, ""),
        (ISOLATED + route("00000000", "00000000"), "eth0"),
        (ISOLATED + route("00000000", "00000080", "eth1"), "eth1"),
        (ISOLATED + route("00000008", "000000FE"), "eth0"),
        # An unreachable default route leads nowhere.
        (ISOLATED + route("00000000", "00000000", "*"), ""),
        (ISOLATED + LOOPBACK6 + route6("", "00", "eth0"), "eth0"),
        (ISOLATED + LOOPBACK6 + route6("2", "03", "eth0"), "eth0"),
    ],
)
def test_a_route_to_everywhere(shell: Shell, routes: str, interface: str) -> None:
    assert shell.print("direct_wide_route", routes) == interface


# wget of busybox on an answer, on an error as answer, and without an answer.
WGET = """
timeout() { shift; "$@"; }
wget() {
    echo "Connecting to $3" >&2
    case $3 in
        *good*) return 0 ;;
        *forbidden*) echo 'wget: server returned error: HTTP/1.1 403 Forbidden' >&2; return 1 ;;
        *) echo "wget: can't connect to remote host: Network is unreachable" >&2; return 1 ;;
    esac
}
guard_stop() { echo "$1 $2"; exit "$1"; }
"""


@pytest.mark.parametrize(
    ("echo", "answers"),
    [
        ("http://closed.example/ http://closed.example/2", ""),
        ("http://closed.example/ http://good.example/", "http://good.example/"),
        ("http://forbidden.example/", "http://forbidden.example/"),
    ],
)
def test_the_echo_servers_that_answer(shell: Shell, echo: str, answers: str) -> None:
    assert shell.print(f"{WGET}\ndirect_answers", GUARD_ECHO=echo) == answers


@pytest.mark.parametrize(
    ("level", "echo", "wide", "ends"),
    [
        ("monitored", "http://good.example/", "eth0", ""),
        ("locked", "http://closed.example/", "eth0", ""),
        ("locked", "http://good.example/", "", "43 the level locked is not in force"),
        ("isolated", "http://closed.example/", "", ""),
        ("isolated", "http://good.example/", "", "43 the level isolated is not in force"),
        ("isolated", "http://closed.example/", "eth0", "43 the network is not isolated: it has a route to everywhere through eth0"),
    ],
)
def test_a_direct_path_ends_the_allocation(shell: Shell, level: str, echo: str, wide: str, ends: str) -> None:
    script = f"{WGET}\ndirect_wide_route() {{ cat >/dev/null; echo '{wide}'; }}\ndirect_refuse && echo closed"
    done = shell.run(script, GUARD_LEVEL=level, GUARD_ECHO=echo)
    assert done.returncode == int(ends.split()[0] if ends else 0)
    assert done.stdout.startswith(ends or "closed"), done.stdout
