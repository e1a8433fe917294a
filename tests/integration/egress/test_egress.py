# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that leave through an exit node: who asks the echo server ten times a second is seen from there only."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

import pytest

from tests.integration.support import exits, play
from tests.integration.support.exits import DIRECT, EXIT1, EXIT2, LEVELS, Caller
from tests.integration.support.layouts import sidecar_image
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import Service, changed
from tests.lab.command import wait_until
from tests.lab.errors import LabError
from tests.lab.nomad import FIRST
from tests.lab.site import Site
from tests.lab.topology import ECHO_IP

ECHO = f"http://{ECHO_IP}"


@pytest.fixture(scope="module", autouse=True)
def network(site: Site) -> t.Iterator[None]:
    with exits.isolated_network(site):
        yield


@pytest.fixture
def caller(declare) -> t.Callable[..., Caller]:
    def caller(level: str, **inputs: t.Any) -> Caller:
        worker = declare(f"caller-{level}", Caller, level=level, **inputs)
        assert isinstance(worker, Caller)
        return worker

    return caller


def test_it_leaves_through_the_preferred_exit_node(site: Site, caller) -> None:
    workers = [caller(level, expect=["198.51.100.16/28"]) for level in LEVELS]
    in_parallel(lambda worker: leaves_through_the_preferred_exit_node(site, worker), workers)


def leaves_through_the_preferred_exit_node(site: Site, worker: Caller) -> None:
    planned = worker.deploy("--check", "--diff")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert not worker.exists()
    done = worker.deploy("--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until(lambda: worker.seen().total() > 20, "some requests")
    assert exits.by_exits(worker.seen())
    proved = play.call(site, "egress_verify", job=worker.name, expect=[f"{EXIT1}/32"], new_observation=True)
    (allocation,) = proved["allocations"]
    assert (allocation["verdict"], allocation["observed"], allocation["level"]) == ("proved", EXIT1, worker.inputs["level"])
    assert allocation["exit_node_status"] == {"address": allocation["exit_node"], "online": True}
    assert allocation["evidence"]["egress"]["answers"] == [{"url": f"{ECHO}/", "address": EXIT1}]
    wrong = play.call(site, "egress_verify", job=worker.name, expect=["192.0.2.0/24"], timeout=3)
    assert wrong["failed"]
    assert "is seen, expected was 192.0.2.0/24" in wrong["msg"]
    again = worker.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0, again.stdout
    worker.remove()
    assert worker.nodes() == []


def test_the_best_level_is_chosen(site: Site, caller) -> None:
    worker = caller("auto")
    assert worker.deploy().returncode == 0
    assert worker.egress()["level"] == "isolated"
    offer = play.call(site, "egress_level_info", cni_network="elsewhere")
    assert offer["level"] == "locked"
    assert offer["clients"][0]["missing"] == ["it has no CNI network elsewhere, which the role egress_network makes"]


def test_without_a_proof_the_app_does_not_start(site: Site, declare) -> None:
    def never_starts(case: tuple[Caller, str]) -> None:
        worker, sentence = case
        done = worker.deploy()
        assert done.returncode != 0
        assert sentence in done.stdout + done.stderr
        assert not worker.seen()

    nobody, nothing = "no exit node of nobody is on offer", "is on offer and leads to an echo server"
    cases: dict[str, tuple[str, dict[str, t.Any]]] = {
        "nobody-locked": (nobody, {"level": "locked", "exit_nodes": ["nobody"]}),
        "nobody-monitored": (nobody, {"level": "monitored", "exit_nodes": ["nobody"]}),
        "wrong-address": ("which is not 192.0.2.1", {"level": "locked", "expect": ["192.0.2.1"]}),
        "one-does-not-answer": (nothing, {"level": "monitored", "echo": [f"{ECHO}/", "http://192.0.2.1/"], "quorum": 2}),
        "unreadable": ("cannot be read", {"level": "locked", "tailscale_image": sidecar_image("unreadable")}),
        "one-says-nothing": (nothing, {"level": "monitored", "echo": [f"{ECHO}/empty", f"{ECHO}/"], "quorum": 2}),
        "leads-out": ("it has a route to everywhere through eth0", {"level": "isolated", "cni_network": "leads-out"}),
        "leads-to-echo": (f"an answer comes from {ECHO}/", {"level": "isolated", "cni_network": "leads-to-echo"}),
    }
    workers = [(declare(name, Caller, **inputs, healthy_deadline="40s"), sentence) for name, (sentence, inputs) in cases.items()]
    with exits.leaky_networks(site):
        in_parallel(never_starts, workers)


def test_without_its_guard_or_its_lock_a_sidecar_starts_no_app(site: Site, caller) -> None:
    worker = caller("locked")
    assert worker.deploy().returncode == 0
    job = worker.job()
    sidecar = next(task for task in job["TaskGroups"][0]["Tasks"] if task["Name"] == "tailscale")
    others = [template for template in sidecar["Templates"] if not template["DestPath"].endswith("/guard.sh")]
    (guard,) = (template for template in sidecar["Templates"] if template not in others)
    open_lock = {**guard, "EmbeddedTmpl": f"{guard['EmbeddedTmpl']}\nlock_outbound() {{ :; }}\n"}
    for templates, words in (([*others, open_lock], f"an answer comes from {ECHO}/"), (others, "guard.sh is missing")):
        sidecar["Templates"] = templates
        FIRST.ask("/v1/jobs", "PUT", {"Job": job})
        wait_until(lambda words=words: bool(failed_with(worker, words)), f"an allocation to fail: {words}", 120)
        for one in failed_with(worker, words):
            events = (one["TaskStates"].get("app") or {}).get("Events") or []
            assert "Started" not in [event["Type"] for event in events]
    assert exits.by_exits(worker.seen())


def failed_with(worker: Caller, words: str) -> list[dict[str, t.Any]]:
    """The allocations that failed for a reason with these words. Nomad places others meanwhile, of an earlier version, too."""
    found = []
    for one in FIRST.ask(f"/v1/job/{worker.name}/allocations"):
        with contextlib.suppress(LabError, ValueError):
            if one["ClientStatus"] == "failed" and words in worker.evidence(one["ID"])["reason"]:
                found.append(one)
    return found


def test_dead_echo_servers_do_not_make_the_proof_old(caller) -> None:
    """Where both of them were asked first at each look, it was up to 47 s old."""
    worker = caller("locked", echo=["http://198.51.100.98/", "http://198.51.100.99/", f"{ECHO}/"])
    assert worker.deploy().returncode == 0
    written, ages = [worker.evidence()["time"]], [0]

    def written_later() -> bool:
        evidence = worker.evidence()
        written.append(evidence["time"])
        ages.append(exits.now() - evidence["egress"]["checked"])
        return bool(written[-1] - written[0] > 45)

    wait_until(written_later, "evidence of a later time", 120)
    assert max(ages) < 30, "the module egress_verify takes nothing that is older"


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"expect": []}, "egress_worker_expect is required"),
        ({"level": "isolated", "cni_network": "elsewhere"}, "cni/elsewhere"),
        ({"level": "auto", "extra_groups": 'node_pool = "nowhere"'}, "none in * of node pool nowhere is ready and eligible"),
        ({"type": "service", "periodic": {"crons": ["@daily"]}}, "egress_worker_periodic needs egress_worker_type: batch"),
    ],
)
def test_what_cannot_be_had_is_refused(caller, inputs: dict[str, t.Any], sentence: str) -> None:
    worker = caller("locked")
    done = worker.deploy(**inputs)
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert play.run(worker.site, "nomad", "job", "inspect", worker.name).returncode != 0


