# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that the controller judges."""

from __future__ import annotations

import json
import os
import socket
import typing as t

from tests.unit.sidecar.scripts import Recorded, Shell

# Of /proc/net/tcp and tcp6: sockets that listen on every address, on loopback and on a mapped loopback address; and a connection. Of udp
# and udp6: sockets that are bound to a port, one of them on loopback, one with a peer, one with a port that the kernel chose.
SOCKETS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 11 1 0 100 0 0 10 0
   1: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 12 1 0 100 0 0 10 0
   2: 0B00007F:8B3D 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 13 1 0 100 0 0 10 0
   3: 0A0200C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 14 1 0 100 0 0 10 0
   4: 0A0200C0:9C40 0B0200C0:0050 01 00000000:00000000 00:00000000 00000000   0   0 15 1 0 100 0 0 10 0
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 16
   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 17
   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 18
   3: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 19
   4: 0000000000000000FFFF00000A0200C0:1F93 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   0   0 20
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  50: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   0   0 21 2 0000000000000000 0
  51: 0100007F:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000   0   0 22 2 0000000000000000 0
  52: 0A0200C0:0045 0B0200C0:0035 01 00000000:00000000 00:00000000 00000000   0   0 23 2 0000000000000000 0
  53: 00000000:C001 00000000:0000 07 00000000:00000000 00:00000000 00000000   0   0 24 2 0000000000000000 0
  sl  local_address                         remote_address                        st
  54: 00000000000000000000000000000000:01BC 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   0   0 25
"""
LISTENING = ["53", "443", "444", "8080", "8081", "8083"]


def test_the_ports_that_listen_on_more_than_loopback(shell: Shell) -> None:
    assert shell.lines("evidence_listening_ports ''", SOCKETS) == LISTENING


def test_a_port_of_tailscaled_is_known_by_its_socket(shell: Shell) -> None:
    assert shell.lines("evidence_listening_ports '14 25 1'", SOCKETS) == ["53", "8080", "8081", "8083"]


def open_ports(shell: Shell, **environment: str) -> str:
    listening = "evidence_listening_ports() { printf '%s\\n' 443 8080 9002; }"
    return shell.print(f"{listening}\nevidence_open_ports", **environment)


def test_ports_of_nomads_checks_are_not_open_ones(shell: Shell) -> None:
    assert open_ports(shell) == "443,8080"
    assert open_ports(shell, SIDECAR_OPEN_PORTS="9002 8080") == "443"


def test_the_sockets_of_tailscaled_are_not_open_ports(shell: Shell) -> None:
    with socket.create_server(("", 0)) as listening, socket.create_server(("", 0)) as other:
        daemon = f"tailscale_daemons() {{ echo {os.getpid()}; }}; evidence_open_ports"
        assert str(listening.getsockname()[1]) in shell.print("evidence_open_ports").split(",")
        found = shell.print(daemon).split(",")
        assert not {str(one.getsockname()[1]) for one in (listening, other)} & set(found)


def test_ports_of_a_closed_or_a_shared_namespace_are_not_listed(shell: Shell) -> None:
    assert open_ports(shell, SIDECAR_MODE="kernel") == ""
    assert open_ports(shell, SIDECAR_HEALTH_IP="192.0.2.1") == ""


def evidence(shell: Shell, script: str, **environment: str) -> dict[str, t.Any]:
    """The evidence that the script writes, without the identity of this machine and the time."""
    here = "sidecar_key_expired=$NOMAD_TASK_DIR/key_expired; sidecar_run_dir=$NOMAD_TASK_DIR; sidecar_node_name=whoami"
    shell.print(f"evidence_open_ports() {{ echo 443,8080; }}\n{here}\n{script}", **environment)
    assert not (shell.home / "evidence.json.new").exists()
    found = json.loads((shell.home / "evidence.json").read_text())
    assert found.pop("time") > 1_700_000_000
    assert len(found.pop("boot_id")) == 36
    assert found.pop("netns").startswith("net:[")
    return t.cast("dict[str, t.Any]", found)


def test_the_evidence_of_a_running_node(shell: Shell, recorded: Recorded) -> None:
    (shell.home / "serve_config.json").write_text("{}")
    serve = 'tailscale_cli() { echo "{\\"TCP\\": {\\"443\\": {\\"HTTPS\\": true}}}"; }'
    found = evidence(shell, f"{recorded.is_read('running')}\n{serve}\nevidence_write ready 'running on the tailnet'")
    assert found == {
        "version": 1,
        "alloc_id": "7e00a98e",
        "phase": "ready",
        "reason": "running on the tailnet",
        "joined": True,
        "key_expired": False,
        "mode": "userspace",
        "canary": False,
        "app_port": 8080,
        "open_ports": [443, 8080],
        "egress": None,
        "status": recorded.json("running"),
        "serve_config": {"TCP": {"443": {"HTTPS": True}}},
    }


def test_the_evidence_without_tailscaled(shell: Shell) -> None:
    (shell.home / "serve_config.json").write_text("{}")
    found = evidence(shell, "tailscale_cli() { return 1; }; status_refresh; evidence_write starting 'not yet'")
    assert (found["phase"], found["status"], found["serve_config"], found["joined"]) == ("starting", None, None, False)


def test_the_evidence_of_a_canary_with_an_expired_key_and_a_guard(shell: Shell) -> None:
    (shell.home / "key_expired").touch()
    script = "sidecar_node_name=whoami-canary; sidecar_guarded=true; guard_json() { echo '{}'; }; evidence_write degraded x"
    found = evidence(shell, script, SIDECAR_MODE="kernel")
    assert (found["canary"], found["key_expired"], found["egress"], found["mode"]) == (True, True, {}, "kernel")
