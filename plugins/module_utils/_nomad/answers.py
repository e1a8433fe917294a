# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of Nomad's answers, as far as this collection uses them; Nomad writes null for a list or a map that is empty."""

from __future__ import annotations

import re
import typing as t

from .._shape import Shape

COUNTS = ({str: int}, None)
NAMES = ([str], None)
EXIT_CODE = re.compile(r"-?\d{1,9}")
NO_END = re.compile(r"(?!Terminated$).*")

CHECK = {"Name": str}
SERVICE = {"Name": str, "Provider": str, "Checks": ([CHECK], None)}
SERVICES = ([SERVICE], None)
TASK = {"Name": str, "Env": ({str: str}, None), "Config": (dict, None), "Services": SERVICES}
GROUP = {
    "Name": str,
    "Count": int,
    "Tasks": [TASK],
    "Services": SERVICES,
    "ReschedulePolicy": ({"Attempts": int, "Unlimited": bool}, None),
}
JOB = {
    **dict.fromkeys(("ID", "Namespace", "Status"), str),
    **dict.fromkeys(("Version", "JobModifyIndex", "CreateIndex"), int),
    "Type": {"service", "batch", "system", "sysbatch"},
    "Stop": bool,
    "Dispatched": bool,
    "Stable": bool,
    "SubmitTime": (int, None),
    "Meta": ({str: str}, None),
    "Periodic": (dict, None),
    "ParameterizedJob": ({"Payload": str, "MetaRequired": NAMES, "MetaOptional": NAMES}, None),
    "TaskGroups": [GROUP],
    "VersionTag": ({"Name": str}, None),
}
# A job as it was written: Nomad fills in the rest when it is registered.
PARSED_JOB = {
    **dict.fromkeys(("ID", "Name", "Namespace", "Region", "Type"), (str, None)),
    "Meta": (dict, None),
    "TaskGroups": ([{"Name": (str, None), "Tasks": ([{"Name": (str, None)}], None)}], None),
}
JOB_STUB = {
    **dict.fromkeys(("ID", "Namespace", "Type", "Status"), str),
    **dict.fromkeys(("JobModifyIndex", "CreateIndex"), int),
    **dict.fromkeys(("Stop", "Periodic", "ParameterizedJob"), bool),
    "Meta": ({str: str}, None),
    "JobSummary": ({"Summary": ({str: {str: int}}, None), "Children": COUNTS}, None),
}

EVENT = {"DisplayMessage": (str, None), "FailsTask": bool}
# The end of a task has its signal as a number, the event that a signal was sent its name.
TASK_END = {**EVENT, "Type": {"Terminated"}, "Details": ({"exit_code": EXIT_CODE, "signal": EXIT_CODE, str: str}, None)}
OTHER_EVENT = {**EVENT, "Type": NO_END, "Details": ({str: str}, None)}
EVENTS = ([(TASK_END, OTHER_EVENT)], None)
TASK_STATE = {"State": str, "Failed": bool, "Restarts": int, "StartedAt": (str, None), "Events": EVENTS}
ALLOCATION = {
    **dict.fromkeys(("ID", "Name", "Namespace", "JobID", "NodeID", "NodeName", "TaskGroup", "DesiredStatus", "ClientStatus"), str),
    **dict.fromkeys(("ClientDescription", "NextAllocation"), (str, None)),
    **dict.fromkeys(("CreateIndex", "JobVersion"), int),
    "TaskStates": ({str: TASK_STATE}, None),
    "DeploymentStatus": ({"Healthy": (bool, None), "Canary": bool}, None),
}
WHOLE_ALLOCATION = {
    "Job": JOB,
    "AllocatedResources": ({"Tasks": ({str: {"Memory": {"MemoryMB": int, "MemoryMaxMB": int}}}, None)}, None),
}
DEPLOYMENT_STATE = {
    **dict.fromkeys(("DesiredTotal", "PlacedAllocs", "HealthyAllocs", "UnhealthyAllocs", "DesiredCanaries"), int),
    **dict.fromkeys(("Promoted", "AutoPromote", "AutoRevert"), bool),
}
DEPLOYMENT = {
    **dict.fromkeys(("ID", "JobID", "Namespace", "Status", "StatusDescription"), str),
    **dict.fromkeys(("JobVersion", "CreateIndex"), int),
    "TaskGroups": ({str: DEPLOYMENT_STATE}, None),
}
METRICS = {
    "NodesEvaluated": int,
    "NodePool": str,
    **dict.fromkeys(("NodesAvailable", "ConstraintFiltered", "ClassFiltered", "DimensionExhausted", "ClassExhausted"), COUNTS),
    "QuotaExhausted": NAMES,
}
UNPLACED = ({str: METRICS}, None)
EVALUATION = {
    **dict.fromkeys(("ID", "JobID", "Namespace", "NodeID", "Status", "TriggeredBy"), str),
    **dict.fromkeys(("CreateIndex", "JobModifyIndex"), int),
    "StatusDescription": (str, None),
    "FailedTGAllocs": UNPLACED,
}

