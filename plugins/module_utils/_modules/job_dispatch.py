# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `job_dispatch`: start a parameterized or periodic job now, and wait for the child job."""

from __future__ import annotations

import base64
import json
import typing as t
import uuid

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import InvalidInput, NotFound
from .._job.rollout import Rollout
from .._json import Json
from .._nomad.allocations import allocation_summary
from .._nomad.client import Client
from .._nomad.jobs import job_path, read_job
from .._wait import Wait

PAYLOAD_LIMIT_BYTES = 16 * 1024
# The JSON types that have no text of their own.
NO_TEXT = {dict: "a mapping", list: "a list", type(None): "null"}


def logic(params: Json, run: Run) -> Json:
    """Start one child of the job; in check mode report whether that is possible."""
    name = params["job"]
    client = Client.from_options(params).for_one(f"job {name}")
    try:
        job = read_job(client, name)
    except NotFound as error:
        raise NotFound(f"There is no job {name} in namespace {client.namespace}: register it first.", **error.details) from None
    if job["Stop"]:
        raise InvalidInput(f"Job {name} is stopped; register it again before it can be started.")
    start = _start_of(job, params)
    result: Json = {
        "changed": True,
        "job_id": name,
        "namespace": client.namespace,
        "dispatched_job_id": None,
        "eval_id": None,
        "allocations": [],
    }
    if run.check:
        return result
    with Wait(name, params["timeout"], run.progress) as wait:
        patient = client.with_wait(wait)
        child, evaluation = start(patient, job, params)
        result.update(changed=bool(evaluation), dispatched_job_id=child, eval_id=evaluation)
        wait.outcome = f"{child} started"
        wait.tell(f"{child} {'started' if evaluation else 'was started before with this idempotency token'}")
        if params["wait"]:
            wait.outcome = "successful"
            rollout = Rollout(client, read_job(patient, child), wait)
            rollout.follow(evaluation)
            result["allocations"] = [allocation_summary(allocation) for allocation in rollout.allocations]
    return result


def _start_of(job: Json, params: Json) -> t.Callable[[Client, Json, Json], tuple[str, str | None]]:
    """Return how this job is started, after checking that the options fit."""
    name, rules = job["ID"], job["ParameterizedJob"]
    if rules:
        _check_payload(name, rules, params)
        _check_meta(name, rules, params["meta"] or {})
        return _dispatch
    if not job["Periodic"]:
        raise InvalidInput(f"Job {name} is neither parameterized nor periodic: it runs when it is registered (notailcar.nomad.job).")
    given = [option for option in ("payload", "meta", "id_prefix_template", "idempotency_token") if params[option]]
    if given:
        raise InvalidInput(f"Job {name} is periodic and takes no {', no '.join(given)}; only parameterized jobs do.")
    return _force


def _check_payload(name: str, rules: Json, params: Json) -> None:
    payload = params["payload"]
    wanted = rules.get("Payload") or "optional"
    if payload and wanted == "forbidden":
        raise InvalidInput(f"Job {name} forbids a payload.")
    if not payload and wanted == "required":
        raise InvalidInput(f"Job {name} requires a payload.")
    if len((payload or "").encode()) > PAYLOAD_LIMIT_BYTES:
        raise InvalidInput(
            f"payload: {len(payload.encode())} bytes; Nomad takes at most {PAYLOAD_LIMIT_BYTES}. Put the data where the task can fetch it."
        )


def _check_meta(name: str, rules: Json, meta: Json) -> None:
    required, optional = set(rules.get("MetaRequired") or []), set(rules.get("MetaOptional") or [])
    missing, unknown = sorted(required - meta.keys()), sorted(meta.keys() - required - optional)
    if missing:
        raise InvalidInput(f"meta lacks {', '.join(missing)}, which job {name} requires.")
    if unknown:
        raise InvalidInput(
            f"meta has {', '.join(unknown)}, which job {name} does not take (only {', '.join(sorted(required | optional)) or 'none'})."
        )
    for key, value in meta.items():
        if type(value) in NO_TEXT:
            raise InvalidInput(
                f"meta, {key}: Nomad takes text only; {NO_TEXT[type(value)]} is neither a string nor a number nor a boolean. "
                "Give it as a string, for example with the filter to_json."
            )


def _dispatch(client: Client, job: Json, params: Json) -> tuple[str, str | None]:
    # With a token a request whose answer was lost can be sent again, and starts nothing twice.
    token = params["idempotency_token"] or str(uuid.uuid4())
    body = {
        "Payload": base64.b64encode((params["payload"] or "").encode()).decode() or None,
        "Meta": {key: value if isinstance(value, str) else json.dumps(value) for key, value in (params["meta"] or {}).items()},
        "IdPrefixTemplate": params["id_prefix_template"] or "",
    }
    path = job_path(job["ID"], "/dispatch")
    answer = client.put(path, body, f"dispatch the job {job['ID']}", "dispatch-job", idempotency_token=token).data
    return str(answer["DispatchedJobID"]), answer["EvalID"] or None


def _force(client: Client, job: Json, _params: Json) -> tuple[str, str | None]:
    path, what = job_path(job["ID"], "/periodic/force"), f"force the periodic job {job['ID']}"
    evaluation = str(client.put(path, None, what, "dispatch-job or submit-job", retries=False).data["EvalID"])
    return str(client.get(f"/v1/evaluation/{evaluation}", what).data["JobID"]), evaluation


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        **_arguments.waiting(),
        "job": {"type": "str", "required": True},
        "payload": {"type": "str"},
        "meta": {"type": "dict"},
        "id_prefix_template": {"type": "str"},
        "idempotency_token": {"type": "str", "no_log": False},
        "wait": {"type": "bool", "default": True},
    },
    logic=logic,
)
