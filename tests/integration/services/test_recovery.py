# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever of an allocation is killed, the service comes back by itself, under its name."""

from __future__ import annotations

import json
import time
import typing as t

import pytest

from tests.integration.support import play
from tests.integration.support.exits import NAME_BACK
from tests.integration.support.play import Service
from tests.integration.support.recovery import answering, answers, restarts
from tests.lab.command import wait_until
from tests.lab.site import Site


@pytest.fixture(scope="module", params=["userspace", "kernel"])
def lasting(request: pytest.FixtureRequest, site: Site) -> t.Iterator[Service]:
    service = Service(site, f"lasting-{request.param}", {"mode": request.param})
    service.remove()
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    yield service
    service.remove()


def test_a_killed_tailscaled(site: Site, lasting: Service) -> None:
    before = lasting.allocation()
    restarted = restarts(site, before)
    killed = lasting.inside("tailscale", "killall", "-9", "tailscaled")
    assert killed.returncode == 0, killed.stderr
    print(f"tailscaled killed: {answers(site, lasting):.1f} s")
    assert lasting.allocation() == before
    assert restarts(site, before) == restarted
    assert lasting.nodes() == [lasting.name]


@pytest.mark.parametrize("tasks", [("tailscale",), ("app",), ("app", "tailscale")], ids="+".join)
def test_killed_tasks(site: Site, lasting: Service, tasks: tuple[str, ...]) -> None:
    """Both at once are what a reboot of the machine does to them: the gate does not run again."""
    before = lasting.allocation()
    restarted = restarts(site, before)
    names = [f"{task}-{before}" for task in tasks]
    killed = play.run(site, "docker", "kill", "--signal", "KILL", *names)
    assert killed.returncode == 0, killed.stderr
    wait_until(lambda: all(restarts(site, before).get(task) == restarted[task] + 1 for task in tasks), "the tasks to be restarted")
    print(f"{' and '.join(tasks)} killed: {answers(site, lasting):.1f} s after the restart")
    assert lasting.allocation() == before
    assert lasting.nodes() == [lasting.name]
    assert lasting.deploy().returncode == 0, "and it is proved"


def test_a_stopped_allocation(site: Site, lasting: Service) -> None:
    before = lasting.allocation()
    play.nomad(site, "alloc", "stop", "-detach", before)
    wait_until(lambda: lasting.running() not in ([], [before]), "another allocation")
    print(f"allocation stopped: {answers(site, lasting):.1f} s")
    wait_until(lambda: lasting.nodes() == [lasting.name], "the old one's node to log out")


def test_a_node_that_could_not_log_out_gets_its_name_back(site: Site, declare) -> None:
    """As after the loss of a machine: the old node holds the name until the control plane forgets it."""
    service = declare("reclaimed")
    assert service.deploy().returncode == 0
    before = service.allocation()
    frozen = play.run(site, "docker", "kill", "--signal", "STOP", f"tailscale-{before}")
    assert frozen.returncode == 0, frozen.stderr
    play.nomad(site, "alloc", "stop", "-detach", before)
    wait_until(lambda: service.running() not in ([], [before]), "another allocation", 90)
    begin = time.monotonic()
    wait_until(lambda: service.nodes() == [service.name] and answering(site, service), "the old name", NAME_BACK)
    print(f"name back {time.monotonic() - begin:.0f} s after the new allocation began")
    assert service.deploy().returncode == 0


def test_a_kept_state_keeps_the_node(site: Site, declare, state_volume: str) -> None:
    kept = {"ephemeral": False, "state_volume": {"source": state_volume}, "auth_key": kept_key(site)}
    service = declare("kept", **kept)
    assert service.deploy().returncode == 0
    address = service.evidence()["status"]["TailscaleIPs"][0]
    update = service.deploy(env={"VERSION": "2"})
    assert update.returncode == 0, update.stdout + update.stderr
    assert service.evidence()["status"]["TailscaleIPs"][0] == address
    assert service.nodes() == ["kept"]
    answers(site, service)
    service.remove()
    # It is the control plane's now: without its API nobody else can remove it.
    (node,) = (node["id"] for node in site.headscale_nodes() if node["given_name"] == "kept")
    site.headscale("nodes", "delete", "--identifier", str(node), "--force")


@pytest.fixture
def state_volume(site: Site, tmp_path: t.Any) -> t.Iterator[str]:
    """A host volume that Nomad makes on its client."""
    name = "itest-state"
    file = tmp_path / "volume.hcl"
    file.write_text(
        f'''name = "{name}"
type      = "host"
plugin_id = "mkdir"

capability {{
  access_mode     = "single-node-writer"
  attachment_mode = "file-system"
}}
'''
    )
    created = play.nomad(site, "volume", "create", str(file))
    ident = created.split("ID ")[1].split()[0]
    yield name
    wait_until(lambda: play.run(site, "nomad", "volume", "delete", "-type=host", ident).returncode == 0, "the volume deleted")


def kept_key(site: Site) -> str:
    """A reusable key whose nodes the control plane keeps."""
    (user,) = (one["id"] for one in json.loads(site.headscale("users", "list", "--output", "json")) if one["name"] == "lab")
    options = ("--user", str(user), "--reusable", "--tags", "tag:service", "--expiration", "1h", "--output", "json")
    return str(json.loads(site.headscale("preauthkeys", "create", *options))["key"])
