# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How `tailscale_health` reads the evidence of each allocation, and what it waits for."""

from __future__ import annotations

import json
import time

import pytest

from tests.unit.support.evidence import ALLOCATION, SERVE, evidence, without

STAT, CAT = f"GET /v1/client/fs/stat/{ALLOCATION}", f"GET /v1/client/fs/cat/{ALLOCATION}"


@pytest.fixture
def site(nomad):
    """A job with one allocation whose evidence is good."""
    nomad.on("GET /v1/job/whoami", job())
    nomad.on("GET /v1/job/whoami/allocations", [listed()])
    nomad.on(STAT, {"Size": 1})
    nomad.on(CAT, json.dumps(evidence()))
    return nomad


def job(count=1, **more):
    group = {"Name": "app", "Count": count, "Tasks": [{"Name": "app"}, {"Name": "tailscale"}]}
    return {"ID": "whoami", "Type": "service", "Version": 3, "Stop": False, "TaskGroups": [group], **more}


def listed(version=3, desired="run", status="running", tasks=("app", "tailscale")):
    return {
        "ID": ALLOCATION,
        "Name": "whoami.app[2]",
        "NodeName": "node-1",
        "TaskGroup": "app",
        "CreateIndex": 5,
        "JobVersion": version,
        "DesiredStatus": desired,
        "ClientStatus": status,
        "TaskStates": {name: {"StartedAt": "2026-11-22T01:02:03Z"} for name in tasks},
    }


@pytest.mark.parametrize("way", ["in_process", "packaged"])
def test_proved(site, request, way):
    args = {"hostname": "whoami", "tailnet": "tail.example", "tags": ["tag:service"]}
    result = request.getfixturevalue(way)("tailscale_health", job="whoami", **args)
    assert result["proved"]
    assert not result["changed"]
    node = result["nodes"][0]
    assert (node["verdict"], node["dns_name"], node["ips"]) == ("ready", "whoami.tail.example", ["100.64.0.7"])


def test_each_allocation_has_its_number_in_its_name(site, in_process):
    site.on(CAT, json.dumps(evidence(DNSName="whoami-2.tail.example.")))
    assert in_process("tailscale_health", job="whoami", hostname="whoami-${NOMAD_ALLOC_INDEX}")["proved"]


def test_what_listens_on_every_interface_is_warned_of(site, in_process, screen):
    site.on(CAT, json.dumps({**evidence(), "open_ports": [5432]}))
    node = in_process("tailscale_health", job="whoami")["nodes"][0]
    assert node["open_ports"] == [5432]
    assert any("port 5432" in warning and "127.0.0.1" in warning for warning in screen.warnings)


def test_waits_until_it_is_proved(site, in_process, screen):
    site.on(CAT, json.dumps(evidence("starting")), json.dumps(evidence()))
    assert in_process("tailscale_health", job="whoami")["proved"]
    assert "whoami: 0/1 nodes ready" in screen.lines
    assert "whoami: 1/1 nodes ready" in screen.lines


def test_age_is_measured_by_the_servers_clock(nomad, in_process, site):
    """The controller's clock may be wrong by hours: evidence and server agree, so it is fresh."""
    site.clock = time.time() - 7200
    site.on(CAT, json.dumps(evidence(age=7201)))
    node = in_process("tailscale_health", job="whoami")["nodes"][0]
    assert node["verdict"] == "ready"
    assert 0 <= node["age_seconds"] <= 2


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ({STAT: (404, "stat x: no such file or directory")}, "never_written"),
        ({STAT: (404, 'Unknown node "n"')}, "client_down"),
        ({STAT: (404, "<html>not found</html>")}, "refused"),
        ({STAT: "<html>"}, "refused"),
        ({STAT: (404, "No path to node")}, "client_down"),
        ({STAT: (500, "rpc error: EOF")}, "client_down"),
        ({STAT: (400, "no")}, "refused"),
        ({CAT: json.dumps({**evidence(), "status": "Running"})}, "refused"),
        ({CAT: json.dumps({**evidence(), "time": "now"})}, "refused"),
        ({CAT: "[]"}, "refused"),
        ({CAT: "failed to open file: open evidence.json: no such file or directory"}, "never_written"),
        ({CAT: json.dumps({**evidence(), "alloc_id": "another"})}, "refused"),
    ],
)
def test_no_evidence(site, in_process, replies, verdict):
    for request, reply in replies.items():
        site.on(request, reply)
    result = in_process("tailscale_health", check=True, job="whoami")
    assert result["nodes"][0]["verdict"] == verdict
    assert not result["proved"]
    failed = in_process("tailscale_health", job="whoami", timeout=0)
    assert failed["failure"]["kind"] == "timeout"
    assert verdict in failed["msg"]


