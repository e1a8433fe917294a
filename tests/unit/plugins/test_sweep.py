# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every module is answered wrongly in turn: the result is never a traceback, and never a success that did nothing.

`CASES` has a run of each module that succeeds. Its requests are recorded, and the run is repeated with each of the faults for each of
the requests, and with each field of each answer missing or of another type.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import time
import typing as t
from pathlib import Path

import pytest

from tests.unit.support.control_planes import NEW_TEXT, TAGS, Device, Headscale, Key, Tailscale
from tests.unit.support.evidence import ALLOCATION, evidence
from tests.unit.support.scripted_server import CLOSED, CUT, RESET, Scripted

MODULES = Path(__file__).parents[3] / "plugins/modules"
PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Some page</body></html>"
Json = dict[str, t.Any]
Make = t.Callable[[t.Any], None]

JOB: Json = {
    "ID": "whoami",
    "Namespace": "default",
    "Type": "service",
    "Version": 0,
    "Stop": False,
    "Status": "running",
    "CreateIndex": 10,
    "JobModifyIndex": 10,
    "SubmitTime": 1_795_321_396_197_717_990,
    "Stable": True,
    "VersionTag": {"Name": "v1"},
    "Dispatched": False,
    "Periodic": None,
    "ParameterizedJob": None,
    "Meta": {"managed_by": "us", "notailcar_egress": "locked"},
    "TaskGroups": [
        {
            "Name": "app",
            "Count": 1,
            "ReschedulePolicy": {"Unlimited": True, "Attempts": 0},
            "Services": [{"Name": "whoami", "Provider": "nomad", "Checks": [{"Name": "alive"}]}],
            "Tasks": [{"Name": "tailscale", "Env": {"SIDECAR_TAGS": "tag:a"}, "Config": {"image": "tailscale:v1"}, "Services": None}],
        }
    ],
}
STUB: Json = {
    **{name: JOB[name] for name in ("ID", "Namespace", "Type", "Status", "Stop", "CreateIndex", "JobModifyIndex", "Meta")},
    "Periodic": False,
    "ParameterizedJob": False,
    "JobSummary": {"Summary": {"app": {"Running": 1}}, "Children": None},
}
EVENTS = [
    {"Type": "Started", "DisplayMessage": "Task started by client", "FailsTask": False, "Details": {}},
    {"Type": "Terminated", "DisplayMessage": "Exit Code: 1", "Details": {"exit_code": "1", "signal": "0", "oom_killed": "false"}},
]
ALLOC: Json = {
    "ID": ALLOCATION,
    "Name": "whoami.app[0]",
    "Namespace": "default",
    "JobID": "whoami",
    "NodeName": "node-1",
    "TaskGroup": "app",
    "CreateIndex": 21,
    "JobVersion": 0,
    "DesiredStatus": "run",
    "ClientStatus": "running",
    "ClientDescription": "Tasks are running",
    "NextAllocation": "",
    "DeploymentStatus": {"Healthy": True, "Canary": False},
    "TaskStates": {
        "tailscale": {"State": "running", "Failed": False, "Restarts": 1, "StartedAt": "2026-11-22T01:02:03Z", "Events": EVENTS},
    },
}
GROUP_STATE: Json = {
    **{"DesiredTotal": 1, "PlacedAllocs": 1, "HealthyAllocs": 1, "UnhealthyAllocs": 0, "DesiredCanaries": 0},
    **{"Promoted": False, "AutoPromote": False, "AutoRevert": False},
}
DEPLOYED: Json = {
    "ID": "d0d0d0d0-0000",
    "JobID": "whoami",
    "Namespace": "default",
    "Status": "successful",
    "StatusDescription": "Deployment completed",
    "JobVersion": 0,
    "CreateIndex": 20,
    "TaskGroups": {"app": GROUP_STATE},
}
METRICS: Json = {"NodesEvaluated": 1, "NodesAvailable": {"dc1": 1}, "ConstraintFiltered": {"missing drivers": 1}, "ClassFiltered": None}
EVALUATION: Json = {
    "ID": "e0e0e0e0-0000",
    "JobID": "whoami",
    "Namespace": "default",
    "Status": "complete",
    "StatusDescription": "",
    "TriggeredBy": "job-register",
    "CreateIndex": 11,
    "JobModifyIndex": 10,
    "FailedTGAllocs": {"other": METRICS},
}
FIELD: Json = {"Type": "Edited", "Name": "Count", "Old": "1", "New": "2", "Annotations": ["forces create"]}
PART: Json = {"Type": "Edited", "Name": "Resources", "Fields": [FIELD], "Objects": None}
TASK_DIFF: Json = {**PART, "Name": "tailscale", "Objects": [PART], "Annotations": ["forces in-place update"]}
GROUP_DIFF: Json = {**PART, "Name": "app", "Tasks": [TASK_DIFF], "Updates": {"create": 1}}
PLANNED: Json = {
    "Diff": {"Type": "Edited", "ID": "whoami", "Fields": [FIELD], "Objects": [PART], "TaskGroups": [GROUP_DIFF]},
    "JobModifyIndex": 10,
    "Annotations": {"DesiredTGUpdates": {"app": {"Place": 1, "Ignore": 0}}},
    "FailedTGAllocs": None,
    "Warnings": '1 warning:\n\n* Group "app" has warnings: 1 error occurred:\n\t* too old',
    "NextPeriodicLaunch": None,
}
VARIABLE: Json = {"Path": "nomad/jobs/whoami", "Namespace": "default", "ModifyIndex": 5, "CreateTime": 10**18, "ModifyTime": 10**18}
SECRET = "a-very-secret-value"


