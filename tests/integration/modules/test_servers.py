# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment ends right although Nomad's servers, or its client, end while it is waited for."""

from __future__ import annotations

import contextlib
import re
import typing as t
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.support import background, optional, play
from tests.integration.support.background import Call
from tests.integration.support.lab_command import lab
from tests.integration.support.meddling_proxy import Forward, MeddlingProxy, Reply
from tests.lab import faults, nomad
from tests.lab.command import wait_until
from tests.lab.errors import LabError
from tests.lab.nomad_cluster import ALL
from tests.lab.site import Site

FIRST = nomad.FIRST.name
# Healthy when the test says so: whatever it does before that falls into the wait.
BY_HAND = 'health_check = "manual"'
# The line with which the wait for its health begins.
STARTED = "app: Task started by client"
SPEC = """
job "%(name)s" {
  group "app" {
    update {
      %(update)s
    }

    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    task "app" {
      driver = "%(driver)s"

      config {
        %(config)s
      }
    }
  }
}
"""


class Job:
    """A job of its own name, so that no evaluation of another one is counted; deployed in the background."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = f"servers-{uuid.uuid4().hex[:8]}"

    def deploy(
        self, address: str, update: str = BY_HAND, driver: str = "mock_driver", config: str = 'run_for = "1h"', **arguments: t.Any
    ) -> contextlib.AbstractContextManager[Call]:
        """notailcar.nomad.job at this address."""
        spec = SPEC % {"name": self.name, "update": update, "driver": driver, "config": config}
        return background.call(self.site, "job", {"NOMAD_ADDR": address}, spec=spec, timeout=300, **arguments)

    def ask(self, server: str, what: str) -> t.Any:
        """What this server knows of the job."""
        return ALL[server].ask(f"/v1/job/{self.name}/{what}")

    def running(self, server: str) -> list[str]:
        """The allocations that run and shall; one that was lost may still run for a moment."""
        found = self.ask(server, "allocations")
        return [one["ID"] for one in found if (one["DesiredStatus"], one["ClientStatus"]) == ("run", "running")]

    def approve(self, server: str) -> None:
        """Declare the allocation healthy as soon as it runs."""

        def approved() -> bool:
            try:
                deployment = self.ask(server, "deployment")["ID"]
                body = {"DeploymentID": deployment, "HealthyAllocationIDs": self.running(server)}
                ALL[server].ask(f"/v1/deployment/allocation-health/{deployment}", body=body)
            except LabError:  # nothing runs yet, or a new leader has not taken over the deployments
                return False
            return True

        wait_until(approved, f"{self.name} declared healthy")

    def registered_once(self, run: Call, server: str) -> dict[str, t.Any]:
        """The task says so, and so does Nomad: one version, one evaluation for it."""
        result = run.result()
        assert not result["failed"], result
        assert result["changed"] is True
        assert len(self.ask(server, "versions")["Versions"]) == 1
        evaluations = [one["ID"] for one in self.ask(server, "evaluations") if one["TriggeredBy"] == "job-register"]
        assert evaluations == [result["eval_id"]]
        return result

    def deployed_once(self, run: Call, server: str) -> None:
        """Besides: one deployment, which succeeded, and one running allocation."""
        result = self.registered_once(run, server)
        assert result["deployment"]["status"] == "successful"
        assert result["deployment"]["groups"]["app"]["healthy"] == 1
        assert [one["ID"] for one in self.ask(server, "deployments")] == [result["deployment"]["id"]]
        (running,) = self.running(server)
        assert running in [one["id"] for one in result["allocations"] if one["client_status"] == "running"]


@pytest.fixture(scope="module")
def three(site: Site) -> t.Iterator[Site]:
    """The laboratory with three servers; with one again afterwards, unless it had three before."""
    with optional.part(site, "servers") as lab_of_three:
        yield lab_of_three
    if "servers" in site.optional:
        return
    members = nomad.FIRST.ask("/v1/agent/members")["Members"]
    assert [member["Name"] for member in members] == [f"{FIRST}.global"]
    assert lab("status").returncode == 0


@pytest.fixture
def job(three: Site) -> t.Iterator[Job]:
    """Every agent ready and no job of an earlier test, before and after."""
    _clean(three)
    yield Job(three)
    _clean(three)


def _clean(site: Site) -> None:
    faults.heal()
    for found in nomad.FIRST.ask("/v1/jobs?prefix=servers-"):
        play.nomad(site, "job", "stop", "-purge", found["ID"])


def leader_and_other() -> tuple[str, str]:
    """The server that leads, and one that only follows.

    The tests kill leaders: a follower killed alone takes an evaluation with it now and then, which the leader hands out again
    after a minute.
    """
    leader = faults.leader()
    assert leader, "there is one"
    return leader, next(name for name in ALL if name != leader)


def test_the_leader_dies(three: Site, job: Job) -> None:
    leader, other = leader_and_other()
    with job.deploy(three.nomad_servers[other]) as run:
        run.await_line(STARTED)
        faults.kill(leader)
        faults.await_new_leader(other, leader)
        status = lab("status")
        job.approve(other)
        job.deployed_once(run, other)
    assert status.returncode == 1
    assert re.findall(r"^(\S+) +NOT READY +ended", status.stdout, re.MULTILINE) == [leader]


def test_the_server_that_is_asked_dies_and_returns(three: Site, job: Job) -> None:
    asked, _other = leader_and_other()
    with job.deploy(three.nomad_servers[asked]) as run:
        run.await_line(STARTED)
        faults.kill(asked)
        run.await_line("no answer")
        faults.heal()
        job.approve(asked)
        job.deployed_once(run, asked)


def test_all_servers_restart(three: Site, job: Job) -> None:
    """One allocation is found healthy while there is nobody to tell; another one fails when they are back."""
    script = "trap 'echo no database at db:5432 >&2; sleep 1; exit 3' USR1; while :; do sleep 1 & wait $!; done"
    config = f'image = "{three.busybox_image}"\n command = "/bin/sh"\n args = ["-c", "{script}"]'
    failing = Job(three)
    with (
        job.deploy(three.nomad_addr, 'min_healthy_time = "3s"') as good,
        failing.deploy(three.nomad_addr, 'min_healthy_time = "4m"', "docker", config) as bad,
    ):
        for run in (bad, good):
            run.await_line(STARTED)
        for server in ALL:
            faults.kill(server)
        for run in (bad, good):
            run.await_line("no answer")
        faults.heal()
        job.deployed_once(good, FIRST)
        (allocation,) = failing.running(FIRST)
        play.nomad(three, "alloc", "signal", "-s", "SIGUSR1", allocation)
        result = bad.result()
    assert result["failed"], result
    for text in ("the deployment failed", "Exit Code: 3", "no database at db:5432"):
        assert text in result["msg"], result["msg"]


def before_the_request(forward: Forward, leader: str, _other: str) -> Reply | None:
    faults.kill(leader)
    return forward()


def before_the_answer(forward: Forward, leader: str, _other: str) -> Reply | None:
    forward()
    faults.kill(leader)
    return None


def in_between(forward: Forward, leader: str, other: str) -> Reply | None:
    """The request is with a leader that is none any more when it ends."""
    faults.freeze(leader)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(forward)
        faults.await_new_leader(other, leader)
        faults.kill(leader)
        return answer.result()


@pytest.mark.parametrize("fault", [before_the_request, before_the_answer, in_between])
def test_the_leader_dies_as_the_job_is_registered(three: Site, job: Job, fault: t.Callable[[Forward, str, str], Reply | None]) -> None:
    leader, other = leader_and_other()
    proxy = MeddlingProxy(three.nomad_servers[other], three.ca, "/v1/jobs", lambda forward: fault(forward, leader, other))
    with proxy as address, job.deploy(address, wait=False) as run:
        job.registered_once(run, other)
    assert proxy.met
    wait_until(lambda: len(job.ask(other, "allocations")) == 1, "an allocation")


def test_the_client_is_lost_and_returns(three: Site, job: Job) -> None:
    with job.deploy(three.nomad_addr) as run:
        run.await_line(STARTED)
        faults.kill(nomad.CLIENT.name)
        wait_until(lambda: nomad.FIRST.ask("/v1/nodes")[0]["Status"] == "down", "the node known to be down")
        faults.heal()
        job.approve(FIRST)
        job.deployed_once(run, FIRST)
