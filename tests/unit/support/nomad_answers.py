# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Nomad answers to the modules, with one job `whoami`; each function scripts the requests of one use of a module."""

from __future__ import annotations

import json
import time
import typing as t

from tests.unit.support.evidence import ALLOCATION, IN_FORCE, evidence
from tests.unit.support.scripted_server import Scripted

Json = dict[str, t.Any]

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
            "Name": "whoami",
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
    "JobSummary": {"Summary": {"whoami": {"Running": 1}}, "Children": None},
}
EVENTS = [
    {"Type": "Started", "DisplayMessage": "Task started by client", "FailsTask": False, "Details": {}},
    {"Type": "Signaling", "DisplayMessage": "Task being sent a signal", "FailsTask": False, "Details": {"signal": "user defined signal 1"}},
    {"Type": "Terminated", "DisplayMessage": "Exit Code: 1", "Details": {"exit_code": "1", "signal": "0", "oom_killed": "false"}},
]
ALLOC: Json = {
    "ID": ALLOCATION,
    "Name": "whoami.whoami[0]",
    "Namespace": "default",
    "JobID": "whoami",
    "NodeName": "node-1",
    "TaskGroup": "whoami",
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
    "TaskGroups": {"whoami": GROUP_STATE},
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
GROUP_DIFF: Json = {**PART, "Name": "whoami", "Tasks": [TASK_DIFF], "Updates": {"create": 1}}
PLANNED: Json = {
    "Diff": {"Type": "Edited", "ID": "whoami", "Fields": [FIELD], "Objects": [PART], "TaskGroups": [GROUP_DIFF]},
    "JobModifyIndex": 10,
    "Annotations": {"DesiredTGUpdates": {"whoami": {"Place": 1, "Ignore": 0}}},
    "FailedTGAllocs": None,
    "Warnings": '1 warning:\n\n* Group "whoami" has warnings: 1 error occurred:\n\t* too old',
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
    nomad.on("PUT /v1/jobs/parse", {**described, "TaskGroups": [{"Name": "whoami"}]})
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
    held = {**DEPLOYED, "Status": "running", "TaskGroups": {"whoami": state}}
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
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", looked)


def looked(serve: Json | None = IN_FORCE) -> str:
    """The evidence of a guard that has looked just now."""
    egress = {"verdict": "proved", "observed": "203.0.113.7", "expect": "203.0.113.7", "checked": time.time(), "reason": ""}
    return json.dumps({**evidence(age=0, serve=serve), "egress": egress, "open_ports": [80]})


def logged_out(nomad: Scripted) -> None:
    proof(nomad)
    nomad.on("GET /v1/job/whoami/allocations", [{**ALLOC, "DesiredStatus": "stop", "ClientStatus": "complete"}])
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", lambda: json.dumps(evidence("logged_out")))


def posture(nomad: Scripted) -> None:
    nomad.on("GET /v1/jobs", [STUB])
    nomad.on("GET /v1/job/whoami", JOB)
    nomad.on("GET /v1/vars", [VARIABLE])
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "acls-disabled"})
