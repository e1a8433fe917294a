# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login server and the DERP relays, to which the lock restricts tailscaled's own TCP connections."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.unit.sidecar.scripts import Shell

RELAYS = [
    {"Name": "1a", "RegionID": 1, "HostName": "derp1a.example.com", "IPv4": "192.0.2.11", "IPv6": "2001:db8::11"},
    {"Name": "1b", "RegionID": 1, "HostName": "derp1b.example.com", "IPv4": "192.0.2.12", "IPv6": "none"},
    {"Name": "2a", "RegionID": 2, "HostName": "relay.example.com"},
    {"Name": "2b", "RegionID": 2, "HostName": "192.0.2.13", "STUNPort": 3478},
    {"Name": "2c", "RegionID": 2, "HostName": "derp2c.example.com", "IPv4": "none", "IPv6": "2001:db8::14"},
]
MAP = {"Regions": {"1": {"RegionID": 1, "RegionName": "one", "Nodes": RELAYS[:2]}, "2": {"RegionID": 2, "Nodes": RELAYS[2:]}}}
FOUND = ["192.0.2.11", "2001:db8::11", "192.0.2.12", "relay.example.com", "192.0.2.13", "2001:db8::14"]
# Nobody is asked but these stubs.
STUBS = """
timeout() { shift; "$@"; }
nslookup() { echo "$1" >>asked; [ "$1" != relay.example.com. ] || printf 'Name: x\\nAddress: 192.0.2.77\\n'; }
tailscale_cli() { cat map; }
guard_stop() { echo "$1 $2"; exit "$1"; }
"""


@pytest.fixture(autouse=True)
def files(shell: Shell) -> None:
    (shell.etc / "hosts").write_text("192.0.2.1 controlplane.tailscale.com\n2001:db8::1 controlplane.tailscale.com\n")
    (shell.home / "map").write_text(json.dumps(MAP))


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"indent": "\t"}, {"separators": (",", ":")}], ids=str)
def test_a_relay_is_found_by_its_addresses_or_else_by_its_name(shell: Shell, layout: dict[str, t.Any]) -> None:
    assert shell.lines("servers_of_derp_map", json.dumps(MAP, **layout)) == FOUND


def test_nobody_else_is_called_after_the_first_proof(shell: Shell) -> None:
    lines = shell.lines(f'{STUBS}\nservers_remember; cat "$guard_servers"')
    relays = ["192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.77", "2001:db8::11", "2001:db8::14"]
    assert lines == sorted(["192.0.2.1", "2001:db8::1", *relays])
    assert (shell.home / "asked").read_text().split() == ["relay.example.com."]
    assert (shell.home / "hosts").read_text() == (shell.etc / "hosts").read_text()


def test_the_lock_is_narrowed_once_before_the_app_starts(shell: Shell) -> None:
    narrowed = "lock_outbound() { echo \"lock '$1' $(ls servers 2>/dev/null)\"; }"
    script = f"{STUBS}\n{narrowed}\nlock_keep choosing; lock_keep ''; lock_keep ''; lock_keep choosing"
    expected = ["lock 'choosing' ", "lock '' ", "lock '' servers", "lock '' servers", "lock 'choosing' servers"]
    assert shell.lines(script, SIDECAR_MODE="kernel") == expected


def test_servers_that_cannot_be_written_down_stop_the_guard(shell: Shell) -> None:
    script = f"{STUBS}\nguard_servers=/nonexistent/servers; lock_outbound() {{ :; }}; lock_keep ''"
    assert shell.run(script, SIDECAR_MODE="kernel").returncode == 43
