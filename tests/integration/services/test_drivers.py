# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services without containers: the app and its sidecar by exec or raw_exec, with the client's own programs."""

from __future__ import annotations

import pytest

from tests.integration.support import play
from tests.integration.support.play import Service, changed
from tests.lab.site import Site
from tests.lab.topology import BIN

HOST = {"network": "host", "port": None, "args": ["-host", "127.0.0.1", "-port", "${NOMAD_PORT_app}"]}


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("exec-bridge", {"driver": "exec"}),
        ("exec-host", {"driver": "exec", **HOST}),
        ("raw-exec", {"driver": "raw_exec", "command": str(BIN / "go-httpbin"), **HOST}),
    ],
)
def test_a_service_without_containers(site: Site, declare, name: str, inputs: dict[str, object]) -> None:
    service = declare(name, image=None, secrets={"HTTPBIN_ENV_WORD": "itest-canary-word"}, **inputs)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
    assert "itest-canary-word" in site.fetch("client", f"{service.url}/env").stdout
    outsider = site.fetch("outsider", f"http://{service.evidence()['status']['TailscaleIPs'][0]}/", seconds=3)
    assert outsider.returncode == 28, "nobody answers whom the tailnet's policy does not let in"
    assert not service.evidence()["open_ports"], "the ports of tailscaled itself are not meant"
    assert drivers(service) == {"app": inputs["driver"], "gate": "exec", "tailscale": "exec"}
    again = service.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0, again.stdout
    service.remove()
    assert service.nodes() == []


def drivers(service: Service) -> dict[str, str]:
    (group,) = service.job()["TaskGroups"]
    return {task["Name"]: task["Driver"] for task in group["Tasks"]}


def test_the_app_beside_it_cannot_read_the_sidecar(site: Site, declare) -> None:
    service = declare("exec-apart", driver="exec", image=None)
    assert service.deploy().returncode == 0
    found = "find / -xdev -name auth_key -o -name tailscaled.sock -o -name evidence.json"

    def in_task(task: str, script: str) -> str:
        return play.nomad(site, "alloc", "exec", "-i=false", "-t=false", "-task", task, service.allocation(), "sh", "-c", script)

    assert "auth_key" in in_task("tailscale", f"{found}; ls /secrets")
    seen = in_task("app", f"{found}; ls /proc/[0-9]*/exe; id -un")
    assert "nobody" in seen
    assert not [line for line in seen.splitlines() if line.endswith(("auth_key", ".sock", ".json"))]