NESTED = json.dumps(evidence()).replace('"serve_config": null', '"serve_config": {"TCP": ' + '{"a": ' * 60 + "{}" + "}" * 61)
# Documents that are JSON, and that no sidecar writes.
MALFORMED = {
    "health": (without(evidence(), Health={"warning": "x"}), "status.Health"),
    "health of nothing": (without(evidence(), Health=[None]), "status.Health"),
    "addresses": (without(evidence(), TailscaleIPs="100.64.0.7"), "status.TailscaleIPs"),
    "node": (without(evidence(), Self=[]), "status.Self"),
    "tags": (evidence(Tags="tag:service"), "status.Self.Tags"),
    "tags of tags": (evidence(Tags=[["tag:service"]]), "status.Self.Tags"),
    "name": (evidence(DNSName=7), "status.Self.DNSName"),
    "expiry": (evidence(KeyExpiry={}), "status.Self.KeyExpiry"),
    "state": (without(evidence(), BackendState=["Running"]), "status.BackendState"),
    "phase": ({**evidence(), "phase": ["ready"]}, "phase"),
    "reason": ({**evidence("starting"), "reason": {"a": 1}}, "reason"),
    "ports": ({**evidence(), "open_ports": [{}]}, "open_ports"),
    "serve": ({**evidence(), "serve_config": ["TCP"]}, "serve_config"),
    "guard": ({**evidence(), "egress": "proved"}, "egress"),
    "huge time": ({**evidence(), "time": 10**400}, "time"),
    "late time": ({**evidence(), "time": 1e300}, "time"),
    "early time": ({**evidence(), "time": -1}, "time"),
    "true time": ({**evidence(), "time": True}, "time"),
}


@pytest.mark.parametrize("state", ["ready", "logged_out"])
@pytest.mark.parametrize(("found", "field"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_evidence_is_refused(site, in_process, found, field, state):
    site.on(CAT, json.dumps(found))
    node = in_process("tailscale_health", check=True, job="whoami", state=state, serve_config=SERVE)["nodes"][0]
    assert node["verdict"] == "refused"
    assert node["reason"].endswith(f"no sidecar writes such a field {field}")


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        "[" * 100_000,
        json.dumps({**evidence(), "x": float("nan")}),
        json.dumps({**evidence(), "x": 0}).replace('"x": 0', '"x": 1e999'),
    ],
    ids=["nested", "deep", "no number", "infinite"],
)
def test_what_is_no_json_is_no_evidence(site, in_process, text):
    site.on(CAT, text)
    node = in_process("tailscale_health", check=True, job="whoami", serve_config=SERVE)["nodes"][0]
    assert (node["verdict"], node["evidence"]) == ("refused", None)


HOSTILE = "\x1b[2J\x1b]0;title\x07tskey-auth-kAbCdEf-GhIjKl and token=0123456789abcdef\nwhoami: 1/1 nodes ready \ud800"


