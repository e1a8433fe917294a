# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sidecar reads from a status of the node."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlsplit

import pytest

from tests.unit.sidecar.scripts import Recorded, Shell


def hosts(addresses: t.Iterable[str]) -> set[str]:
    """The addresses without their ports."""
    return {str(urlsplit(f"//{address}").hostname) for address in addresses}


@pytest.mark.parametrize("name", ["running", "exit_nodes"])
def test_a_field_of_the_node_and_not_of_a_peer(shell: Shell, recorded: Recorded, name: str) -> None:
    status = recorded.json(name)
    assert shell.lines(f"{recorded.is_read(name)}\nstatus_field BackendState; status_field DNSName; status_field Nothing") == [
        status["BackendState"],
        status["Self"]["DNSName"],
    ]


# A STUN server may report two ports of one address.
SEVERAL = """
    "Addrs": [
      "198.51.100.1:41641",
      "198.51.100.1:1024",
      "[2001:db8::10]:41641"
    ]
"""


def test_each_address_is_found_once(shell: Shell) -> None:
    found = shell.lines("sidecar_status=$SEVERAL; addresses_own", SEVERAL=SEVERAL.strip("\n"))
    assert found == ["198.51.100.1", "2001:db8::10"]


def test_the_nodes_own_addresses(shell: Shell, recorded: Recorded) -> None:
    own = hosts(recorded.json("running")["Self"]["Addrs"])
    assert {"192.0.2.10", "2001:db8::10"} <= own
    assert shell.lines(f"{recorded.is_read('running')}\naddresses_own") == sorted(own)


def test_an_address_of_an_interface_is_not_a_direct_one(shell: Shell, recorded: Recorded) -> None:
    interface = "ip() { echo '2: eth0    inet 192.0.2.10/24 scope global eth0'; }"
    own = hosts(recorded.json("running")["Self"]["Addrs"])
    assert shell.lines(f"{recorded.is_read('running')}\n{interface}\naddresses_direct") == sorted(own - {"192.0.2.10"})


# A document as other versions could print it: on one line, with other blanks, or with tabs.
def compact(status: t.Any) -> str:
    return json.dumps(status, separators=(",", ":"))


def spaced(status: t.Any) -> str:
    return json.dumps(status, indent=7, separators=(" ,", " :  "))


def tabbed(status: t.Any) -> str:
    return json.dumps(status, indent="\t")


LAYOUTS = pytest.mark.parametrize("layout", [compact, spaced, tabbed])
PRINTS = 'tailscale_cli() { cat "$NOMAD_TASK_DIR/printed"; }'


@LAYOUTS
@pytest.mark.parametrize("name", ["running", "needs_login", "exit_nodes", "logged_out"])
def test_the_layout_of_a_status_does_not_matter(shell: Shell, recorded: Recorded, name: str, layout: t.Callable[[t.Any], str]) -> None:
    (shell.home / "printed").write_text(layout(recorded.json(name)))
    script = 'echo "$sidecar_status"; status_field BackendState; addresses_own; readiness_problem; exit_nodes_offered'
    assert shell.print(f"{PRINTS}; status_refresh; {script}") == shell.print(f"{recorded.is_read(name)}; {script}")


def test_a_recorded_status_keeps_its_layout(shell: Shell, recorded: Recorded) -> None:
    assert shell.print("status_layout", recorded.text("exit_nodes")) == recorded.text("exit_nodes").strip()


@LAYOUTS
def test_a_login_address_is_withheld_in_each_layout(shell: Shell, recorded: Recorded, layout: t.Callable[[t.Any], str]) -> None:
    """Also where no version of tailscale has printed one so far."""
    status = recorded.json("needs_login")
    address = "https://login.example/a/1a2b3c4d"
    more = {
        "AuthURL": address,
        "Health": [f"log in at {address} or https://login.example/register/nodekey:1a2b, then wait"],
        "x": {"y": address},
    }
    (shell.home / "printed").write_text(layout({**status, **more}))
    shown = json.loads(shell.print(f'{PRINTS}; status_refresh; echo "$sidecar_status"'))
    assert shown == {**status, "AuthURL": "", "Health": ["log in at  or  then wait"], "x": {"y": ""}}


@pytest.mark.parametrize(
    "printed",
    [
        *("Logged out.", "[]", "null", '{"BackendState": "Running"', '{"BackendState": "Running"}}', '{"BackendState": "Running"} {}'),
        *(
            '{"BackendState": "Running", }',
            '{"BackendState" "Running"}',
            "{}",
            '{"State": {"BackendState": "Running"}}',
            '{"BackendState": 5}',
        ),
        '{"BackendState": "NeedsLogin", "AuthURL": "https://login.example/a/1a2b3c4d}',
        *('{"BackendState": "Running}', '{"BackendState": "a\\"}', '{"BackendState": "a\tb"}'),
    ],
)
def test_the_sidecar_does_not_start_with_a_status_that_it_cannot_read(shell: Shell, printed: str) -> None:
    (shell.home / "printed").write_text(printed)
    done = shell.run(f"{PRINTS}; mkdir run; status_refresh; echo goes on")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("sidecar: the status that tailscale prints cannot be read")
    found = json.loads((shell.home / "run/evidence.json").read_text())
    assert (found["phase"], found["status"]) == ("failed", None)
    assert "1a2b3c4d" not in json.dumps(found)


def test_a_guard_ends_the_allocation_for_such_a_status(shell: Shell) -> None:
    (shell.home / "printed").write_text("[]")
    done = shell.run(f'{PRINTS}; guard_stop() {{ echo "stop $1"; exit "$1"; }}; sidecar_guarded=true; status_refresh')
    assert (done.returncode, done.stdout) == (45, "stop 45\n")


@pytest.mark.parametrize("printed", ["", '{"BackendState": "Run'], ids=["nothing", "cut off by the timeout"])
def test_tailscaled_that_does_not_answer_is_waited_for(shell: Shell, printed: str) -> None:
    (shell.home / "printed").write_text(printed)
    prints = PRINTS.replace("; }", "; return 1; }") if printed else PRINTS
    assert shell.print(f"{prints}; status_refresh; readiness_problem") == "tailscaled does not answer yet"


def test_a_node_that_was_ready_outlives_a_status_that_cannot_be_read(shell: Shell) -> None:
    (shell.home / "printed").write_text("[]")
    assert shell.print(f"{PRINTS}; sidecar_was_ready=true; status_refresh; readiness_problem") == "tailscaled does not answer yet"


def test_a_login_address_does_not_leave_the_sidecar(shell: Shell, recorded: Recorded) -> None:
    status = recorded.json("needs_login")
    assert status["AuthURL"]
    assert json.loads(shell.print(f'{recorded.is_read("needs_login")}\necho "$sidecar_status"')) == {**status, "AuthURL": ""}


@pytest.mark.parametrize(("name", "joined"), [("running", "true"), ("needs_login", "false"), ("started", "false")])
def test_whether_the_node_ever_logged_in(shell: Shell, recorded: Recorded, name: str, joined: str) -> None:
    assert shell.print(f"{recorded.is_read(name)}\necho $sidecar_joined") == joined


def test_a_restarted_sidecar_still_knows_that_the_node_logged_in(shell: Shell, recorded: Recorded) -> None:
    script = f"{recorded.is_read('running')}\n{recorded.is_read('started')}\necho $sidecar_joined"
    assert shell.print(script) == "true"
