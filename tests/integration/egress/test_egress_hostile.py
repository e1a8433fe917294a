# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that tries to get out another way, as root in its container: nothing of it is ever seen but from the exit node."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest

from tests.integration.support import exits, play
from tests.integration.support.layouts import sidecar_image
from tests.lab.site import Site
from tests.lab.topology import DATA, ECHO_IP

DENIED = {
    "mark": "operation not permitted",
    "raw": "operation not permitted",
    "packet": "operation not permitted",
    "route": "operation not permitted",
    "tailscaled-socket": "",
}


@pytest.fixture(scope="module", autouse=True)
def network(site: Site) -> t.Iterator[None]:
    with exits.isolated_network(site):
        yield


@pytest.mark.parametrize(
    ("level", "mode", "layout"), [("locked", "kernel", "tabbed"), ("isolated", "userspace", "compact"), ("isolated", "kernel", "")]
)
def test_nothing_of_it_gets_out(site: Site, declare, level: str, mode: str, layout: str) -> None:
    """Whatever the layout of the status is, from which the sidecar learns what it has to close."""
    path = uuid.uuid4().hex
    script = f"/bin/escape {ECHO_IP} /{path} >$NOMAD_TASK_DIR/said; sleep 3"
    images = {"image": site.escape_image, "tailscale_image": sidecar_image(layout) if layout else site.tailscale_image}
    hostile = declare("hostile", play.Worker, type="batch", level=level, mode=mode, command="/bin/sh", args=["-c", script], **images)
    with exits.sniffed(path) as packets:
        done = hostile.deploy()
        leaked = packets()
    assert done.returncode == 0, done.stdout + done.stderr
    (allocation,) = [one["ID"] for one in json.loads(play.nomad(site, "job", "allocs", "-json", "hostile"))]
    said = (DATA / "nomad-client/alloc" / allocation / "app/local/said").read_text()
    outcomes = {one["attempt"]: one["outcome"] for one in map(json.loads, said.splitlines())}
    print(json.dumps(outcomes, indent=1))
    assert "NET_ADMIN=false NET_RAW=false" in outcomes["capabilities"]
    for attempt, words in DENIED.items():
        assert words in outcomes[attempt], (attempt, outcomes[attempt])
    asked = [outcome for attempt, outcome in outcomes.items() if attempt.startswith("peer-api-100.")]
    assert mode != "kernel" or asked
    assert all("connection refused" in outcome for outcome in asked)
    # Where the app is routed it is seen, so the attempts were made; with a proxy, those that use it.
    assert exits.by_exits(exits.seen(path))
    assert leaked == [], "not even a packet without an answer"