@pytest.mark.parametrize(("level", "exit_node"), [("locked", "tag:exit"), ("monitored", "address of exit2")])
def test_any_address_but_the_direct_one(caller, level: str, exit_node: str) -> None:
    """By any of a tag's exit nodes, or by one that is named by its address."""
    address = exits.tailnet_address("exit2")
    wanted = exits.EXITS if exit_node == "tag:exit" else {EXIT2}
    worker = caller(
        level,
        exit_nodes=[exit_node.replace("address of exit2", address)],
        expect=["differs"],
        echo=[f"{ECHO}/json", f"{ECHO}/plain", f"{ECHO}/more"],
        quorum=2,
    )
    assert worker.deploy().returncode == 0
    seen = worker.egress()
    assert DIRECT in seen["direct"]
    assert [answer["address"] for answer in seen["answers"]] == [seen["observed"]] * 2
    assert seen["observed"] in wanted


def test_a_batch_worker(site: Site, declare) -> None:
    fetch = f"for i in 1 2 3 4 5; do timeout 30 wget -q -O /dev/null {ECHO}/$NOMAD_JOB_NAME; sleep 0.5; done"
    batch = {"type": "batch", "command": "/bin/sh", "args": ["-c", fetch]}
    workers = [declare(f"batch-{level}", play.Worker, level=level, **batch) for level in ("isolated", "locked")]
    in_parallel(lambda worker: works_once(site, worker), workers)


