# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job specification, however it was written, as the JSON that Nomad's API takes."""

from __future__ import annotations

import json
import re
import typing as t

from ._client import Client
from ._errors import InvalidInput, Refused

Job = dict[str, t.Any]


def read(client: Client, spec: t.Any) -> Job:
    """Return the job of a spec given as HCL text, JSON text or mapping, with or without the envelope `{"Job": …}`.

    Nomad itself parses HCL. Not canonicalized, so that a namespace that is not in the spec stays open, as for `nomad job run`;
    plan and register canonicalize.
    """
    if isinstance(spec, str) and spec.lstrip().startswith("{"):
        spec = _json(spec)
    if isinstance(spec, str):
        return _hcl(client, spec)
    if not isinstance(spec, dict):
        raise InvalidInput(f"spec must be HCL text, JSON text or a mapping, not {type(spec).__name__}.")
    job = spec.get("Job", spec)
    if not isinstance(job, dict) or not (job.get("ID") or job.get("Name")):
        raise InvalidInput("spec is a mapping (or JSON) without ID. It must look like the JSON that `nomad job run -output` prints.")
    return {"ID": job.get("Name"), **job}


def _json(text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"spec looks like JSON, but is not: {error}.") from error


def _hcl(client: Client, text: str) -> Job:
    if not text.strip():
        raise InvalidInput("spec is empty.")
    try:
        job: Job = client.put(
            "/v1/jobs/parse", {"JobHCL": text, "Canonicalize": False}, "parse the job spec", "parse-job or submit-job"
        ).data
    except Refused as error:
        raise _bad_hcl(text, error) from None
    return {**job, "ID": job.get("ID") or job.get("Name")}


def _bad_hcl(text: str, error: Refused) -> Refused:
    """Show the line that Nomad complains about."""
    said = str(error.details["server"])
    found = re.search(r"input\.hcl:(\d+)", said)
    if not found:
        return error
    number = int(found[1])
    lines = text.splitlines()
    line = lines[number - 1] if number <= len(lines) else ""
    words = said.replace("Failed to parse job: ", "").replace("input.hcl:", "line ")
    return Refused(f"Nomad cannot parse the job spec: {words}\n{number:5} | {line}", **{**error.details, "line": number, "line_text": line})