DIFF_TYPE = {"None", "Added", "Deleted", "Edited"}
FIELD_DIFF = {**dict.fromkeys(("Name", "Old", "New"), str), "Type": DIFF_TYPE, "Annotations": NAMES}
DIFF: dict[str, Shape] = {
    **dict.fromkeys(("ID", "Name"), str),
    "Type": DIFF_TYPE,
    "Fields": ([FIELD_DIFF], None),
    "Annotations": NAMES,
    "Updates": COUNTS,
}
DIFF.update(dict.fromkeys(("Objects", "TaskGroups", "Tasks"), ([DIFF], None)))
PLAN = {
    "JobModifyIndex": int,
    "Diff": DIFF,
    "Annotations": ({"DesiredTGUpdates": ({str: {str: int}}, None)}, None),
    "FailedTGAllocs": UNPLACED,
    "Warnings": (str, None),
    "NextPeriodicLaunch": (str, None),
}

VARIABLE = {
    **dict.fromkeys(("Path", "Namespace"), str),
    **dict.fromkeys(("ModifyIndex", "CreateTime", "ModifyTime"), int),
    "Items": {str: str},
}
POLICY = {
    **dict.fromkeys(("Name", "Description", "Rules"), str),
    "JobACL": (dict.fromkeys(("Namespace", "JobID", "Group", "Task"), str), None),
}
CHECK_RESULT = {
    **dict.fromkeys(("Service", "Check", "Status"), str),
    **dict.fromkeys(("Task", "Output"), (str, None)),
    "StatusCode": (int, None),
}
NODE = {
    **dict.fromkeys(("ID", "Name", "Datacenter", "NodePool", "Status", "SchedulingEligibility"), str),
    "NodeResources": ({"Networks": ([{"Mode": str}], None)}, None),
    "Drivers": ({str: {"Healthy": bool}}, None),
    "Attributes": ({str: str}, None),
    "Meta": ({str: str}, None),
}

# By method and path; `*` is one name, `**` is anything.
ANSWERS: dict[str, Shape] = {
    "GET /v1/job/*/allocations": [ALLOCATION],
    "GET /v1/job/*/evaluations": [EVALUATION],
    "GET /v1/job/*/deployment": (DEPLOYMENT, None),
    "GET /v1/job/*/versions": {"Versions": [JOB]},
    "GET /v1/job/*": JOB,
    "PUT /v1/job/*/plan": PLAN,
    "PUT /v1/job/*/dispatch": {"DispatchedJobID": str, "EvalID": str},
    "PUT /v1/job/*/periodic/force": {"EvalID": str},
    "DELETE /v1/job/*": {"EvalID": str},
    "PUT /v1/jobs/parse": PARSED_JOB,
    "PUT /v1/jobs": {"EvalID": str, "JobModifyIndex": int},
    "GET /v1/jobs/statuses": [{"ID": str, "Namespace": str, "Version": int}],
    "GET /v1/jobs": [JOB_STUB],
    "GET /v1/allocations": [ALLOCATION],
    "GET /v1/allocation/*": WHOLE_ALLOCATION,
    "GET /v1/evaluations": [EVALUATION],
    "GET /v1/evaluation/*": EVALUATION,
    "GET /v1/deployments": [DEPLOYMENT],
    "GET /v1/deployment/*": DEPLOYMENT,
    "PUT /v1/deployment/promote/*": dict,
    "PUT /v1/deployment/fail/*": dict,
    "GET /v1/vars": [VARIABLE],
    "GET /v1/var/**": VARIABLE,
    "PUT /v1/var/**": VARIABLE,
    "DELETE /v1/var/**": None,
    "GET /v1/acl/policy/*": POLICY,
    "PUT /v1/acl/policy/*": None,
    "DELETE /v1/acl/policy/*": None,
    "GET /v1/acl/token/self": {"AccessorID": str},
    "GET /v1/nodes": [NODE],
    "GET /v1/client/allocation/*/checks": ({str: CHECK_RESULT}, None),
    "GET /v1/client/fs/stat/*": dict,
}


def _pattern(request: str) -> re.Pattern[str]:
    return re.compile(re.escape(request).replace(r"\*\*", ".+").replace(r"\*", "[^/]+"))


KNOWN: t.Final = [(_pattern(request), shape) for request, shape in ANSWERS.items()]


def shape_of_answer(method: str, path: str) -> Shape:
    """Return the shape of the answer to a request; anything for a request that has none here."""
    request = f"{method} {path}"
    return next((shape for pattern, shape in KNOWN if pattern.fullmatch(request)), object)