def follows(nomad: Scripted, job: Json = JOB, path: str = "/v1/job/whoami") -> None:
    """What is asked about a job that comes up."""
    nomad.on(f"GET {path}", job)
    nomad.on(f"GET {path}/deployment", DEPLOYED)
    nomad.on(f"GET {path}/allocations", [ALLOC])
    nomad.on(f"GET {path}/evaluations", [{**EVALUATION, "FailedTGAllocs": None}])
    nomad.on("GET /v1/evaluation/e0e0e0e0-0000", EVALUATION)
    nomad.on("GET /v1/deployment/d0d0d0d0-0000", DEPLOYED)


def job_present(nomad: Scripted) -> None:
    follows(nomad)
    described = {"ID": "whoami", "Name": "whoami", "Namespace": None, "Region": None, "Meta": None}
    nomad.on("PUT /v1/jobs/parse", {**described, "TaskGroups": [{"Name": "app"}]})
    nomad.on("PUT /v1/job/whoami/plan", PLANNED)
    nomad.on("PUT /v1/jobs", {"EvalID": "e0e0e0e0-0000", "JobModifyIndex": 10})
    nomad.on("GET /v1/client/allocation/" + ALLOCATION + "/checks", {})


def job_absent(nomad: Scripted) -> None:
    nomad.on("GET /v1/job/whoami", JOB)
    nomad.on("DELETE /v1/job/whoami", {"EvalID": "e0e0e0e0-0000"})
    nomad.on("GET /v1/job/whoami/allocations", [{**ALLOC, "ClientStatus": "complete"}])


def job_info(nomad: Scripted) -> None:
    nomad.on("GET /v1/jobs", [STUB])
    nomad.on("GET /v1/jobs/statuses", [{"ID": "whoami", "Namespace": "default", "Version": 0}])
    nomad.on("GET /v1/job/whoami", JOB)
    nomad.on("GET /v1/job/whoami/versions", {"Versions": [JOB]})
    nomad.on("GET /v1/deployments", [DEPLOYED])
    nomad.on("GET /v1/evaluations", [EVALUATION])
    nomad.on("GET /v1/allocations", [ALLOC])
    check = {"Service": "whoami", "Check": "alive", "Task": None, "Status": "success", "StatusCode": 200, "Output": "fine"}
    nomad.on(f"GET /v1/client/allocation/{ALLOCATION}/checks", {"c": check})


def dispatch(nomad: Scripted) -> None:
    rules = {"Payload": "optional", "MetaRequired": None, "MetaOptional": ["colour"]}
    form = {**JOB, "Type": "batch", "ParameterizedJob": rules}
    follows(nomad, {**form, "ID": "whoami/dispatch-1"}, "/v1/job/whoami%2Fdispatch-1")
    nomad.on("GET /v1/job/whoami", form)
    nomad.on("GET /v1/job/whoami%2Fdispatch-1/allocations", [{**ALLOC, "ClientStatus": "complete"}])
    nomad.on("PUT /v1/job/whoami/dispatch", {"DispatchedJobID": "whoami/dispatch-1", "EvalID": "e0e0e0e0-0000"})


def force(nomad: Scripted) -> None:
    follows(nomad, {**JOB, "Type": "batch", "ID": "whoami/periodic-1"}, "/v1/job/whoami%2Fperiodic-1")
    nomad.on("GET /v1/job/whoami", {**JOB, "Type": "batch", "Periodic": {"Enabled": True}})
    nomad.on("GET /v1/job/whoami%2Fperiodic-1/allocations", [{**ALLOC, "ClientStatus": "complete"}])
    nomad.on("PUT /v1/job/whoami/periodic/force", {"EvalID": "e0e0e0e0-0000"})
    nomad.on("GET /v1/evaluation/e0e0e0e0-0000", {**EVALUATION, "JobID": "whoami/periodic-1"})