@pytest.mark.parametrize(
    "found",
    [
        {**evidence("starting"), "reason": HOSTILE},
        {**without(evidence(), BackendState="NeedsLogin", Health=[HOSTILE, HOSTILE]), "reason": HOSTILE},
        without(evidence(), BackendState=HOSTILE),
        evidence(DNSName=f"{HOSTILE}.tail.example."),
        evidence(Tags=[HOSTILE]),
        evidence(Expired=True, KeyExpiry=HOSTILE),
        {**evidence(), "phase": HOSTILE},
        evidence(serve={HOSTILE: {"Text": HOSTILE}}),
    ],
    ids=["reason", "health", "state", "name", "tags", "expiry", "phase", "serve"],
)
def test_evidence_is_shown_without_credentials_and_control_characters(site, in_process, screen, found):
    site.on(CAT, json.dumps(found))
    asked = {"job": "whoami", "hostname": "whoami", "tags": ["tag:service"], "serve_config": SERVE, "timeout": 0}
    failed = in_process("tailscale_health", **asked)
    assert failed["failed"]
    told = in_process("tailscale_health", check=True, **asked)
    shown = json.dumps([failed, told, screen.lines, screen.warnings], ensure_ascii=False)
    assert [one for one in ("\\u001b", "\\u0007", "kAbCdEf", "0123456789abcdef", "\\ud800", "\ud800") if one in shown] == []
    assert "whoami: 1/1 nodes ready" not in [line.strip() for line in (*failed["msg"].splitlines(), *screen.lines)]
    assert told["nodes"][0]["evidence"]["alloc_id"] == ALLOCATION


def test_a_serve_configuration_is_compared_as_it_is(site, in_process):
    """Two passwords are shown alike, and are not the same."""
    first, second = ({"TCP": {"80": {"TCPForward": f"http://u:{word}@127.0.0.1"}}} for word in ("one", "two"))
    site.on(CAT, json.dumps(evidence(serve=first)))
    assert in_process("tailscale_health", job="whoami", serve_config=first)["nodes"][0]["verdict"] == "ready"
    node = in_process("tailscale_health", check=True, job="whoami", serve_config=second)["nodes"][0]
    assert node["verdict"] == "serve_differs"
    assert node["serve_config"]["TCP"]["80"]["TCPForward"] == "http://u:…@127.0.0.1"


def test_no_allocation_is_no_proof(site, in_process):
    site.on("GET /v1/job/whoami/allocations", [listed(version=2)])
    result = in_process("tailscale_health", job="whoami", timeout=0)
    assert "no allocation" in result["msg"]


FULL = {"Status": "complete", "CreateIndex": 8, "FailedTGAllocs": {"app": {"NodesEvaluated": 1, "DimensionExhausted": {"memory": 1}}}}


def test_fewer_nodes_than_the_count_are_no_proof(site, in_process):
    """Three are wanted, one is there: ready as it is, the others are missing."""
    site.on("GET /v1/job/whoami", job(count=3))
    site.on("GET /v1/job/whoami/evaluations", [{"Status": "blocked", "CreateIndex": 9}, FULL])
    result = in_process("tailscale_health", check=True, job="whoami")
    assert [node["verdict"] for node in result["nodes"]] == ["ready"]
    assert not result["proved"]
    failed = in_process("tailscale_health", job="whoami", timeout=0)
    assert failed["failure"]["kind"] == "timeout"
    wanted = "job whoami: 1 of 3 allocations of group app are there: resource memory: exhausted on 1 of 1 node"
    assert wanted in failed["msg"]


def test_a_group_without_the_task_is_not_counted(site, in_process):
    other = {"Name": "db", "Count": 2, "Tasks": [{"Name": "db"}]}
    site.on("GET /v1/job/whoami", job(TaskGroups=[*job()["TaskGroups"], other]))
    assert in_process("tailscale_health", job="whoami")["proved"]
    assert "has a task tailscale" in in_process("tailscale_health", job="whoami", group="db", timeout=0)["msg"]


def test_canaries_that_are_held_are_all_that_is_wanted(site, in_process):
    whoami = job(count=3)
    whoami["TaskGroups"][0]["Update"] = {"Canary": 1}
    site.on("GET /v1/job/whoami", whoami)
    site.on("GET /v1/job/whoami/allocations", [{**listed(), "DeploymentStatus": {"Canary": True}}])
    assert in_process("tailscale_health", job="whoami")["proved"]


@pytest.mark.parametrize(
    ("evaluation", "proved"),
    [
        ({"Status": "complete"}, True),
        ({"Status": "blocked", "NodeID": "node-2"}, True),
        ({"Status": "pending", "NodeID": "node-2"}, False),
    ],
)
def test_a_system_job_is_wanted_on_each_node_with_room(site, in_process, evaluation, proved):
    site.on("GET /v1/job/whoami", job(Type="system"))
    site.on("GET /v1/job/whoami/evaluations", [{"CreateIndex": 9, **evaluation}])
    assert in_process("tailscale_health", check=True, job="whoami")["proved"] is proved


