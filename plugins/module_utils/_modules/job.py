# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `job`."""

from __future__ import annotations

import typing as t

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import Conflict, InvalidInput, TimedOut
from .._job.existing_job import check_owner, merge_existing
from .._job.plan import Plan, check_placeable, placement_warnings, plan_job
from .._job.rollout import Rollout, reschedules
from .._job.specification import read_specification
from .._job.wanted import ENDING, PER_NODE
from .._json import Json
from .._nomad.allocations import TERMINAL_STATUSES, allocation_summary, given_up_allocations, list_allocations, short_id, tell_task_events
from .._nomad.client import Client
from .._nomad.deployments import deployment_result, newest_deployment, unpromoted_groups
from .._nomad.evaluations import evaluation_of_registration
from .._nomad.jobs import find_job, job_path, read_job
from .._wait import Wait

START_OVER = "The last run of this spec failed and left nothing running: the job is {}, and registered anew.\n"


def logic(params: Json, run: Run) -> Json:
    """Bring the job to the wanted state, or in check mode report the change."""
    priority = params["eval_priority"]
    if priority is not None and not 1 <= priority <= 100:
        raise InvalidInput(f"eval_priority must be between 1 and 100, not {priority}.")
    client = Client.from_options(params)
    return _present(client, params, run) if params["state"] == "present" else _absent(client, params, run)


def _present(client: Client, params: Json, run: Run) -> Json:
    spec = read_specification(client, params)
    job = spec.job
    name = str(job["ID"])
    if params["name"] not in (None, name):
        raise InvalidInput(f"name is {params['name']}, but the spec describes the job {name}.")
    # The spec's namespace and region beat the options, as for the `nomad` command.
    client = client.in_namespace(job.get("Namespace") or client.namespace or "default", job.get("Region")).for_one(f"job {name}")
    job = {**job, "Namespace": client.namespace}
    job, index = merge_existing(client, job, params)
    plan = plan_job(client, job)
    for wanted in (params["check_index"], index):
        _check_index(wanted, plan, name)
    for warning in plan.warnings:
        run.warn(f"{name}: {warning}")
    # An unchanged job may be one that Nomad has no room for, or one that has failed.
    known = [] if plan.differs or not plan.index or (plan.changed and plan.awaits_room) else list_allocations(client, name).data
    if params["require_placement"] and (plan.differs or plan.kind not in ENDING):
        check_placeable(plan, name, {one["TaskGroup"] for one in _live(known)})
    for warning in placement_warnings(plan):
        run.warn(f"{name}: {warning}")
    earlier = EarlierRun([]) if plan.changed else _earlier_run(client, plan, known, params)
    diff = plan.diff if plan.changed else earlier.told
    result = {
        "changed": bool(diff),
        "job_id": name,
        "namespace": client.namespace,
        "job_modify_index": plan.index,
        "plan": plan.result(),
        "diff": {"prepared": diff} if diff else {},
    }
    if run.check:
        return {**result, "settled": not diff and _settled(client, name, plan, earlier, params)}
    with Wait(name, params["timeout"], run.progress) as wait:
        patient = client.with_wait(wait)
        registration = Registration(None, plan.index)
        body = {"Job": job, "EvalPriority": params["eval_priority"], "Submission": spec.submission}
        if plan.changed:
            registration = _register(patient, body, plan.index)
            if not plan.differs:
                # For a spec that is the same, Nomad's answer has the job's ModifyIndex, which also counts changes of its status.
                registration = registration._replace(job_index=plan.index)
        elif earlier.dead:
            registration = _start_over(patient, body, plan.index, earlier.purge)
        return {**result, **_bring_up(patient, plan, registration, params, wait)}


class Registration(t.NamedTuple):
    """The result of a registration: its evaluation (none for periodic and parameterized jobs) and the job's index."""

    evaluation: str | None
    job_index: int


class EarlierRun(t.NamedTuple):
    """The remains of an earlier run of the same spec: the job's allocations, and what this run does about them."""

    allocations: list[Json]
    told: str = ""
    dead: bool = False
    purge: bool = False


