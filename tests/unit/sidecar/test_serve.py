# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The serve configuration that containerboot gets, and the Tailscale Services that are drained."""

from __future__ import annotations

import pytest

from tests.unit.sidecar.scripts import Recorded, Shell

WANTED = '{"Web": {"${TS_CERT_DOMAIN}:443": {"Proxy": "http://127.0.0.1:${SIDECAR_APP_PORT}"}}, "Other": "api.${SIDECAR_TAILNET}"}'


def test_placeholders_become_the_nodes_own_name(shell: Shell, recorded: Recorded) -> None:
    (shell.home / "serve_config.json").write_text(WANTED)
    in_force = shell.home / "serve.json"
    push = "serve_push_config; echo $sidecar_settling"
    pushes = f"{recorded.is_read('running')}\n{push}; sidecar_settling=0; {push}"
    said = "sidecar: gave containerboot a new serve configuration"
    assert shell.lines(pushes, TS_SERVE_CONFIG=str(in_force)) == [said, "5", "0"]
    name = recorded.json("running")["Self"]["DNSName"].rstrip(".")
    assert in_force.read_text() == f'{{"Web": {{"{name}:443": {{"Proxy": "http://127.0.0.1:8080"}}}}, "Other": "api.tailnet.example"}}'
    assert (shell.home / ".serve_config.pushed").read_text() == WANTED


def test_without_a_serve_configuration_only_the_name_is_read(shell: Shell, recorded: Recorded) -> None:
    name = recorded.json("running")["Self"]["DNSName"].rstrip(".")
    assert shell.print(f"{recorded.is_read('running')}\nserve_push_config; echo $sidecar_dns_name") == name


# In the form of `tailscale serve status --json` of 1.98.5.
SERVED = """\
{
  "Services": {
    "svc:api": {
      "TCP": {}
    },
    "svc:web": {
      "TCP": {}
    }
  }
}
"""


DRAIN = """
tailscale_cli() { if [ "$2" = status ]; then cat "$NOMAD_TASK_DIR/served.json"; fi; }
kill() { echo "kill $1"; }
sidecar_pause() { echo "pause $1"; }
serve_drain
"""


@pytest.mark.parametrize(
    ("served", "lines"),
    [(SERVED, ["kill -STOP", "sidecar: drained svc:api", "sidecar: drained svc:web", "pause 15"]), ("{}", [])],
    ids=["two services", "none"],
)
def test_each_tailscale_service_is_drained(shell: Shell, served: str, lines: list[str]) -> None:
    (shell.home / "served.json").write_text(served)
    assert shell.lines(DRAIN) == lines