def deployment(nomad: Scripted) -> None:
    follows(nomad)
    state = {**GROUP_STATE, "DesiredCanaries": 1}
    held = {**DEPLOYED, "Status": "running", "TaskGroups": {"app": state}}
    nomad.on("GET /v1/job/whoami/deployment", held)
    nomad.on("GET /v1/deployment/d0d0d0d0-0000", DEPLOYED)
    nomad.on("PUT /v1/deployment/promote/d0d0d0d0-0000", {"EvalID": "e0e0e0e0-0000"})
    nomad.on("PUT /v1/deployment/fail/d0d0d0d0-0000", {"EvalID": "e0e0e0e0-0000"})


def deployment_failed(nomad: Scripted) -> None:
    deployment(nomad)
    reverted = {**DEPLOYED, "Status": "failed", "StatusDescription": "Failed - rolling back to job version 0"}
    nomad.on("GET /v1/deployment/d0d0d0d0-0000", reverted)
    nomad.on("GET /v1/job/whoami/deployment", {**DEPLOYED, "Status": "running"}, DEPLOYED)


def variable(nomad: Scripted) -> None:
    nomad.on("GET /v1/var/nomad/jobs/whoami", {**VARIABLE, "Items": {"key": "old"}})
    nomad.on("PUT /v1/var/nomad/jobs/whoami", {**VARIABLE, "ModifyIndex": 6, "Items": {"key": SECRET}})
    nomad.on("DELETE /v1/var/nomad/jobs/whoami", (204, ""))
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "acls-disabled"})
    nomad.on("GET /v1/vars", [VARIABLE])


def policy(nomad: Scripted) -> None:
    acl = {"Namespace": "default", "JobID": "whoami", "Group": "", "Task": ""}
    nomad.on("GET /v1/acl/policy/whoami", {"Name": "whoami", "Description": "", "Rules": "old", "JobACL": acl})
    nomad.on("PUT /v1/acl/policy/whoami", "")
    nomad.on("DELETE /v1/acl/policy/whoami", "")


def nodes(nomad: Scripted) -> None:
    node = {"ID": "n", "Name": "node-1", "Datacenter": "dc1", "NodePool": "default", "Status": "ready"}
    networks = {"Networks": [{"Mode": "bridge"}]}
    able = {"SchedulingEligibility": "eligible", "Drivers": {"docker": {"Healthy": True}}, "NodeResources": networks}
    nomad.on("GET /v1/nodes", [{**node, **able, "Attributes": {"os.name": "debian"}, "Meta": None}])
    # Which clients the job may use.
    nomad.on("GET /v1/job/whoami", JOB)


def proof(nomad: Scripted) -> None:
    follows(nomad)
    nomad.on("GET /v1/jobs", [STUB])
    nomad.on(f"GET /v1/client/fs/stat/{ALLOCATION}", {"Size": 1})
    egress = {"verdict": "proved", "observed": "203.0.113.7", "expect": "203.0.113.7", "checked": time.time(), "reason": ""}
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", json.dumps({**evidence(), "egress": egress, "open_ports": [80]}))


def logged_out(nomad: Scripted) -> None:
    proof(nomad)
    nomad.on("GET /v1/job/whoami/allocations", [{**ALLOC, "DesiredStatus": "stop", "ClientStatus": "complete"}])
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", json.dumps(evidence("logged_out")))


def posture(nomad: Scripted) -> None:
    nomad.on("GET /v1/jobs", [STUB])
    nomad.on("GET /v1/job/whoami", JOB)
    nomad.on("GET /v1/vars", [VARIABLE])
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "acls-disabled"})


class Case(t.NamedTuple):
    """A run that succeeds.

    `may` are the requests on which the success does not depend, and, as `REQUEST: FAULT`, answers that Nomad may give.
    """

    module: str
    make: Make
    args: Json = {}  # noqa: RUF012 (nobody changes it)
    may: tuple[str, ...] = ()


