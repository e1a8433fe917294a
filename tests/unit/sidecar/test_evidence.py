# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that the controller judges."""

from __future__ import annotations

import json
import typing as t

from tests.unit.sidecar.scripts import Recorded, Shell

# Of /proc/net/tcp and tcp6: sockets that listen on every address, on loopback and on a mapped loopback address; and a connection.
SOCKETS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: 0B00007F:8B3D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   3: 0A0200C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   4: 0A0200C0:9C40 0B0200C0:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_the_ports_that_listen_on_more_than_loopback(shell: Shell) -> None:
    assert [int(port, 16) for port in shell.lines("evidence_listening_ports", SOCKETS)] == [443, 8080, 8081]


def open_ports(shell: Shell, **environment: str) -> str:
    listening = "evidence_listening_ports() { printf '%04X\\n' 443 8080 9002 4001; }; status_peer_api_ports() { echo 4001; }"
    return shell.print(f"{listening}\nevidence_open_ports", **environment)


def test_ports_of_tailscaled_and_of_nomads_checks_are_not_open_ones(shell: Shell) -> None:
    assert open_ports(shell) == "443,8080"
    assert open_ports(shell, SIDECAR_OPEN_PORTS="9002 8080") == "443"


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
