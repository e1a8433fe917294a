# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which allocations should run where one of two clients is full, excluded or lost."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.support.jobs import ENDS_WELL, RUNS, job
from tests.lab import faults, nomad
from tests.lab.command import wait_until
from tests.lab.site import Site

NAME = "two-clients"
# A job of its own: an evaluation of a purged job that waits for room places allocations of the next job with that name.
LOSES = f"{NAME}-one-lost"
# MB that only the first client has.
TOO_MUCH = 100
NO_ROOM = "{}: 1 allocation(s) of group app cannot be placed: "
ON_ITS_OWN_NODE = [{"Operand": "distinct_hosts", "RTarget": "true"}]


@pytest.fixture(scope="module", autouse=True)
def second(site: Site) -> t.Iterator[None]:
    nomad.remove_second_client()
    nomad.start_second_client(TOO_MUCH // 2)
    yield
    nomad.remove_second_client()


@pytest.fixture(autouse=True)
def no_job(purge: t.Callable[[str], None]) -> t.Iterator[None]:
    purge(NAME)
    yield
    purge(NAME)
    purge(LOSES)


@pytest.mark.parametrize(("kind", "config", "status"), [("system", RUNS, "running"), ("sysbatch", ENDS_WELL, "complete")])
def test_a_full_node_does_not_hold_up_the_other(called, kind: str, config: dict[str, t.Any], status: str) -> None:
    spec = job(NAME, kind, config, memory=TOO_MUCH)
    done = called("job", spec=spec, timeout=30)
    assert not done.get("failed"), done
    assert [one["client_status"] for one in done["allocations"]] == [status]
    assert [one for one in called.warnings if one.startswith(f"{NO_ROOM.format(NAME)}resource memory: exhausted")]
    assert called("job", check=True, spec=spec)["settled"]
    again = called("job", spec=spec, timeout=30)
    assert not again.get("failed"), again
    assert not again["changed"]


def test_the_level_is_that_of_the_clients_that_the_job_allows(called) -> None:
    def on(node: str) -> dict[str, t.Any]:
        constraint = {"LTarget": "${node.unique.name}", "RTarget": node, "Operand": "="}
        return {"ID": NAME, "TaskGroups": [{"Name": "app", "Constraints": [constraint]}]}

    assert called("egress_level_info", spec=on("site"), mode="kernel")["level"] == "locked"
    excluded = called("egress_level_info", spec=on(nomad.SECOND_CLIENT), mode="kernel")
    assert "No client can run a worker with verified egress" in excluded["msg"]
    assert "missing drivers" in excluded["msg"]


def test_an_unchanged_service_that_lost_a_node(called) -> None:
    """The last test: it ends the second client."""
    spec = job(LOSES, "service", RUNS, count=2, Constraints=ON_ITS_OWN_NODE)
    del spec["TaskGroups"][0]["ReschedulePolicy"]
    done = called("job", spec=spec, timeout=30)
    assert not done.get("failed"), done
    assert len(done["allocations"]) == 2
    faults.kill(nomad.SECOND_CLIENT)
    evaluations = f"/v1/job/{LOSES}/evaluations"
    wait_until(lambda: any(one["Status"] == "blocked" for one in nomad.FIRST.ask(evaluations)), "an allocation without a node")
    for require in (True, False):
        assert called("job", check=True, spec=spec, require_placement=require)["settled"]
        again = called("job", spec=spec, require_placement=require, timeout=30)
        assert not again.get("failed"), again
        assert not again["changed"]
        assert [one for one in called.warnings if one.startswith(NO_ROOM.format(LOSES))], called.warnings
    missing = f"job {LOSES}: 1 of 2 allocations of group app are there: "
    for module in ("tailscale_health", "egress_verify"):
        failed = called(module, job=LOSES, task="app", timeout=0)
        assert missing in failed["msg"], failed
        assert "distinct_hosts" in failed["msg"]
