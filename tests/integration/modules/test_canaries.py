# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries that are promoted, held, failed and rolled back; and two runs that want the same job."""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import in_process
from tests.integration.support import play
from tests.integration.support.jobs import ENDS_BADLY, NEVER_STARTS, RUNS, SECOND, job
from tests.lab.command import wait_until
from tests.lab.site import Site

NAME = "canaries"


@pytest.fixture(autouse=True)
def no_job(purge: t.Callable[[str], None]) -> t.Iterator[None]:
    purge(NAME)
    yield
    purge(NAME)


def version(number: int, config: dict[str, t.Any] | None = None, **update: t.Any) -> dict[str, t.Any]:
    """A version of a service with one canary; the number makes it another one."""
    return job(NAME, "service", config or RUNS, update={"Canary": 1, **update}, Meta={"release": str(number)})


@pytest.fixture
def running(called) -> None:
    """The first version runs; it has no canary, because there is nothing beside which it could be one."""
    assert called("job", spec=version(0), timeout=30)["deployment"]["status"] == "successful"


def versions(site: Site) -> list[int]:
    """The versions whose allocations should run."""
    allocations = json.loads(play.nomad(site, "job", "allocs", "-json", NAME))
    return sorted(one["JobVersion"] for one in allocations if one["DesiredStatus"] == "run" and one["ClientStatus"] == "running")


def test_promote(called, running, site: Site) -> None:
    done = called("job", spec=version(1), canaries="promote", timeout=30)
    assert done["plan"]["annotations"] == {"app": {"canary": 1, "ignore": 1}}
    assert done["deployment"]["status"] == "successful"
    assert done["deployment"]["groups"]["app"]["promoted"]
    assert f"{NAME}: promoting app" in called.lines
    assert versions(site) == [1]


def test_hold_then_promote(called, running, site: Site) -> None:
    held = called("job", spec=version(1), timeout=30)
    assert held["deployment"]["ready_for_promotion"]
    assert f"{NAME}: ready for promotion after" in called.lines[-1]
    assert versions(site) == [0, 1], "the old one runs beside the canary"
    again = called("job", spec=version(1), timeout=30)
    assert not again["changed"]
    assert again["deployment"]["ready_for_promotion"]
    ident = held["deployment"]["id"]
    assert called("deployment", check=True, job=NAME, state="promoted")["changed"]
    assert versions(site) == [0, 1]
    done = called("deployment", job=NAME, id=ident, state="promoted", timeout=30)
    assert done["changed"]
    assert done["deployment"]["status"] == "successful"
    assert versions(site) == [1]
    assert not called("deployment", job=NAME, id=ident, state="promoted")["changed"]
    assert "cannot be failed: it is successful" in called("deployment", job=NAME, state="failed")["msg"]


def test_hold_then_promote_by_the_job(called, running, site: Site) -> None:
    called("job", spec=version(1), timeout=30)
    assert called("job", check=True, spec=version(1), canaries="promote")["changed"]
    assert versions(site) == [0, 1]
    done = called("job", spec=version(1), canaries="promote", timeout=30)
    assert done["changed"]
    assert done["deployment"]["status"] == "successful"
    assert versions(site) == [1]
    assert not called("job", spec=version(1), canaries="promote")["changed"]


@pytest.mark.parametrize("reverts", [True, False])
def test_hold_then_fail(called, running, site: Site, reverts: bool) -> None:
    """With auto_revert the first version comes back as a version of its own; without it just goes on."""
    held = called("job", spec=version(1, AutoRevert=reverts), timeout=30)
    assert called("deployment", check=True, job=NAME, state="failed")["changed"]
    done = called("deployment", job=NAME, state="failed", timeout=30)
    assert done["changed"]
    assert done["deployment"]["id"] == held["deployment"]["id"]
    assert done["deployment"]["status"] == "failed"
    assert done["reverted_to"] == (0 if reverts else None)
    wait_until(lambda: versions(site) == ([2] if reverts else [0]), "the canary gone")
    if not reverts:
        assert not called("deployment", job=NAME, state="failed")["changed"]
        assert "cannot be promoted: it is failed" in called("deployment", job=NAME, state="promoted")["msg"]


@pytest.mark.parametrize("canaries", ["hold", "promote"])
def test_a_canary_that_dies_is_rolled_back(called, running, site: Site, canaries: str) -> None:
    done = called("job", spec=version(1, ENDS_BADLY, AutoRevert=True), canaries=canaries, timeout=30)
    assert done["failure"]["kind"] == "failed"
    assert "Exit Code: 3" in done["msg"]
    assert "Nomad rolled back to version 0 (now version 2), which runs." in done["msg"]
    assert (done["failure"]["job_version"], done["failure"]["running_version"]) == (1, 2)
    assert versions(site) == [2]


def test_a_canary_that_dies_without_rollback(called, running, site: Site) -> None:
    done = called("job", spec=version(1, ENDS_BADLY), timeout=30)
    assert "Running now: version 0 (1 allocation)." in done["msg"]
    assert done["failure"]["running_version"] == 0
    assert versions(site) == [0]


