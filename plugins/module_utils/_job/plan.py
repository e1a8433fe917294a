# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nomad's own plan of a job: what would change, what cannot be placed, and the index to hand over."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._errors import Refused
from .._json import Json
from .._nomad.client import Client
from .._nomad.jobs import job_path
from .._redact import scrub
from .placement import placement_failures
from .plan_diff import render_diff
from .wanted import PER_NODE


@dataclass(frozen=True)
class Plan:
    """The answer of `/v1/job/<id>/plan`, and the job that was planned."""

    raw: Json
    job: Json

    @property
    def kind(self) -> str:
        """The job's type."""
        return self.job.get("Type") or "service"

    @property
    def index(self) -> int:
        """The JobModifyIndex the plan was made for; 0 when the job does not exist."""
        return int(self.raw["JobModifyIndex"])

    @property
    def differs(self) -> bool:
        """Whether the spec differs from the registered job."""
        return bool(self.raw["Diff"]["Type"] != "None")

    @property
    def changed(self) -> bool:
        """A spec that is the same may still have something to place, for example a lost allocation that a client has room for."""
        return self.differs or any(self._to_place(group, updates) > 0 for group, updates in self.updates.items())

    @property
    def awaits_room(self) -> bool:
        """Whether a run waits for room: what cannot be placed of a spec that is the same is only warned of."""
        return self.differs or not self.failed_groups

    @property
    def failed_groups(self) -> dict[str, list[str]]:
        """Reasons per group that cannot be placed, in words."""
        return {
            group: placement_failures(metrics, self.job, group) for group, metrics in sorted((self.raw.get("FailedTGAllocs") or {}).items())
        }

    @property
    def diff(self) -> str:
        """The readable diff."""
        return render_diff(self.raw["Diff"])

    @property
    def warnings(self) -> list[str]:
        """Nomad's warnings, one per item, with the group or task that each is about."""
        found, about = [], ""
        for line in scrub(str(self.raw.get("Warnings") or "")).splitlines():
            if line.startswith("*"):
                about = ""
            text = line.strip().lstrip("* ")
            header = re.fullmatch(r"((?:Group|Task) .*) has warnings: \d+ errors? occurred:", text)
            if header:
                about += f"{header[1]}: "
            elif text and not re.match(r"\d+ warning", text):
                found.append(about + text)
        return found

    def unplaced(self, group: str) -> int:
        """Count the allocations of a group that cannot be placed."""
        failed = (self.raw.get("FailedTGAllocs") or {}).get(group)
        return 1 + int(failed.get("CoalescedFailures") or 0) if failed else 0

    def _to_place(self, group: str, updates: dict[str, int]) -> int:
        """Count the allocations that an unchanged spec would really place; Nomad's own plan counts more.

        It counts those that cannot be placed, updates every allocation in place, replaces canaries that wait for their promotion, and
        places finished batch jobs again although registering them again does not run them. For system jobs, Nomad ≥ 1.11 counts those
        that stay as placed, too, but not those that cannot be placed; earlier versions do the opposite.
        """
        if self.kind not in ("service", "system"):
            return 0
        stays = updates.get("InPlaceUpdate", 0) + updates.get("Ignore", 0) if self.kind == "system" else 0
        return updates.get("Place", 0) + updates.get("DestructiveUpdate", 0) - max(stays, self.unplaced(group))

    def result(self) -> Json:
        """Return the plan as modules return it."""
        annotations = {
            group: {_snake(name): count for name, count in updates.items() if count} for group, updates in sorted(self.updates.items())
        }
        launch = str(self.raw.get("NextPeriodicLaunch") or "")
        return {
            "type": self.raw["Diff"]["Type"].lower(),
            "annotations": annotations,
            "warnings": self.warnings,
            "failed_groups": self.failed_groups,
            "next_periodic_launch": None if launch.startswith("0001-") else launch or None,
        }

    @property
    def updates(self) -> dict[str, dict[str, int]]:
        """Nomad's DesiredTGUpdates: counts by kind per group."""
        return (self.raw.get("Annotations") or {}).get("DesiredTGUpdates") or {}


def plan_job(client: Client, job: Json) -> Plan:
    """Ask Nomad what registering this job would do; nothing is changed."""
    name = str(job["ID"])
    body = {"Job": job, "Diff": True}
    answer = client.put(job_path(name, "/plan"), body, f"plan the job {name}", "submit-job or plan-job")
    return Plan(answer.data, job)


def check_placeable(plan: Plan, name: str, running: t.Collection[str]) -> None:
    """Raise when a group cannot be placed: registering would only leave a blocked job behind.

    A system job is placed where there is room: that is nowhere only when no node is left. `running` are the groups of an unchanged job
    of which something runs.
    """

    def anywhere(group: str) -> bool:
        return group in running or (plan.kind in PER_NODE and any(plan.updates.get(group, {}).values()))

    failed = {group: told for group, told in plan.failed_groups.items() if not anywhere(group)}
    if failed:
        lines = [f"group {group}: {reason}" for group, reasons_ in failed.items() for reason in reasons_]
        raise Refused(f"Job {name} cannot be placed; nothing was registered.\n  " + "\n  ".join(lines), failed_groups=failed)


def placement_warnings(plan: Plan) -> list[str]:
    """Return a sentence for each group of which a run places less than it should, and does not wait for the rest."""
    if plan.differs and plan.kind not in PER_NODE:
        return []
    return [
        f"{plan.unplaced(group)} allocation(s) of group {group} cannot be placed: {'; '.join(reasons)}"
        for group, reasons in plan.failed_groups.items()
    ]


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() and place else letter.lower() for place, letter in enumerate(name))