def works_once(site: Site, worker: play.Worker) -> None:
    before = exits.seen(worker.name)
    done = worker.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(f"leaves as {address}" in done.stderr for address in exits.EXITS)
    calls = exits.seen(worker.name) - before
    assert calls.total() == 5
    assert exits.by_exits(calls)
    again = worker.deploy()
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0
    assert worker.nodes() == []
    report = play.call(site, "egress_verify", job=worker.name, new_observation=True)
    assert [one["verdict"] for one in report["allocations"]] == ["proved"], "its end stays proved, and no new look is waited for"
    (ended,) = report["allocations"]
    play.nomad(site, "operator", "api", f"/v1/client/allocation/{ended['alloc_id']}/gc")
    wait_until(lambda: not (exits.task_directory(ended["alloc_id"])).exists(), "its files to be gone")
    collected = play.call(site, "egress_verify", job=worker.name)
    assert [one["verdict"] for one in collected["failure"]["allocations"]] == ["collected"]


# In which task, by what, and which file the guard then finds changed.
FORGED_SEARCH = "{ echo search forged.example; echo options ndots:9; } >>/etc/resolv.conf"
FORGED = {
    "locked": ("app", "echo 192.0.2.1 echo.example >>/etc/hosts", "hosts file"),
    "monitored": ("tailscale", FORGED_SEARCH, "resolv.conf"),
}


@pytest.mark.parametrize("level", FORGED)
def test_names_are_asked_for_through_the_exit_node(site: Site, declare, level: str) -> None:
    """But for those that the sidecar needs before it can lock: those it asks for first."""
    fetch = "until timeout 5 wget -q -O /dev/null http://source.example/names; do sleep 1; done; sleep 1d"
    own = {"dns": [ECHO_IP]} if level == "locked" else {}
    worker = declare("names", Caller, level=level, echo=["http://echo.example/"], args=["-c", fetch], **own)
    before = exits.seen("names")
    with exits.name_server() as asked:
        done = worker.deploy()
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(lambda: exits.seen("names") != before, "the app's request")
        assert exits.by_exits(exits.seen("names") - before)
        assert exits.by_exits({line.split()[0] for line in asked() if line.endswith("source.example")})
        allocation = worker.allocation()
        refused = worker.inside("app", "sh", "-c", FORGED_SEARCH)
        assert "Read-only file system" in refused.stderr
        task, forge, changed_file = FORGED[level]
        forged = worker.inside(task, "sh", "-c", forge)
        assert forged.returncode == 0, forged.stderr
        wait_until(lambda: allocation not in worker.running(), "the allocation to end")
        assert [line for line in asked() if line.endswith("forged.example")] == []
    assert f"the {changed_file} of the allocation was changed" in worker.egress(allocation)["reason"]


def test_exit_nodes_that_answer_late_are_tried_once_more(site: Site, caller) -> None:
    worker = caller("locked")
    assert worker.deploy().returncode == 0
    allocation, before = worker.allocation(), worker.seen().total()
    with contextlib.ExitStack() as thawed:
        for name in ("exit1", "exit2"):
            exits.freeze(name)
            thawed.callback(exits.thaw, name)
        said = exits.task_directory(allocation).parent / "alloc" / "logs" / "tailscale.stdout.0"
        wait_until(lambda: "trying them once more" in said.read_text(), "a second round")
    wait_until(lambda: worker.seen().total() > before + 50, "its calls")
    assert worker.running() == [allocation], worker.egress(allocation)
    assert exits.by_exits(worker.seen())


def test_a_private_service_with_verified_egress(site: Site, declare) -> None:
    egress = {"exit_nodes": ["exit2"], "expect": [EXIT2], "echo": [f"{ECHO}/"]}
    for mode, level in (("userspace", "monitored"), ("kernel", "locked"), ("userspace", "isolated")):
        both = {"tags": ["tag:service", "tag:worker"], "auth_key": site.auth_key("both"), "endpoints": [{"port": 8000}]}
        service = declare("outward", mode=mode, egress={**egress, "level": level}, **both)
        done = service.deploy()
        assert done.returncode == 0, done.stdout + done.stderr
        assert service.evidence()["egress"]["observed"] == EXIT2
        answer = site.fetch("client", f"{service.url}:8000/get?a=b", retries=30)
        assert '"a"' in answer.stdout, answer.stdout + answer.stderr
        again = service.deploy()
        assert changed(again) == 0, again.stdout
        service.remove()