def test_a_rollback_that_fails_too(called, site: Site) -> None:
    """The stable version needs a variable that is gone when Nomad goes back to it."""
    path = f"nomad/jobs/{NAME}"
    called("variable", path=path, items={"word": "there"})
    stable = version(0, Canary=0)
    template = {"EmbeddedTmpl": '{{ with nomadVar "' + path + '" }}{{ .word }}{{ end }}', "DestPath": "local/word", "ChangeMode": "noop"}
    stable["TaskGroups"][0]["Tasks"][0]["Templates"] = [template]
    assert called("job", spec=stable, timeout=30)["deployment"]["status"] == "successful"
    called("variable", path=path, state="absent")
    done = called("job", spec=version(1, ENDS_BADLY, Canary=0, AutoRevert=True), timeout=20)
    assert "Nomad rolled back to version 0, and that failed, too:" in done["msg"]
    assert path in done["msg"].partition("failed, too:")[2]
    assert done["failure"]["running_version"] is None


def test_canaries_that_do_not_come_up_in_time(called, running, site: Site) -> None:
    done = called("job", spec=version(1, NEVER_STARTS), canaries="promote", timeout=5)
    assert done["failure"]["kind"] == "timeout"
    assert "running: app 0/1 canaries healthy" in done["msg"]
    assert versions(site) == [0]


def test_a_job_that_promotes_itself(called, running, site: Site) -> None:
    done = called("job", spec=version(1, AutoPromote=True), timeout=30)
    assert done["deployment"]["status"] == "successful"
    assert f"{NAME}: promoting app" not in called.lines
    assert versions(site) == [1]


def test_another_deployment_than_the_one_that_was_checked(called, running, site: Site) -> None:
    first = called("job", spec=version(1), timeout=30)["deployment"]["id"]
    called("job", spec=version(2), timeout=30)
    done = called("deployment", job=NAME, id=first, state="promoted")
    assert done["failure"]["kind"] == "conflict"
    assert "not the newest any more" in done["msg"]
    assert versions(site) == [0, 2]


def test_two_runs_at_once(called, running, site: Site) -> None:
    """Both planned against the same state: one wins, the other is told, and what runs is one of them as a whole.

    Nomad may take both, the later one over the earlier: which of its checks tells the loser is a matter of the moment.
    """
    for number in (1, 3, 5):
        specs = [version(number + one, Canary=0) for one in (0, 1)]
        index = called("job", check=True, spec=specs[0])["job_modify_index"]
        with ThreadPoolExecutor(2) as pool:
            calls = [
                pool.submit(in_process.call, in_process.Screen(), "job", {"spec": spec, "check_index": index, "timeout": 30})
                for spec in specs
            ]
            results = [each.result() for each in calls]
        failed = [bool(result.get("failed")) for result in results]
        assert sorted(failed) == [False, True], results
        winner, loser = failed.index(False), failed.index(True)
        assert results[loser]["failure"]["kind"] == "conflict"
        said = results[loser]["msg"]
        assert "changed by someone else" in said or "somebody registered version" in said, said
        registered = json.loads(play.nomad(site, "job", "inspect", NAME))["Job"]
        assert registered["Meta"]["release"] == str(number + winner)
        assert versions(site) == [registered["Version"]]


def test_a_run_that_is_overtaken(called, running, site: Site) -> None:
    def deploying() -> bool:
        deployments = json.loads(play.nomad(site, "job", "deployments", "-json", NAME))
        return any(one["JobVersion"] == 1 and one["Status"] == "running" for one in deployments)

    with ThreadPoolExecutor(1) as pool:
        slow = version(1, Canary=0, MinHealthyTime=60 * SECOND, HealthyDeadline=90 * SECOND)
        overtaken = pool.submit(in_process.call, in_process.Screen(), "job", {"spec": slow, "timeout": 60})
        wait_until(deploying, "the first deployment under way")
        done = called("job", spec=version(2, Canary=0), timeout=30)
        assert done["deployment"]["status"] == "successful"
        result = overtaken.result()
    assert result["failure"]["kind"] == "conflict"
    assert f"{NAME}: somebody registered version 2 while version 1 was awaited" in result["msg"]
    assert versions(site) == [2]


def test_a_job_that_is_removed_while_it_is_awaited(called, site: Site) -> None:
    def placed() -> bool:
        return play.run(site, "nomad", "job", "status", NAME).returncode == 0

    with ThreadPoolExecutor(1) as pool:
        awaited = pool.submit(in_process.call, in_process.Screen(), "job", {"spec": version(0, NEVER_STARTS), "timeout": 60})
        wait_until(placed, "the job registered")
        called("job", name=NAME, state="absent", purge=True, timeout=30)
        result = awaited.result()
    assert result["failure"]["kind"] == "conflict"
    assert "somebody" in result["msg"]