def test_a_job_that_is_scaled_to_nothing_is_no_proof(site, in_process):
    site.on("GET /v1/job/whoami", job(count=0))
    site.on("GET /v1/job/whoami/allocations", [])
    assert "no allocation" in in_process("tailscale_health", job="whoami", timeout=0)["msg"]


def test_a_stopped_job_is_not_waited_for(site, in_process):
    site.on("GET /v1/job/whoami", job(), job(Stop=True))
    site.on(CAT, json.dumps(evidence("starting")))
    result = in_process("tailscale_health", job="whoami", timeout=3600)
    assert "job whoami is stopped" in result["msg"]
    assert "after" not in result["msg"].splitlines()[0]


def test_a_task_that_no_group_has(site, in_process):
    assert "has a task vpn" in in_process("tailscale_health", job="whoami", task="vpn")["msg"]


def test_a_job_that_does_not_exist(nomad, in_process):
    result = in_process("tailscale_health", job="whoami", namespace="team")
    assert result["msg"] == "There is no job whoami in namespace team."


def test_read_fs_is_named(site, in_process):
    site.on(STAT, (403, "Permission denied"))
    site.on("GET /v1/acl/token/self", {})
    assert "capability read-fs" in in_process("tailscale_health", job="whoami", token="0000")["msg"]


def test_after_the_stop(site, in_process, screen):
    site.on("GET /v1/job/whoami/allocations", [listed(desired="stop", status="complete")])
    site.on(CAT, json.dumps(evidence("logged_out", age=99)))
    assert in_process("tailscale_health", job="whoami", state="logged_out")["nodes"][0]["verdict"] == "logged_out"
    site.on(STAT, (404, "no such file or directory"), {"IsDir": True})
    assert in_process("tailscale_health", check=True, job="whoami", state="logged_out")["nodes"][0]["verdict"] == "abandoned"
    site.on(STAT, (404, "no such file or directory"))
    assert in_process("tailscale_health", job="whoami", state="logged_out")["nodes"][0]["verdict"] == "collected"
    assert "not known" in screen.warnings[-1]
    assert not in_process("tailscale_health", job="whoami", state="logged_out")["proved"]


def test_whatever_runs_is_observed_once(site, in_process):
    site.on("GET /v1/job/whoami/allocations", [listed(version=2, desired="stop"), {**listed(status="failed"), "ID": "ended"}])
    result = in_process("tailscale_health", job="whoami", state="observed", timeout=3600)
    assert [node["verdict"] for node in result["nodes"]] == ["ready"]
    site.on("GET /v1/job/whoami/allocations", [])
    assert in_process("tailscale_health", job="whoami", state="observed", timeout=3600)["nodes"] == []


def test_a_sidecar_that_never_started_has_no_node(site, in_process):
    ended = listed(desired="stop", status="failed")
    site.on("GET /v1/job/whoami/allocations", [{**ended, "TaskStates": {"tailscale": {"StartedAt": None}}}])
    result = in_process("tailscale_health", job="whoami", state="logged_out")
    assert result["nodes"][0]["verdict"] == "never_joined"


def test_an_ended_allocation_is_not_waited_for(site, in_process):
    site.on("GET /v1/job/whoami/allocations", [listed(desired="stop", status="complete")])
    site.on(CAT, json.dumps({**evidence("stopped"), "reason": "the node keeps its place in the tailnet"}))
    result = in_process("tailscale_health", job="whoami", state="logged_out", timeout=3600)
    assert result["failed"]
    assert "keeps its place" in result["msg"]
    assert "after" not in result["msg"].splitlines()[0]


def test_a_wrong_name_is_not_waited_for(site, in_process):
    site.on(CAT, json.dumps(evidence(DNSName="whoami-1.tail.example.")))
    result = in_process("tailscale_health", job="whoami", hostname="whoami", timeout=3600)
    assert "still holds whoami" in result["msg"]
