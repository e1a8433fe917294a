# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sidecar that logs in with an identity that the real Nomad signs, and no key; the exchange is a stand-in, see federation.py."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.support import play, programs
from tests.integration.support.federation import AUDIENCE, CLIENT_ID, JOB
from tests.integration.support.play import Worker, changed
from tests.lab import certificates, headscale
from tests.lab.site import Site
from tests.lab.topology import HEADSCALE_IP, NOMAD_PORT, SITE_IP, WAN_ROUTER

PORT = 8444
IDENTITY = {"auth_key": None, "workload_identity": {"client_id": CLIENT_ID, "audience": AUDIENCE}}

# It finds what is there.
SEARCH = ("find", "/", "-path", "/proc", "-prune", "-o", "-name", "nomad_*.jwt", "-print", "-o", "-path", "/bin/busybox", "-print")


@pytest.fixture(scope="module")
def exchange(site: Site) -> t.Iterator[tuple[str, t.Callable[[], list[str]]]]:
    """The login server that trusts Nomad, and what it says."""
    files = certificates.issue("federation", [f"IP:{WAN_ROUTER}"])
    keys = f"https://{SITE_IP}:{NOMAD_PORT}/.well-known/jwks.json"
    arguments = [WAN_ROUTER, str(PORT), *map(str, files), str(site.ca), keys, HEADSCALE_IP, *headscale.CLI]
    with programs.told("federation.py", *arguments) as lines:
        yield f"https://{WAN_ROUTER}:{PORT}", lines


def test_no_key_at_all(site: Site, exchange, declare) -> None:
    login_server, lines = exchange
    service = declare(JOB, **IDENTITY, login_server=login_server)
    done = service.deploy("--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"key for {','.join(service.inputs['tags'])}" in lines()
    assert any(JOB in line for line in lines() if line.startswith("token of "))
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
    variable = play.nomad(site, "var", "get", "-out=json", f"nomad/jobs/{JOB}/{JOB}/tailscale")
    assert "auth_key" not in variable
    # The app, root in its container, has not got it.
    found = service.inside("app", *SEARCH, user="0").stdout.split()
    assert found == ["/bin/busybox"]
    again = service.deploy()
    assert changed(again) == 0, again.stdout
    service.remove()
    assert service.nodes() == []


def test_no_key_for_an_egress_worker(site: Site, exchange, declare) -> None:
    login_server, lines = exchange
    worker = declare(JOB, Worker, **IDENTITY, login_server=login_server, level="monitored")
    done = worker.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "key for tag:worker" in lines()
    assert worker.evidence()["egress"]["observed"] in worker.inputs["expect"]
    assert "auth_key" not in play.nomad(site, "var", "get", "-out=json", f"nomad/jobs/{JOB}/{JOB}/tailscale")
    assert changed(worker.deploy()) == 0


@pytest.mark.parametrize(
    ("name", "identity"),
    [("unfederated", {"client_id": CLIENT_ID, "audience": AUDIENCE}), (JOB, {"client_id": CLIENT_ID, "audience": "other.example"})],
    ids=["another job", "another audience"],
)
def test_another_identity_is_refused(exchange, declare, name: str, identity: dict[str, str]) -> None:
    service = declare(name, auth_key=None, workload_identity=identity, login_server=exchange[0], healthy_deadline="40s")
    done = service.deploy()
    assert done.returncode != 0
    assert "the token is not for this identity" in done.stdout + done.stderr
    assert service.nodes() == []