def _live(allocations: list[Json]) -> list[Json]:
    return [one for one in allocations if one["DesiredStatus"] == "run" and one["ClientStatus"] not in TERMINAL_STATUSES]


def _earlier_run(client: Client, plan: Plan, allocations: list[Json], params: Json) -> EarlierRun:
    name, live = plan.job["ID"], _live(allocations)
    # Without room, Nomad itself places what has failed as soon as there is some.
    if given_up_allocations(allocations) and not live and (plan.awaits_room or plan.kind in PER_NODE):
        purge = _remembers_failures(client, name)
        return EarlierRun(allocations, START_OVER.format("removed with its history" if purge else "stopped"), dead=True, purge=purge)
    if live and params["canaries"] == "promote" and any((one.get("DeploymentStatus") or {}).get("Canary") for one in live):
        deployment = newest_deployment(client, name)
        if deployment and unpromoted_groups(deployment):
            return EarlierRun(allocations, f"The canaries of deployment {deployment['ID'][:8]} are promoted.\n")
    return EarlierRun(allocations)


def _settled(client: Client, name: str, plan: Plan, earlier: EarlierRun, params: Json) -> bool:
    """Whether a run of the same spec would have nothing to do and nothing to wait for."""
    if not plan.index:
        return False
    registered = read_job(client, name)
    if registered["Periodic"] or registered["ParameterizedJob"]:
        return True
    wait = Wait(name, params["timeout"], lambda line: None)
    return Rollout(client, registered, wait, awaits_room=plan.awaits_room).settled(earlier.allocations)


def _check_index(wanted: int | None, plan: Plan, name: str) -> None:
    if wanted is None or wanted == plan.index:
        return
    found = f"its index is now {plan.index}" if plan.index else "it does not exist"
    expected = f"had the index {wanted}" if wanted else "was not to exist"
    raise Conflict(
        f"Job {name} was changed by someone else since the plan: it {expected}, but {found}. Nothing was registered; plan again.",
        check_index=wanted,
        job_modify_index=plan.index,
    )


def _bring_up(client: Client, plan: Plan, registration: Registration, params: Json, wait: Wait) -> Json:
    name = plan.job["ID"]
    registered = read_job(client, name)
    # Nomad compares the index before it writes, not while it writes: of two writes at once both may be taken, and the last one stays.
    now = registered["JobModifyIndex"]
    if now != registration.job_index:
        raise Conflict(
            f"Job {name} was changed by someone else at the same time: this run left it with the index {registration.job_index}, "
            f"and now it has {now}. What runs is theirs; plan again.",
            check_index=registration.job_index,
            job_modify_index=now,
        )
    rollout = Rollout(client, registered, wait, params["canaries"], plan.awaits_room)
    # Periodic and parameterized jobs only run later.
    if params["wait"] and not (registered["Periodic"] or registered["ParameterizedJob"]):
        rollout.follow(registration.evaluation)
    else:
        wait.outcome = "registered"
        rollout.look()
    return {
        "eval_id": registration.evaluation,
        "job_modify_index": registered["JobModifyIndex"],
        "job_version": registered["Version"],
        "deployment": deployment_result(rollout.deployment),
        "allocations": [allocation_summary(allocation) for allocation in rollout.allocations],
    }


def _register(client: Client, body: Json, index: int) -> Registration:
    """Register, refused when the job is no longer the planned one."""
    try:
        answer = _put(client, body, index)
        return Registration(answer["EvalID"] or None, answer["JobModifyIndex"])
    except Conflict:
        # Its own write, when the first answer was lost and the request was sent again; nothing of it may be placed yet.
        job = body["Job"]
        if plan_job(client, job).differs:
            raise
        registered = read_job(client, job["ID"])
        return Registration(evaluation_of_registration(client, registered), registered["JobModifyIndex"])


def _remembers_failures(client: Client, name: str) -> bool:
    """Whether Nomad counts failed allocations as placed as long as it knows the job, even when it was stopped in between.

    Measured: stopping and registering brings back a batch job and a service that may be rescheduled, no others; an evaluation with
    force-reschedule and stopping the failed allocation bring back none.
    """
    job = read_job(client, name)
    return job["Type"] != "batch" and not (job["Type"] == "service" and all(map(reschedules, job["TaskGroups"])))


