# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of an egress worker: deployed, run, seen from the exit nodes only, idempotent, removed."""

from __future__ import annotations

import re
import typing as t
import uuid

import pytest
import yaml

from tests.integration.support import play
from tests.integration.support.exits import EXIT1, EXIT2, by_exits, seen
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import ROOT, Worker, changed
from tests.lab.command import wait_until
from tests.lab.site import Site
from tests.lab.topology import ECHO_IP

EXAMPLES = ROOT / "examples"
ECHO = f"http://{ECHO_IP}"
TOKEN = {"WEBHOOK_TOKEN": "itest-canary-token"}
# Two that agree, for the example that wants a quorum.
OUTSIDE = {"exit_nodes": ["exit1", "exit2"], "expect": [EXIT1, EXIT2], "echo": [f"{ECHO}/", f"{ECHO}/json"]}
# Not while a test runs.
ONCE_A_YEAR = ["0 3 1 1 *"]


def watcher(worker: Worker, path: str) -> None:
    deployed(worker)
    wait_until(lambda: seen(path).total() > 2, "some requests")
    proved(worker.site, worker.name, 1)


def agent(worker: Worker, path: str) -> None:
    deployed(worker)
    task = play.call(worker.site, "job_dispatch", job=worker.name, payload=f"{ECHO}/{path}/1\n{ECHO}/{path}/2", meta={"seconds": 30})
    assert not task["failed"], task
    proved(worker.site, task["dispatched_job_id"], 1)
    assert [seen(f"{path}/{number}").total() for number in (1, 2)] == [1, 1]
    log = ["alloc", "logs", task["allocations"][0]["id"], "app"]
    answers = "".join(f"{ECHO}/{path}/{number}:\n({EXIT1}|{EXIT2})\n" for number in (1, 2))
    wait_until(lambda: bool(re.fullmatch(answers, play.nomad(worker.site, *log))), "the answers in the log")


def nightly(worker: Worker, path: str) -> None:
    deployed(worker, run_now=True)
    assert seen(path).total() == 1


def pool(worker: Worker, path: str) -> None:
    # One round.
    worker.inputs["env"]["PAUSE"] = "3600"
    deployed(worker)
    countries = next(file["content"] for file in worker.inputs["files"] if file["path"] == "local/countries").split()
    wait_until(lambda: all(seen(f"{path}/{country}") for country in countries), "a request for every country")
    assert seen(path).total() == len(countries), "nobody does the work of another"
    allocations = proved(worker.site, worker.name, 10)
    assert len({one["dns_name"] for one in allocations}) == 10
    assert len({tuple(one["ips"]) for one in allocations}) == 10


def bridge(worker: Worker, path: str) -> None:
    deployed(worker, run_now=True)
    assert seen(path).total() == 2
    assert seen(f"{path}/hook").total() == 1


EXERCISES: dict[str, t.Callable[[Worker, str], None]] = {
    "egress-worker": watcher,
    "agent-worker-egress": agent,
    "scheduled-batch-egress": nightly,
    "multi-worker-pool": pool,
    "webhook-bridge": bridge,
}


def declared(site: Site, name: str, level: str, path: str) -> Worker:
    """The example with the laboratory's images, exit nodes and addresses instead of those of the documentation."""
    text = (EXAMPLES / name / "worker.yml").read_text()
    for public, local in (("busybox:1.37", site.busybox_image), ("caddy:2.10", site.caddy_image)):
        text = text.replace(f" {public}\n", f" {local}\n")
    inputs = {key.removeprefix("egress_worker_"): value for key, value in yaml.safe_load(text).items()}
    addresses = {"SOURCE_URL": f"{ECHO}/{path}", "WEBHOOK_SITE": ECHO, "WEBHOOK_PATH": f"/{path}/hook"}
    inputs["env"] = {key: addresses.get(key, value) for key, value in inputs.get("env", {}).items()}
    if "periodic" in inputs:
        inputs["periodic"]["crons"] = ONCE_A_YEAR
    laboratory = {**OUTSIDE, "level": level, "auth_key": site.auth_key("worker")}
    return Worker(site, inputs["name"], {**inputs, **play.laboratory(site), **laboratory})


def deployed(worker: Worker, **inputs: t.Any) -> None:
    done = worker.deploy(environment=TOKEN, **inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert TOKEN["WEBHOOK_TOKEN"] not in done.stdout + done.stderr


def proved(site: Site, job: str, count: int) -> list[dict[str, t.Any]]:
    """The allocations of a job, every one proved."""
    found = play.call(site, "egress_verify", job=job)
    assert not found["failed"], found
    assert [one["verdict"] for one in found["allocations"]] == ["proved"] * count
    return found["allocations"]


def test_every_example_of_an_egress_worker_is_exercised() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/worker.yml")} == set(EXERCISES)


def test_the_exit_of_the_egress_worker_is_chosen_by_a_file_of_its_own() -> None:
    for file in (EXAMPLES / "egress-worker").glob("exit-*.yml"):
        assert set(yaml.safe_load(file.read_text())) == {"egress_worker_exit_nodes", "egress_worker_expect"}


@pytest.mark.parametrize(
    "level_of", [dict.fromkeys(EXERCISES, "locked"), {"egress-worker": "monitored"}], ids=["all of them", "without a lock"]
)
def test_examples(site: Site, level_of: dict[str, str]) -> None:
    paths = {name: uuid.uuid4().hex for name in level_of}
    in_parallel(lambda name: example(declared(site, name, level_of[name], paths[name]), name, paths[name]), level_of)


def example(worker: Worker, name: str, path: str) -> None:
    site = worker.site
    worker.remove()
    try:
        EXERCISES[name](worker, path)
        again = worker.deploy("--diff", environment=TOKEN)
        assert again.returncode == 0, again.stdout + again.stderr
        assert changed(again) == 0, again.stdout
    finally:
        worker.remove()
        # What it started.
        play.purge(site, f"{worker.name}/")
    assert by_exits(seen(path))
    assert worker.nodes() == []
    assert play.run(site, "nomad", "job", "inspect", worker.name).returncode != 0
