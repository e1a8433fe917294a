# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever of an allocation is killed, the service comes back by itself, under its name."""

from __future__ import annotations

import json
import re
import time
import typing as t

import pytest

from tests.integration.support import play
from tests.integration.support.exits import NAME_BACK
from tests.integration.support.parallel import in_parallel
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


def test_a_tailscaled_that_hangs(site: Site, lasting: Service) -> None:
    before = lasting.allocation()
    frozen = lasting.inside("tailscale", "killall", "-STOP", "tailscaled")
    assert frozen.returncode == 0, frozen.stderr
    wait_until(lambda: not answering(site, lasting), "the service to be silent")
    # Thirty seconds, and questions that it leaves open.
    print(f"tailscaled frozen: {answers(site, lasting, 120):.1f} s after the first silence")
    assert lasting.allocation() == before
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


def test_a_node_keeps_its_login_while_another_node_has_its_name(site: Site, declare) -> None:
    """The client is a node that the service sees, the outsider is one that it does not see. The key expires meanwhile."""
    key = new_key(site, "--ephemeral")
    seen = declare("name-seen", hostname="client", auth_key=key)
    unseen = declare("name-unseen", hostname="outsider", auth_key=key, mode="kernel")
    in_parallel(has_another_name, (seen, unseen))
    wait_until(lambda: "another node holds outsider: still called" in said(unseen), "a login that gets another name")
    site.headscale("preauthkeys", "expire", "--user", user(site), key)
    wait_until(lambda: re.search("the login failed: .*: still called", said(unseen)), "a login that is refused", 180)
    wait_until(lambda: unseen.evidence()["phase"] == "ready", "the node to be back")
    for service in (seen, unseen):
        # headscale gives the name of each login another ending.
        (first,) = re.findall(r"ready as (\S+)", said(service))
        assert service.evidence()["status"]["Self"]["DNSName"] == f"{first}."
        assert site.fetch("client", f"http://{first}/get", retries=30).returncode == 0
    assert "because a node of this tailnet is called client" in said(seen)
    assert "logging in" not in said(seen)


def has_another_name(service: Service) -> None:
    output = " ".join(play.failure_output(service.deploy()).split())
    assert f"another node, often the old one, still holds {service.inputs['hostname']}" in output


def said(service: Service) -> str:
    """What the sidecar logged."""
    log = play.run(service.site, "docker", "logs", f"tailscale-{service.allocation()}")
    return "\n".join(line for line in log.stdout.splitlines() if line.startswith("sidecar: "))


def test_a_kept_state_keeps_the_node(site: Site, declare, state_volume: str) -> None:
    kept = {"ephemeral": False, "state_volume": {"source": state_volume}, "auth_key": new_key(site)}
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


def new_key(site: Site, *options: str) -> str:
    """A reusable key; without options one whose nodes the control plane keeps."""
    more = ("--reusable", "--tags", "tag:service", "--expiration", "1h", "--output", "json")
    return str(json.loads(site.headscale("preauthkeys", "create", "--user", user(site), *more, *options))["key"])


def user(site: Site) -> str:
    (found,) = (one["id"] for one in json.loads(site.headscale("users", "list", "--output", "json")) if one["name"] == "lab")
    return str(found)