def test_a_private_service_whose_guard_ended_it_gets_its_name_back(site: Site, declare) -> None:
    """The old node, which could not log out, holds the name until the control plane forgets it.

    While the node logs in again, its app asks tailscaled, at whatever port that listens, to resolve a name.
    """
    asks = f"httpd -p 127.0.0.1:8080 -h /tmp; while :; do /bin/escape {ECHO_IP} /again peer-api; sleep 0.1; done"
    hostile = {"image": site.escape_image, "command": "/bin/sh", "args": ["-c", asks]}
    egress = {"exit_nodes": ["Exit2." + site.tailnet], "expect": [EXIT2], "echo": [f"{ECHO}/"], "level": "locked"}
    both = {"tags": ["tag:service", "tag:worker"], "auth_key": site.auth_key("both"), "endpoints": [{"port": 8000}]}
    service = declare("regained", mode="kernel", egress=egress, extra_group=exits.AGAIN_SOON, **both, **hostile)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    before = service.allocation()
    exits.kill_tasks(site, before, "tailscale")
    wait_until(lambda: service.running() not in ([], [before]), "another allocation", 120)
    (another,) = service.running()
    wait_until(lambda: len(service.nodes()) == 2, "its node beside the old one")

    def regained() -> bool:
        # Between two logins of the new one the old one is alone, too.
        status = service.evidence(another)["status"] or {"Self": {}}
        return service.nodes() == [service.name] and status["Self"].get("DNSName") == f"{service.name}.{site.tailnet}."

    wait_until(regained, "the old name", exits.NAME_BACK)
    proved = play.call(site, "egress_verify", job=service.name, new_observation=True)
    assert proved["proved"], proved
    assert service.running() == [another]
    said = (exits.task_directory(another).parent / "alloc/logs/app.stdout.0").read_text().rpartition("\n")[0]
    asked = [one for one in map(json.loads, said.splitlines()) if re.fullmatch(r"peer-api-100\..*(?<!:8000)", one["attempt"])]
    assert len({one["attempt"] for one in asked}) > 1, "a peer API for each login"
    assert [one for one in asked if "connection refused" in one["outcome"]]
    # An address that goes away between two logins does not refuse: the packets for it are dropped.
    assert [one for one in asked if not one["outcome"].startswith("dial ")] == [], "a connection"


def test_everything_is_verified_and_a_worker_that_is_not_proved_fails_loudly(site: Site, caller) -> None:
    workers = [caller("locked"), caller("monitored")]
    for worker in workers:
        assert worker.deploy().returncode == 0
    done = play.run(site, "ansible-playbook", "verify-egress.yml", ANSIBLE_SHOW_CUSTOM_STATS="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(re.search(f'"{worker.allocation()}": "({EXIT1}|{EXIT2})"', done.stdout) for worker in workers)
    with exits.frozen(site, workers[0].allocation()):
        done = play.run(site, "ansible-playbook", "verify-egress.yml", "-e", "verify_egress_timeout=5")
    assert done.returncode != 0
    assert "the guard has not looked again yet" in done.stdout + done.stderr


def fresh(evidence: dict[str, t.Any]) -> dict[str, t.Any]:
    now, egress = exits.now(), evidence["egress"]
    return {**evidence, "time": now, "egress": egress and {**egress, "checked": now}}


def test_evidence_that_proves_nothing(site: Site, caller) -> None:
    """Each kind has a verdict of its own: who changes the file of a sidecar, or keeps it, proves nothing."""
    worker = caller("locked")
    assert worker.deploy().returncode == 0
    allocation = worker.allocation()
    good = worker.evidence()
    forged = {
        "refused": {**good, "alloc_id": "0" * 36},
        "stale": {**good, "time": good["time"] - 3600, "egress": {**good["egress"], "checked": good["egress"]["checked"] - 3600}},
        "not_proved": {**good, "egress": {**good["egress"], "observed": "everywhere"}},
        "wrong_address": {**good, "egress": {**good["egress"], "observed": DIRECT}},
        "no_guard": {**good, "egress": None},
        "restarted": {**good, "netns": "net:[1]"},
        "never_written": None,
    }
    with exits.frozen(site, allocation):
        for verdict, evidence in forged.items():
            exits.put(allocation, json.dumps(evidence if verdict == "stale" else fresh(evidence)) if evidence else "")
            found = play.call(site, "egress_verify", job=worker.name, expect=[EXIT1], timeout=1)
            assert found["failed"]
            assert [one["verdict"] for one in found["failure"]["allocations"]] == [verdict]


def test_a_pool_has_an_identity_and_a_proof_for_each_worker(site: Site, declare) -> None:
    # Ten nodes log in at once, on a machine that other tests keep busy.
    pool: Service = declare("pool", Caller, level="locked", count=10, resources={"cpu": 20, "memory": 32}, healthy_deadline="4m")
    done = pool.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    proofs = play.call(site, "egress_verify", job="pool")["allocations"]
    assert len(proofs) == 10
    assert {one["verdict"] for one in proofs} == {"proved"}
    assert len({one["dns_name"] for one in proofs}) == len({one["ips"][0] for one in proofs}) == 10
    assert exits.by_exits(t.cast(Caller, pool).seen())
    pool.remove()
    assert pool.nodes() == []
