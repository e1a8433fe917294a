# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `job_info`: one list per concern, grouped here, however many jobs there are."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...module_utils import _arguments
from .._durations import NANOSECONDS
from .._entry import Entry, Run
from .._errors import Denied, InvalidInput, NomadError, NotFound
from .._job.placement import placement_failures
from .._json import Json
from .._nomad.allocations import allocation_summary
from .._nomad.checks import check_results
from .._nomad.client import Client
from .._nomad.deployments import deployment_result
from .._nomad.jobs import find_job, job_path
from .._nomad.paging import filter_expression, list_all
from .._redact import scrub

JobKey = tuple[str, str]
COUNTS = ("queued", "starting", "running", "complete", "failed", "lost", "unknown")


def logic(params: Json, run: Run) -> Json:
    """Return the jobs that have this name or prefix, with the concerns that `gather` names."""
    if params["name"] == "":
        raise InvalidInput("name is empty. Leave it out to see all jobs.")
    client = Client.from_options(params)
    query = _Query(client.in_namespace(client.namespace or "default"), params["name"], params["prefix"] or "")
    jobs = query.jobs()
    wanted = params["gather"] if jobs else []
    if "versions" in wanted:
        for job in jobs:
            job["versions"] = query.versions(job)
    if "deployment" in wanted:
        for job, found in _of_each(jobs, query.of_all("deployments")):
            job["deployment"] = deployment_result(found[0]) if found else None
    if "evaluations" in wanted:
        for job, found in _of_each(jobs, query.of_all("evaluations")):
            job["evaluations"] = [_evaluation(one, job.get("job") or {}) for one in found]
    if "allocations" in wanted or "checks" in wanted:
        for job, found in _of_each(jobs, query.of_all("allocations")):
            if "allocations" in wanted:
                job["allocations"] = [_allocation(one) for one in found]
            if "checks" in wanted:
                running = [one for one in found if one["ClientStatus"] == "running"]
                job["checks"] = [check for one in running for check in query.checks(one, run)]
    for job in jobs:
        del job["create_index"]
    return {"changed": False, "jobs": jobs}


@dataclass(frozen=True)
class _Query:
    """One question to one Nomad: its namespace may be `*`."""

    client: Client
    name: str | None
    prefix: str

    @property
    def _text(self) -> str:
        return self.prefix if self.name is None else self.name

    def _filter(self, field: str) -> str | None:
        return filter_expression(field, self._text, self.name is not None) if self._text else None

    def jobs(self) -> list[Json]:
        """Return the jobs, by namespace and ID; with their specs when they were asked for by name."""
        stubs = list_all(self.client, "/v1/jobs", "list the jobs", "list-jobs", prefix=self._text or None, filter=self._filter("ID"))
        if self.name is None:
            versions = {(one["Namespace"], one["ID"]): one["Version"] for one in self._statuses(stubs)}
            jobs = [_job(stub, versions.get((stub["Namespace"], stub["ID"]))) for stub in stubs]
        else:
            # None where it was purged since it was listed.
            specs = [(stub, find_job(self.client.in_namespace(stub["Namespace"]), stub["ID"])) for stub in stubs]
            jobs = [{**_job(stub, spec["Version"]), "job": spec} for stub, spec in specs if spec]
        return sorted(jobs, key=lambda job: (job["namespace"], job["id"]))

    def _statuses(self, stubs: list[Json]) -> list[Json]:
        """Read the jobs' versions, which `/v1/jobs` leaves out. Not paged: jobs that changed together get lost at a page's end."""
        if not stubs:
            return []
        answer = self.client.get("/v1/jobs/statuses", "list the jobs' versions", include_children="true", filter=self._filter("ID"))
        return t.cast("list[Json]", answer.data)

    def of_all(self, concern: str) -> list[Json]:
        """Return all allocations, deployments or evaluations of all the jobs."""
        return list_all(self.client, f"/v1/{concern}", f"list the {concern}", filter=self._filter("JobID"))

    def versions(self, job: Json) -> list[Json]:
        """Return the versions that Nomad remembers, newest first. Nomad has no list of them for several jobs."""
        path = job_path(job["id"], "/versions")
        try:
            found = self.client.in_namespace(job["namespace"]).get(path, f"read the versions of {job['id']}").data["Versions"]
        except NotFound:  # purged since it was listed
            return []
        return [_version(one) for one in found]

    def checks(self, allocation: Json, run: Run) -> list[Json]:
        """Ask the allocation's client for the results of its checks. Nomad's servers do not know them."""
        try:
            found = check_results(self.client, allocation)
        except Denied:
            raise
        except NomadError as error:
            run.warn(str(error))
            return [_check(allocation, {"Status": "unknown", "Output": str(error)})]
        return [_check(allocation, one) for one in found]


