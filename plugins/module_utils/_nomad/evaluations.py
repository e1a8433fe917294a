# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's evaluations: the work of the scheduler for it, finished and open."""

from __future__ import annotations

from .._json import Json
from .client import Client
from .jobs import job_path


def list_evaluations(client: Client, job: str) -> list[Json]:
    """List a job's evaluations, newest first."""
    found: list[Json] = client.get(job_path(job, "/evaluations"), f"list the evaluations of {job}").data
    return sorted(found, key=lambda evaluation: -evaluation["CreateIndex"])


def evaluation_of_registration(client: Client, job: Json) -> str | None:
    """Return the id of the evaluation that the last registration of a job (as read from Nomad) made."""
    for evaluation in list_evaluations(client, job["ID"]):
        if evaluation.get("JobModifyIndex") == job["JobModifyIndex"]:
            return str(evaluation["ID"])
    return None