def _start_over(client: Client, body: Json, index: int, purge: bool) -> Registration:
    """Remove the dead job and register it again: Nomad never places allocations of a failed deployment of the same version again."""
    job = body["Job"]
    stopped = _put(client, {**body, "Job": {**job, "Stop": True}}, index)
    if purge:
        client.delete(job_path(job["ID"]), f"remove the failed job {job['ID']}", "submit-job", purge="true")
    return _register(client, body, 0 if purge else int(stopped["JobModifyIndex"]))


def _put(client: Client, body: Json, index: int) -> Json:
    what = f"register the job {body['Job']['ID']}"
    return t.cast("Json", client.put("/v1/jobs", {**body, "EnforceIndex": True, "JobModifyIndex": index}, what, "submit-job").data)


def _absent(client: Client, params: Json, run: Run) -> Json:
    name = params["name"]
    client = client.for_one(f"job {name}")
    result: Json = {"changed": False, "job_id": name, "namespace": client.namespace, "eval_id": None, "allocations": [], "diff": {}}
    job = find_job(client, name)
    if job is None:
        return result
    if params["owner"]:
        check_owner(job, params["owner"], params["adopt"])
    # A dead service is not a stopped one: a new node may start it again.
    over = job["Stop"] or (job["Status"] == "dead" and job["Type"] in ("batch", "sysbatch"))
    result["changed"] = bool(params["purge"] or not over)
    if result["changed"]:
        after = "" if params["purge"] else f"job {name}: stopped\n"
        result["diff"] = {"before": f"job {name}: {'stopped' if job['Stop'] else job['Status']}\n", "after": after}
    if run.check:
        return result
    with Wait(name, params["timeout"], run.progress) as wait:
        patient = client.with_wait(wait)
        # Nomad forgets the allocations of a purged job at once, and then nothing shows whether they have ended.
        if not over and (params["wait"] or not params["purge"]):
            result["eval_id"] = _stop(patient, name, params["eval_priority"])
        if params["wait"]:
            result["allocations"] = _until_ended(patient, name, wait)
        if params["purge"]:
            result["eval_id"] = _stop(patient, name, params["eval_priority"], purge="true")
    return result


def _stop(client: Client, name: str, priority: int | None, **query: str) -> str | None:
    path, what = job_path(name), f"stop the job {name}"
    return client.delete(path, what, "submit-job", eval_priority=priority, **query).data["EvalID"] or None


def _until_ended(client: Client, name: str, wait: Wait) -> list[Json]:
    wait.outcome = "stopped"
    index = 0
    while True:
        answer = list_allocations(client, name, **wait.block(index))
        index = answer.index
        left = [allocation for allocation in answer.data if allocation["ClientStatus"] not in TERMINAL_STATUSES]
        found = [allocation_summary(allocation) for allocation in answer.data]
        if not left:
            return found
        wait.tell(f"{len(left)} of {len(found)} allocations still stopping")
        tell_task_events(wait, left)
        if wait.over:
            names = ", ".join(f"{short_id(allocation)} ({allocation['ClientStatus']})" for allocation in left)
            raise TimedOut(f"{name}: not all allocations have ended after {wait.seconds} s: {names}", allocations=found)


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        **_arguments.waiting(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "spec": {"type": "raw"},
        "variables": {"type": "dict"},
        "var_files": {"type": "list", "elements": "path"},
        "name": {"type": "str"},
        "check_index": {"type": "int"},
        "preserve_counts": {"type": "bool", "default": False},
        "eval_priority": {"type": "int"},
        "owner": {"type": "str"},
        "adopt": {"type": "bool", "default": False},
        "purge": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "canaries": {"type": "str", "choices": ["hold", "promote"], "default": "hold"},
        "require_placement": {"type": "bool", "default": True},
    },
    relations={"required_if": [("state", "present", ["spec"]), ("state", "absent", ["name"])]},
    logic=logic,
)
