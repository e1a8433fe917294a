# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a registered job to one that runs or has run, or to the reason why it does not."""

from __future__ import annotations

import time
import typing as t

from .._errors import Conflict, Failed, NomadError, NotFound, TimedOut
from .._json import Json
from .._nomad.allocations import given_up_allocations, list_allocations, tell_task_events
from .._nomad.checks import failing_checks_by_allocation
from .._nomad.client import Client
from .._nomad.deployments import (
    deployment_line,
    fails_at_first_unhealthy,
    is_under_way,
    newest_deployment,
    promote_deployment,
    read_deployment,
    ready_for_promotion,
    reverted_to,
    reverts_on_failure,
    unpromoted_groups,
)
from .._nomad.evaluations import evaluation_of_registration, list_evaluations
from .._nomad.jobs import read_job
from .._wait import Wait
from .failure import causes_text, failure_causes
from .placement import placement_failures
from .wanted import groups_without_any, open_evaluations, should_run

# Seconds between two looks at the allocations while the deployment itself is silent: no query blocks on both.
DEPLOYMENT_QUERY_SECONDS = 1
# Nomad plans the replacement of a failed allocation about a second after the failure; until then it looks as if it had given up.
GIVEN_UP_SECONDS = 5
# The client status of an allocation whose job has reached its goal, by the type of the job.
GOAL = {"service": "running", "system": "running", "batch": "complete", "sysbatch": "complete"}


