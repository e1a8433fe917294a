# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job specification (HCL, JSON or a mapping) as the JSON that Nomad's API accepts."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from .._errors import InvalidInput, Refused
from .._nomad.answers import PARSED_JOB
from .._nomad.client import Client
from .._redact import lines
from .._shape import difference
from .hcl_syntax import NotHcl
from .hcl_variables import Values, collect_values

Job = dict[str, t.Any]
JSON_IT_MUST_BE = "It must look like the JSON that `nomad job run -output` prints."
PARSE_FAILED = "Failed to parse job: "
UNSET = re.compile(r'<nil>: Unset variable "([^"]*)"; [^;]*; see \S+ +for details\.')


@dataclass(frozen=True)
class Specification:
    """A job as it is registered, and the text it was made of as Nomad's `JobSubmission`, nothing for a mapping."""

    job: Job
    submission: dict[str, str] | None = None


def read_specification(client: Client, params: dict[str, t.Any]) -> Specification:
    """Return the job of a spec given as HCL text, JSON text or mapping, with or without the envelope `{"Job": …}`.

    Nomad itself parses HCL. Not canonicalized, so that a namespace that is not in the spec stays open, as for `nomad job run`;
    plan and register canonicalize.
    """
    spec, variables, files = params["spec"], params["variables"], params["var_files"]
    if isinstance(spec, str) and not spec.lstrip().startswith("{"):
        return _hcl(client, spec, variables, files)
    if variables or files:
        raise InvalidInput("variables and var_files are for a spec in HCL; this one is JSON or a mapping, where a value is no expression.")
    if isinstance(spec, str):
        return Specification(_job(_json(spec)), {"Source": spec, "Format": "json"})
    return Specification(_job(spec))


def _json(text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"spec looks like JSON, but is not: {error}.") from error


def _job(spec: t.Any) -> Job:
    if not isinstance(spec, dict):
        raise InvalidInput(f"spec must be HCL text, JSON text or a mapping, not {type(spec).__name__}.")
    job = spec.get("Job", spec)
    if "job" in spec and job is spec:
        raise InvalidInput(f"spec is HCL in JSON syntax (it has a block `job`), which Nomad's API does not take. {JSON_IT_MUST_BE}")
    if not isinstance(job, dict) or not (job.get("ID") or job.get("Name")):
        raise InvalidInput(f"spec is a mapping (or JSON) without ID. {JSON_IT_MUST_BE}")
    wrong = difference(job, PARSED_JOB)
    if wrong:
        raise InvalidInput(f"spec: {wrong}. {JSON_IT_MUST_BE}")
    # The job of `nomad job inspect` may be a stopped one, but it is to run.
    return {"ID": job.get("Name"), **{name: value for name, value in job.items() if name != "Stop"}}


def _hcl(client: Client, text: str, variables: dict[str, t.Any] | None, files: list[str] | None) -> Specification:
    if not text.strip():
        raise InvalidInput("spec is empty.")
    unreadable = None
    try:
        values = collect_values(text, variables, files)
    except NotHcl as error:
        # Nomad reports the syntax error more precisely.
        unreadable, values = error, Values()
    # Nomad calls spec and var file by the same name: the lines of the var file come after those of the spec.
    body = {"JobHCL": text, "Variables": values.file(_lines(text)), "Canonicalize": False}
    # Where the spec belongs is known only when it is parsed.
    needs = f"parse-job or submit-job (option namespace: {client.namespace or 'default'})"
    try:
        job: Job = client.put("/v1/jobs/parse", body, "parse the job spec", needs).data
    except Refused as error:
        raise _bad_hcl(text, values, error) from None
    if unreadable:
        raise InvalidInput(f"Cannot find the variables that the spec declares: what begins in line {unreadable.line} is not understood.")
    # One var file without empty lines, so that `nomad job inspect -hcl -with-vars` and the web interface can repeat the run.
    submission = {"Source": text, "Format": "hcl2", "Variables": values.file()}
    return Specification({**job, "ID": job.get("ID") or job.get("Name")}, submission)


def _lines(text: str) -> int:
    return text.count("\n") + 1


def _bad_hcl(text: str, values: Values, error: Refused) -> Refused:
    """Name the values that Nomad complains about, and show the line of the spec."""
    said = str(error.details.get("server", ""))
    if not said.startswith(PARSE_FAILED):
        return error
    last = _lines(text)

    def place(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"line {number}{found[2]}" if number <= last else values.origin(number - last)

    words = re.sub(r"input\.hcl:(\d+)([-,\d]*)", place, said[len(PARSE_FAILED) :])
    words = UNSET.sub(r'the variable "\1" has no value: give it in variables, in var_files or as NOMAD_VAR_\1.', words)
    if "filesystem function" in words:
        words += " Nomad's API reads no files: put their content into a variable, with the lookup ansible.builtin.file."
    message = f"Nomad cannot parse the job spec: {words}"
    numbers = [int(found) for found in re.findall(r"input\.hcl:(\d+)", said)]
    if not numbers or numbers[0] > last:
        return Refused(message, **error.details)
    line = lines(text.splitlines()[numbers[0] - 1 : numbers[0]])
    shown = line[0] if line else ""
    return Refused(f"{message}\n{numbers[0]:5} | {shown}", **{**error.details, "line": numbers[0], "line_text": shown})
