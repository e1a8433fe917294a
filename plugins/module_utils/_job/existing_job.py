# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that already has the ID: its owner, and the counts that the new specification keeps."""

from __future__ import annotations

from .._errors import Conflict, InvalidInput
from .._json import Json
from .._nomad.client import Client
from .._nomad.jobs import find_job

# A key in the job's meta: Nomad has no other place for the owner.
OWNER_META_KEY = "managed_by"


def merge_existing(client: Client, job: Json, params: Json) -> tuple[Json, int | None]:
    """Return the job with the owner and the counts of the existing job, and the index at which that was read (0: none exists).

    Nothing is read, and the index is unknown, without the options owner and preserve_counts.
    """
    owner = params["owner"]
    if not (owner or params["preserve_counts"]):
        return job, None
    existing = find_job(client, str(job["ID"]))
    if owner:
        check_owner(existing, owner, params["adopt"])
        job = _with_owner(job, owner)
    if params["preserve_counts"]:
        job = _with_counts(job, existing)
    return job, existing["JobModifyIndex"] if existing else 0


def check_owner(existing: Json | None, owner: str, adopt: bool) -> None:
    """Raise when the job is not the owner's and shall not become it."""
    if existing is None or adopt:
        return
    found = (existing.get("Meta") or {}).get(OWNER_META_KEY)
    if found == owner:
        return
    whose = f"it belongs to {found}" if found else "it has no owner's mark, so someone else registered it"
    raise Conflict(
        f"Job {existing['ID']} in namespace {existing['Namespace']} is not {owner}'s: {whose} (meta {OWNER_META_KEY}). "
        "Nothing was changed. Use another ID, or take the job over with adopt: true.",
        owner=found,
    )


def _with_owner(job: Json, owner: str) -> Json:
    """Return the job with its owner's mark."""
    meta = job.get("Meta") or {}
    if meta.get(OWNER_META_KEY, owner) != owner:
        raise InvalidInput(f"owner is {owner}, but the spec's own meta has {OWNER_META_KEY} = {meta[OWNER_META_KEY]}.")
    return {**job, "Meta": {**meta, OWNER_META_KEY: owner}}


def _with_counts(job: Json, existing: Json | None) -> Json:
    """Return the job with the counts that its groups have; a group that is new keeps the spec's.

    Nomad knows `PreserveCounts` when it registers (`updatePreservedValues`), but not when it plans.
    """
    counts = {group["Name"]: group["Count"] for group in (existing or {}).get("TaskGroups") or []}
    groups = job.get("TaskGroups") or []
    return {**job, "TaskGroups": [{**group, "Count": counts.get(group.get("Name"), group.get("Count"))} for group in groups]}