class Rollout:
    """One version of one job (as read from Nomad after its registration) on its way.

    `canaries` decides what happens when all canaries are healthy: "hold" ends the wait there, "promote" promotes them and waits on.
    `awaits_room` is whether the allocations of a service that no client has room for are waited for, too; those of a group of which
    nothing is placed always are.
    """

    def __init__(self, client: Client, job: Json, wait: Wait, canaries: str = "hold", awaits_room: bool = True) -> None:
        self._client = client.with_wait(wait)
        self._spec = job
        self._job: str = job["ID"]
        self._goal = GOAL[job["Type"]]
        self._version: int = job["Version"]
        self._retried = any(reschedules(group) for group in job.get("TaskGroups") or [])
        self._wait = wait
        self._canaries = canaries
        # A batch job is done only when all of it has run.
        self._awaits_room = awaits_room or self._goal == "complete"
        self._hopeless_since: float | None = None
        self._unplaced = ""
        self._checks: dict[str, list[Json]] = {}
        self.allocations: list[Json] = []
        self.deployment: Json | None = None

    def follow(self, evaluation: str | None) -> None:
        """Wait until the version runs, has run (batch), or holds at its canaries; raise Failed, TimedOut or Conflict with the cause.

        Without an evaluation nothing was registered: running allocations are accepted, also after an earlier failed deployment.
        """
        try:
            self._follow(evaluation)
        except NotFound as error:
            raise Conflict(f"{self._job}: somebody removed the job while its version {self._version} was awaited. {error}") from None

    def _follow(self, evaluation: str | None) -> None:
        registered_at = self._follow_evaluation(evaluation) if evaluation else 0
        self.deployment = self._find_deployment()
        if self.deployment:
            # A deployment that ended earlier belongs to another registration.
            new = evaluation and self.deployment["CreateIndex"] > registered_at
            if (new or is_under_way(self.deployment)) and not self._follow_deployment():
                return
        self._follow_allocations(tell=bool(evaluation))
        if evaluation:
            self._check_not_replaced()

    def look(self) -> None:
        """Read deployment and allocations without waiting."""
        self.deployment = self._find_deployment()
        self._read_allocations()

    def settled(self, allocations: list[Json]) -> bool:
        """Return whether nothing is under way with the job's `allocations`, so that `follow` without an evaluation would end at once."""
        self.deployment = self._find_deployment()
        self._take(allocations)
        return not is_under_way(self.deployment) and self._arrived()

    def follow_back(self, stable: int) -> int:
        """Wait until the rollback to a stable version runs; return the number that the version has now."""
        now = read_job(self._client, self._job)
        self._wait.tell(f"rolling back to version {stable}, as version {now['Version']}")
        Rollout(self._client, now, self._wait, "promote").follow(evaluation_of_registration(self._client, now))
        return int(now["Version"])

    def _follow_evaluation(self, evaluation: str) -> int:
        """Wait until the scheduler has decided; return the index at which the evaluation was made."""
        index = 0
        while True:
            answer = self._client.get(f"/v1/evaluation/{evaluation}", f"follow the evaluation of {self._job}", **self._wait.block(index))
            found, index = answer.data, answer.index
            if found["Status"] == "complete":
                break
            if found["Status"] in ("failed", "canceled"):
                self._fail(f"the evaluation {found['Status']}: {found.get('StatusDescription') or 'no reason given'}")
            self._wait.tell(f"evaluation {evaluation[:8]} {found['Status']}")
            if self._wait.over:
                self._give_up()
        for group, metrics in sorted((found.get("FailedTGAllocs") or {}).items()):
            self._unplaced = f"group {group} waits for a place: {'; '.join(placement_failures(metrics, self._spec, group))}"
            self._wait.tell(self._unplaced, topic=f"place/{group}")
        return int(found["CreateIndex"])

    def _find_deployment(self) -> Json | None:
        found = newest_deployment(self._client, self._job) if self._goal == "running" else None
        return found if found and found["JobVersion"] == self._version else None

    def _follow_deployment(self) -> bool:
        """Return whether it went to its end; it did not where it holds at healthy canaries."""
        index = 0
        while True:
            deployment = t.cast("Json", self.deployment)
            self._read_allocations()
            self._wait.tell(deployment_line(deployment))
            tell_task_events(self._wait, self.allocations)
            self._checks.update(failing_checks_by_allocation(self._client, self._spec, self.allocations))
            if deployment["Status"] == "successful":
                return True
            if deployment["Status"] == "cancelled":
                self._check_not_replaced()
            if deployment["Status"] in ("failed", "cancelled"):
                self._fail(f"the deployment {deployment['Status']}: {deployment['StatusDescription']}", deployment)
            if ready_for_promotion(deployment):
                if self._canaries == "hold":
                    self._wait.outcome = "ready for promotion"
                    return False
                self._wait.tell(f"promoting {', '.join(unpromoted_groups(deployment))}")
                promote_deployment(self._client, deployment)
            self._check_hope()
            answer = read_deployment(self._client, deployment["ID"], **self._wait.block(index, DEPLOYMENT_QUERY_SECONDS))
            self.deployment, index = answer.data, answer.index

    def _follow_allocations(self, tell: bool) -> None:
        index = 0
        while True:
            index = self._read_allocations(**self._wait.block(index))
            over = self._arrived()
            live, done = self._live(), self._done()
            if (tell and not self.deployment) or not over:
                self._wait.tell(f"{len(done)}/{len(live)} allocations {self._goal}")
                tell_task_events(self._wait, self.allocations)
            if not live:
                self._check_not_replaced()
            if over:
                return
            self._check_hope()

    def _live(self) -> list[Json]:
        return should_run(self._spec, self.allocations)

    def _done(self) -> list[Json]:
        return [allocation for allocation in self._live() if allocation["ClientStatus"] == self._goal]

    def _arrived(self) -> bool:
        done = self._done()
        left = [allocation for allocation in self._live() if allocation not in done]
        if len(left) > len(given_up_allocations(left)):
            return False
        found = open_evaluations(list_evaluations(self._client, self._job))
        # A failed allocation whose successor waits for room is as good as not placed.
        if left and not (found.blocked and self._retried and not self._awaits_room):
            return False
        if (found.blocked or found.full_node) and groups_without_any(self._spec, done):
            return False
        return not found.pending and not (found.blocked and self._awaits_room)

    def _scheduler_acts(self) -> bool:
        """Return whether the scheduler may still place an allocation."""
        found = open_evaluations(list_evaluations(self._client, self._job))
        return found.pending or found.blocked or (found.full_node and bool(groups_without_any(self._spec, self._live())))

    def _read_allocations(self, **query: t.Any) -> int:
        answer = list_allocations(self._client, self._job, **query)
        self._take(answer.data)
        return answer.index

    def _take(self, allocations: list[Json]) -> None:
        self.allocations = [allocation for allocation in allocations if allocation["JobVersion"] == self._version]

    def _check_hope(self) -> None:
        """Raise when Nomad has given up on an allocation, or when the time is over."""
        if self._wait.over:
            self._give_up()
        lost = given_up_allocations(self._live())
        if not lost or self._scheduler_acts():
            self._hopeless_since = None
            return
        deploying = is_under_way(self.deployment)
        if deploying and self._deployment_will_fail(lost):
            return
        now = time.monotonic()
        self._hopeless_since = self._hopeless_since or now
        if now - self._hopeless_since >= (GIVEN_UP_SECONDS if deploying or self._retried else 0):
            self._fail(f"{len(lost)} of {len(self.allocations)} allocations failed, and Nomad does not try again")

    def _deployment_will_fail(self, lost: list[Json]) -> bool:
        """Whether the deployment's own failure is awaited: it comes at once, or a rollback follows it."""
        deployment = t.cast("Json", self.deployment)
        return reverts_on_failure(deployment) or all(fails_at_first_unhealthy(deployment, one["TaskGroup"]) for one in lost)

    def _check_not_replaced(self) -> None:
        """Raise when somebody registered, stopped or removed the job in between: then the end of this version is not this run's result."""
        now = read_job(self._client, self._job)
        if now["Version"] != self._version or now["Stop"]:
            what = "stopped it" if now["Stop"] else f"registered version {now['Version']}"
            raise Conflict(
                f"{self._job}: somebody {what} while version {self._version} was awaited; what became of that version is not known. "
                "Run again, alone.",
                job_version=self._version,
                running_version=now["Version"],
            )

    def _fail(self, why: str, deployment: Json | None = None) -> t.NoReturn:
        """Raise with the causes that the allocations show, and with the version that runs now."""
        self._read_allocations()
        found = failure_causes(self._client, self.allocations, self._checks)
        aftermath, running = self._aftermath(deployment)
        self._raise(Failed, why, found, aftermath, running)

    def _give_up(self) -> t.NoReturn:
        # The time is over: no request is repeated.
        self._client = self._client.with_wait(None)
        why = f"not done after {self._wait.seconds} s; the last state: {self._wait.last()}"
        try:
            self._read_allocations()
            found = failure_causes(self._client, self.allocations, self._checks)
        except NomadError as error:
            found, why = [], f"{why}. {error}"
        self._raise(TimedOut, f"{why}; {self._unplaced}" if self._unplaced else why, found, "", None)

    def _raise(self, error: type[NomadError], why: str, found: list[Json], aftermath: str, running: int | None) -> t.NoReturn:
        text = "\n".join(part for part in (f"{self._job}: {why}", causes_text(found), aftermath) if part)
        raise error(text, reason=why, allocations=found, job_version=self._version, running_version=running)

    def _aftermath(self, deployment: Json | None) -> tuple[str, int | None]:
        """Follow a rollback to its end; return a sentence and the version of the job that runs now."""
        stable = reverted_to(deployment) if deployment else None
        if stable is None:
            return self._running() if self._goal == "running" else ("", None)
        try:
            now = self.follow_back(stable)
        except NomadError as error:
            return f"Nomad rolled back to version {stable}, and that failed, too:\n{error}", None
        return f"Nomad rolled back to version {stable} (now version {now}), which runs.", now

    def _running(self) -> tuple[str, int | None]:
        allocations = list_allocations(self._client, self._job).data
        versions: dict[int, int] = {}
        for allocation in allocations:
            if allocation["DesiredStatus"] == "run" and allocation["ClientStatus"] == "running":
                versions[allocation["JobVersion"]] = versions.get(allocation["JobVersion"], 0) + 1
        if not versions:
            return "Nothing of the job runs now.", None
        told = ", ".join(
            f"version {version} ({count} allocation{'s' if count != 1 else ''})" for version, count in sorted(versions.items())
        )
        return f"Running now: {told}.", max(versions)


def reschedules(group: Json) -> bool:
    """Return whether Nomad replaces failed allocations of a group."""
    policy = group.get("ReschedulePolicy") or {}
    return bool(policy.get("Unlimited") or policy.get("Attempts"))