JOBSPEC = 'job "whoami" { group "app" {} }'
ACL_RULES = {"namespace": {"default": {"policy": "read"}}}
GATHERED = ["versions", "deployment", "evaluations", "checks"]
# The answer for a job without a deployment.
NO_DEPLOYMENT = "GET /v1/job/whoami/deployment: null"
TOKEN = "GET /v1/acl/token/self"
CHECKS = f"GET /v1/client/allocation/{ALLOCATION}/checks"
NOMAD: dict[str, Case] = {
    "job present": Case(
        "job", job_present, {"spec": JOBSPEC, "owner": "us", "preserve_counts": True, "timeout": 0}, (CHECKS, NO_DEPLOYMENT)
    ),
    "job absent": Case("job", job_absent, {"name": "whoami", "state": "absent", "purge": True, "timeout": 0}),
    "job stopped": Case("job", job_absent, {"name": "whoami", "state": "absent", "owner": "us", "timeout": 0}),
    "job_info one": Case("job_info", job_info, {"name": "whoami", "gather": GATHERED}, (CHECKS,)),
    "job_info all": Case("job_info", job_info, {"gather": ["allocations"]}),
    "job_dispatch": Case("job_dispatch", dispatch, {"job": "whoami", "meta": {"colour": "red"}, "timeout": 0}),
    "job_dispatch periodic": Case("job_dispatch", force, {"job": "whoami", "timeout": 0}),
    "deployment promoted": Case("deployment", deployment, {"job": "whoami", "state": "promoted", "timeout": 0, "wait": False}),
    "deployment failed": Case("deployment", deployment_failed, {"job": "whoami", "state": "failed", "timeout": 0}),
    "variable present": Case("variable", variable, {"path": "nomad/jobs/whoami", "items": {"key": SECRET}}, (TOKEN,)),
    "variable absent": Case("variable", variable, {"path": "nomad/jobs/whoami", "state": "absent"}),
    "variable_info one": Case("variable_info", variable, {"path": "nomad/jobs/whoami", "reveal": ["key"]}),
    "variable_info all": Case("variable_info", variable, {"prefix": "nomad"}),
    "acl_policy present": Case("acl_policy", policy, {"name": "whoami", "rules": ACL_RULES}),
    "acl_policy absent": Case("acl_policy", policy, {"name": "whoami", "state": "absent"}),
    "egress_level_info": Case("egress_level_info", nodes),
    "egress_verify": Case("egress_verify", proof, {"job": "whoami", "timeout": 0}),
    "egress_verify all": Case("egress_verify", proof, {"timeout": 0}),
    "tailscale_health ready": Case("tailscale_health", proof, {"job": "whoami", "hostname": "whoami", "timeout": 0}),
    "tailscale_health logged_out": Case("tailscale_health", logged_out, {"job": "whoami", "state": "logged_out", "timeout": 0}),
    "posture_info": Case("posture_info", posture, {}, (f"{TOKEN}: 403",)),
}


def keys(plane: Tailscale | Headscale) -> None:
    plane.has_keys(Key())
    plane.makes_keys()


def devices(plane: Tailscale | Headscale) -> None:
    plane.has_devices(Device())


CONTROL: dict[str, Case] = {
    "tailscale_key present": Case("tailscale_key", keys, {"tags": TAGS, "current": "7", "force": True}),
    "tailscale_key absent": Case("tailscale_key", keys, {"state": "absent", "id": "7"}),
    "tailscale_key_info": Case("tailscale_key_info", keys),
    "tailnet_device": Case("tailnet_device", devices, {"state": "absent", "hostname": "web", "tags": TAGS}),
    "tailnet_device_info": Case("tailnet_device_info", devices, {"hostname": "web"}),
}
FAULTS: dict[str, tuple[t.Any, ...]] = {
    "nothing": (CLOSED, ""),
    "reset": (RESET, ""),
    "page": (200, PAGE),
    "page 404": (404, PAGE),
    "page 403": (403, PAGE),
    "403": (403, "Permission denied"),
    "429": (429, "slow down", {"Retry-After": "3600"}),
    "500": (500, "rpc error: something"),
    "page 503": (503, PAGE),
    "half": (200, '{"ID": "whoami", "Vers'),
    "empty": (200, ""),
    "null": (200, "null"),
    "list": (200, [[]]),
    "object": (200, {"unexpected": 1}),
    "string": (200, '"whoami"'),
    "number": (200, "7"),
}
# Answers, as `REQUEST: FAULT`, that are the server's own, or cannot be told from them.
GENUINE = (
    *("DELETE /v1/var/*: empty", "DELETE /v1/var/*: null", "DELETE /v1/acl/*: empty", "DELETE /v1/acl/*: null"),
    *("PUT /v1/acl/*: empty", "PUT /v1/acl/*: null"),
    *("PUT /v1/deployment/*: object", "GET /v1/client/fs/stat/*: object"),
    *("DELETE /api/*: empty", "DELETE /api/*: null", "DELETE /api/*: object"),
    *("POST /api/v1/preauthkey/expire: empty", "POST /api/v1/preauthkey/expire: null", "POST /api/v1/preauthkey/expire: object"),
)


