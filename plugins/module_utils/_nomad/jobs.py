# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as Nomad keeps them."""

from __future__ import annotations

import urllib.parse

from .._errors import InvalidInput, NotFound
from .._json import Json
from .client import Client

# HTTP servers take these parts of a path out of it, and send the client elsewhere.
LOST_PARTS = {"", ".", ".."}


def job_path(job: str, below: str = "") -> str:
    """Return the API path of a job, or raise InvalidInput; its ID may contain slashes (periodic and dispatched children)."""
    if LOST_PARTS.intersection(job.split("/")):
        raise InvalidInput(f"The job ID {job!r} has a part that is empty, . or .. between slashes: Nomad's API cannot be asked for it.")
    return f"/v1/job/{urllib.parse.quote(job, safe='')}{below}"


def read_job(client: Client, job: str) -> Json:
    """Return the job as Nomad has it, running or stopped; raise NotFound where there is none."""
    found: Json = client.get(job_path(job), f"read the job {job}").data
    return found


def find_job(client: Client, job: str) -> Json | None:
    """Return the job as Nomad has it; None where there is none."""
    try:
        return read_job(client, job)
    except NotFound:
        return None


def require_job(client: Client, job: str) -> Json:
    """Return the job; raise NotFound with the namespace and region that were searched."""
    try:
        return read_job(client, job)
    except NotFound as error:
        where = f"namespace {client.namespace or 'default'}" + (f", region {client.region}" if client.region else "")
        raise NotFound(f"There is no job {job} in {where}.", **error.details) from None