def _of_each(jobs: list[Json], found: list[Json]) -> list[tuple[Json, list[Json]]]:
    """Return each job with its own items, newest first. Older things belong to a purged job that had the same ID."""
    groups: dict[JobKey, list[Json]] = {(job["namespace"], job["id"]): [] for job in jobs}
    for one in found:
        groups.get((one["Namespace"], one["JobID"]), []).append(one)
    newest_first = {key: sorted(group, key=lambda one: -one["CreateIndex"]) for key, group in groups.items()}
    return [(job, [one for one in newest_first[job["namespace"], job["id"]] if one["CreateIndex"] >= job["create_index"]]) for job in jobs]


def _job(stub: Json, version: int | None) -> Json:
    found = stub.get("JobSummary") or {}
    children = (found.get("Children") or {}) if stub["Periodic"] or stub["ParameterizedJob"] else None
    return {
        "id": stub["ID"],
        "namespace": stub["Namespace"],
        "type": stub["Type"],
        "status": stub["Status"],
        "version": version,
        "job_modify_index": stub["JobModifyIndex"],
        "stopped": stub["Stop"],
        "groups": {group: _counts(counts) for group, counts in sorted((found.get("Summary") or {}).items())},
        "children": None if children is None else {name.lower(): count for name, count in children.items()},
        "create_index": stub["CreateIndex"],
    }


def _counts(counts: Json) -> Json:
    return {name: counts.get(name.capitalize(), 0) for name in COUNTS}


def _version(job: Json) -> Json:
    tag = job.get("VersionTag") or {}
    return {
        "version": job["Version"],
        "stable": bool(job.get("Stable")),
        "job_modify_index": job["JobModifyIndex"],
        "submit_time": (job.get("SubmitTime") or 0) // NANOSECONDS,
        "tag": tag.get("Name") or "",
    }


def _evaluation(evaluation: Json, spec: Json) -> Json:
    failed = sorted((evaluation.get("FailedTGAllocs") or {}).items())
    return {
        "id": evaluation["ID"],
        "triggered_by": evaluation["TriggeredBy"],
        "status": evaluation["Status"],
        "description": evaluation.get("StatusDescription") or "",
        "failed_groups": {group: placement_failures(metrics, spec, group) for group, metrics in failed},
    }


def _allocation(allocation: Json) -> Json:
    health = allocation.get("DeploymentStatus") or {}
    return {
        **allocation_summary(allocation),
        "desired_status": allocation["DesiredStatus"],
        "group": allocation["TaskGroup"],
        "job_version": allocation["JobVersion"],
        "healthy": health.get("Healthy"),
        "canary": bool(health.get("Canary")),
    }


def _check(allocation: Json, check: Json) -> Json:
    return {
        "alloc_id": allocation["ID"],
        "group": allocation["TaskGroup"],
        "task": check.get("Task") or "",
        "service": check.get("Service") or "",
        "name": check.get("Check") or "",
        "status": check["Status"],
        "output": scrub(check["Output"] or ""),
    }


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "name": {"type": "str"},
        "prefix": {"type": "str"},
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": ["versions", "deployment", "allocations", "checks", "evaluations"],
            "default": [],
        },
    },
    relations={"mutually_exclusive": [("name", "prefix")]},
    logic=logic,
)
