# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a registered job to one that runs, or to the reason why it does not."""

from __future__ import annotations

import time
import typing as t

from . import _allocations, _failure, _plan
from ._client import Client
from ._errors import Failed, NotFound, TimedOut
from ._wait import Wait

Json = dict[str, t.Any]
# Seconds between two looks at the allocations while the deployment itself is silent.
LOOK_SECONDS = 1
# Nomad plans the replacement of a failed allocation about a second after the failure; until then it looks as if it had given up.
GIVEN_UP_SECONDS = 5
RUNNING = {
    "service": ("running",),
    "system": ("running", "complete"),
    "batch": ("running", "complete"),
    "sysbatch": ("running", "complete"),
}


class Rollout:
    """One version of one job on its way to running."""

    def __init__(self, client: Client, job: str, kind: str, version: int, wait: Wait) -> None:
        self._client = client
        self._job = job
        self._kind = kind
        self._version = version
        self._wait = wait
        self._hopeless_since: float | None = None
        self.allocations: list[Json] = []
        self.deployment: Json | None = None

    def follow(self, evaluation: str | None) -> None:
        """Wait until the version runs; raise Failed or TimedOut with the cause.

        Without an evaluation nothing was registered: what runs already is silently accepted, also after a deployment that once failed.
        """
        registered_at = self._follow_evaluation(evaluation) if evaluation else 0
        if self._kind == "service":
            self.deployment = self._find_deployment()
        if self.deployment:
            # A deployment that ended before says nothing about what was registered now.
            new = evaluation and self.deployment["CreateIndex"] > registered_at
            if new or self.deployment["Status"] not in ("successful", "failed", "cancelled"):
                self._follow_deployment()
        self._follow_allocations(tell=bool(evaluation))

    def look(self) -> None:
        """Read deployment and allocations without waiting."""
        self.deployment = self._find_deployment() if self._kind == "service" else None
        self._read_allocations()

    def fail(self, why: str) -> t.NoReturn:
        """Raise with the causes that the allocations tell."""
        self._raise(Failed, f"{self._job}: {why}", why)

    def _follow_evaluation(self, evaluation: str) -> int:
        """Wait until the scheduler has decided; return the index at which the evaluation was made."""
        index = 0
        while True:
            answer = self._client.get(f"/v1/evaluation/{evaluation}", f"follow the evaluation of {self._job}", **self._wait.block(index))
            found, index = answer.data, answer.index
            if found["Status"] == "complete":
                break
            if found["Status"] in ("failed", "canceled"):
                self.fail(f"the evaluation {found['Status']}: {found.get('StatusDescription') or 'no reason given'}")
            self._wait.tell(f"evaluation {evaluation[:8]} {found['Status']}")
            if self._wait.over:
                self._give_up()
        for group, metrics in sorted((found.get("FailedTGAllocs") or {}).items()):
            self._wait.tell(f"group {group} waits for a place: {'; '.join(_plan.reasons(metrics))}", topic=f"place/{group}")
        return int(found["CreateIndex"])

    def _find_deployment(self) -> Json | None:
        found: Json | None = self._client.get(_allocations.job_path(self._job, "/deployment"), f"read the deployment of {self._job}").data
        return found if found and found["JobVersion"] == self._version else None

    def _follow_deployment(self) -> None:
        index = 0
        while True:
            deployment = t.cast("Json", self.deployment)
            self._read_allocations()
            self._wait.tell(_deployment_line(deployment))
            _allocations.tell_tasks(self._wait, self.allocations)
            if deployment["Status"] == "successful":
                return
            if deployment["Status"] in ("failed", "cancelled"):
                self.fail(f"the deployment {deployment['Status']}: {deployment['StatusDescription']}")
            self._check_hope()
            path = f"/v1/deployment/{deployment['ID']}"
            answer = self._client.get(path, f"follow the deployment of {self._job}", **self._wait.block(index, LOOK_SECONDS))
            self.deployment, index = answer.data, answer.index

    def _follow_allocations(self, tell: bool) -> None:
        index = 0
        while True:
            index = self._read_allocations(**self._wait.block(index))
            live = [allocation for allocation in self.allocations if allocation["DesiredStatus"] == "run"]
            up = [allocation for allocation in live if allocation["ClientStatus"] in RUNNING[self._kind]]
            done = len(up) == len(live) and not _allocations.evaluations_left(self._client, self._job)
            if tell or not done:
                self._wait.tell(f"{len(up)}/{len(live)} allocations running or complete")
                _allocations.tell_tasks(self._wait, self.allocations)
            if done:
                return
            self._check_hope()

    def _read_allocations(self, **query: t.Any) -> int:
        answer = _allocations.of_job(self._client, self._job, **query)
        self.allocations = [allocation for allocation in answer.data if allocation["JobVersion"] == self._version]
        return answer.index

    def _check_hope(self) -> None:
        """Raise when Nomad has given up on an allocation, or when the time is over."""
        if self._wait.over:
            self._give_up()
        lost = _allocations.given_up(self.allocations)
        if not lost or _allocations.evaluations_left(self._client, self._job):
            self._hopeless_since = None
            return
        now = time.monotonic()
        self._hopeless_since = self._hopeless_since or now
        if now - self._hopeless_since >= GIVEN_UP_SECONDS:
            self.fail(f"{len(lost)} of {len(self.allocations)} allocations failed, and Nomad does not try again")

    def _give_up(self) -> t.NoReturn:
        why = f"not done after {self._wait.seconds} s; the last state: {self._wait.last()}"
        self._raise(TimedOut, f"{self._job}: {why}", why)

    def _raise(self, error: type[Failed] | type[TimedOut], message: str, why: str) -> t.NoReturn:
        try:
            self._read_allocations()
        except NotFound:
            self.allocations = []
        found = _failure.causes(self._client, self.allocations)
        raise error("\n".join([message, _failure.text(found)]).rstrip(), reason=why, allocations=found, job_version=self._version)


def deployment_result(deployment: Json | None) -> Json | None:
    """Return the deployment as modules return it."""
    if not deployment:
        return None
    groups = {
        name: {
            "desired": state["DesiredTotal"],
            "placed": state["PlacedAllocs"],
            "healthy": state["HealthyAllocs"],
            "unhealthy": state["UnhealthyAllocs"],
        }
        for name, state in sorted((deployment.get("TaskGroups") or {}).items())
    }
    return {"id": deployment["ID"], "status": deployment["Status"], "description": deployment["StatusDescription"], "groups": groups}


def _deployment_line(deployment: Json) -> str:
    groups = deployment_result(deployment)
    counts = ", ".join(
        f"{name} {state['healthy']}/{state['desired']} healthy" + (f", {state['unhealthy']} unhealthy" if state["unhealthy"] else "")
        for name, state in (groups or {})["groups"].items()
    )
    return f"deployment {deployment['ID'][:8]} {deployment['Status']}: {counts}"