@pytest.fixture
def run(in_process: t.Callable[..., Json]) -> t.Callable[[Case], Json]:
    def run(case: Case, **more: t.Any) -> Json:
        result = in_process(case.module, **copy.deepcopy(case.args), **more)
        json.dumps(result)
        return result

    return run


def sweep(fake: Scripted, make: t.Callable[[], None], run: t.Callable[[], Json], may: t.Collection[str]) -> list[str]:
    """Repeat a run with each fault for each request; return what is wrong with the results."""
    scripted = dict(fake.replies)
    make()
    good = run()
    assert not good.get("failed"), good
    requests = list(dict.fromkeys(f"{asked.method} {asked.path}" for asked in fake.asked))
    assert requests
    wrong = []
    for request in requests:
        replies = [("cut", (CUT, _last(fake, make, request))), *FAULTS.items()]
        for name, reply in replies:
            fake.replies = dict(scripted)
            make()
            fake.on(request, reply)
            result = run()
            what = f"{request}: {name}"
            fitting = request in may or any(fnmatch.fnmatchcase(what, pattern) for pattern in (*GENUINE, *may))
            wrong += _judge(what, result, fitting)
    return wrong


def _last(fake: Scripted, make: t.Callable[[], None], request: str) -> t.Any:
    make()
    # An empty body has no half.
    return fake.replies[request][-1][1] or "{}"


def _judge(what: str, result: Json, may: bool) -> list[str]:
    if result.get("failed"):
        sensible = result.get("failure", {}).get("kind") and result["msg"] and "<" not in result["msg"]
        return [] if sensible else [f"{what}: {result}"]
    return [] if may else [f"{what}: a success: {result}"]


@pytest.mark.parametrize("name", NOMAD)
def test_nomad(nomad: Scripted, run: t.Callable[[Case], Json], name: str) -> None:
    case = NOMAD[name]
    assert sweep(nomad, lambda: case.make(nomad), lambda: run(case), case.may) == []


@pytest.mark.parametrize("name", CONTROL)
def test_control_plane(control_plane: t.Any, run: t.Callable[..., Json], name: str) -> None:
    case = CONTROL[name]
    found = sweep(control_plane.fake, lambda: case.make(control_plane), lambda: run(case, **control_plane.args), case.may)
    # Each new key is a secret that only `key` contains.
    assert [line for line in found if NEW_TEXT not in line] == []
    assert found == []


def test_every_module_is_swept() -> None:
    named = {case.module for case in (*NOMAD.values(), *CONTROL.values())}
    assert named == {path.stem for path in MODULES.glob("*.py") if not path.stem.startswith("_")}


def changed(data: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """The data with each of its parts left out, null, and of other types."""
    others = (None, "text", 7, [7], {"a": 7})
    if isinstance(data, (dict, list)):
        for place in list(data) if isinstance(data, dict) else range(min(1, len(data))):
            if isinstance(data, dict):
                yield f".{place} missing", {name: value for name, value in data.items() if name != place}
            for where, inner in (("", other) for other in others if type(other) is not type(data[place])):
                yield f"[{place}]={inner!r}{where}", _with(data, place, inner)
            for where, inner in changed(data[place]):
                yield f"[{place}]{where}", _with(data, place, inner)


def _with(data: t.Any, place: t.Any, value: t.Any) -> t.Any:
    found = copy.copy(data)
    found[place] = value
    return found


@pytest.mark.parametrize("name", [*NOMAD, *CONTROL])
def test_fields(nomad: Scripted, tailscale: Tailscale, run: t.Callable[..., Json], name: str) -> None:
    """No field of an answer leads to a traceback, whatever it is."""
    case = {**NOMAD, **CONTROL}[name]
    script: t.Any = nomad if name in NOMAD else tailscale
    # Both are the same server.
    fake = nomad
    case.make(script)
    run(case)
    for request in list(dict.fromkeys(f"{asked.method} {asked.path}" for asked in fake.asked)):
        good = fake.replies[request][-1][1]
        # Text, also that of evidence, is no answer of Nomad's own.
        for what, data in changed(good) if not isinstance(good, str) else ():
            case.make(script)
            fake.on(request, (200, data))
            try:
                run(case)
            except Exception as error:
                raise AssertionError(f"{request} {what}: {error!r}") from error
