# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every module is answered wrongly in turn: the result is never a traceback, and never a success that did nothing.

`CASES` has a run of each module that succeeds. Its requests are recorded, and the run is repeated with each of the faults for each of
the requests, and with each field of each answer missing or of another type.
"""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.unit.support.control_planes import NEW_TEXT, TAGS, Device, Headscale, Key, Tailscale
from tests.unit.support.evidence import ALLOCATION
from tests.unit.support.faults import sweep
from tests.unit.support.nomad_answers import (
    SECRET,
    deployment,
    deployment_failed,
    dispatch,
    force,
    job_absent,
    job_info,
    job_present,
    logged_out,
    nodes,
    policy,
    posture,
    proof,
    variable,
)
from tests.unit.support.scripted_server import Scripted

# Of each module that asks a server.
LOGIC = Path(__file__).parents[3] / "plugins/module_utils/_modules"
Json = dict[str, t.Any]
Make = t.Callable[[t.Any], None]


class Case(t.NamedTuple):
    """A run that succeeds.

    `may` are the requests on which the success does not depend, and, as `REQUEST: FAULT`, answers that Nomad may give.
    """

    module: str
    make: Make
    args: t.Mapping[str, t.Any] = MappingProxyType({})
    may: tuple[str, ...] = ()


JOBSPEC = 'job "whoami" { group "whoami" {} }'
ACL_RULES = {"namespace": {"default": {"policy": "read"}}}
GATHERED = ["versions", "deployment", "evaluations", "checks"]
# The answer for a job without a deployment.
NO_DEPLOYMENT = "GET /v1/job/whoami/deployment: null"
TOKEN = "GET /v1/acl/token/self"
CHECKS = f"GET /v1/client/allocation/{ALLOCATION}/checks"
NOMAD: dict[str, Case] = {
    "job present": Case(
        "job", job_present, {"spec": JOBSPEC, "owner": "us", "preserve_counts": True, "timeout": 0}, (CHECKS, NO_DEPLOYMENT)
    ),
    "job absent": Case("job", job_absent, {"name": "whoami", "state": "absent", "purge": True, "timeout": 0}),
    "job stopped": Case("job", job_absent, {"name": "whoami", "state": "absent", "owner": "us", "timeout": 0}),
    "job_info one": Case("job_info", job_info, {"name": "whoami", "gather": GATHERED}, (CHECKS,)),
    "job_info all": Case("job_info", job_info, {"gather": ["allocations"]}),
    "job_dispatch": Case("job_dispatch", dispatch, {"job": "whoami", "meta": {"colour": "red"}, "timeout": 0}),
    "job_dispatch periodic": Case("job_dispatch", force, {"job": "whoami", "timeout": 0}),
    "deployment promoted": Case("deployment", deployment, {"job": "whoami", "state": "promoted", "timeout": 0, "wait": False}),
    "deployment failed": Case("deployment", deployment_failed, {"job": "whoami", "state": "failed", "timeout": 0}),
    "variable present": Case("variable", variable, {"path": "nomad/jobs/whoami", "items": {"key": SECRET}}, (TOKEN,)),
    "variable absent": Case("variable", variable, {"path": "nomad/jobs/whoami", "state": "absent"}),
    "variable_info one": Case("variable_info", variable, {"path": "nomad/jobs/whoami", "reveal": ["key"]}),
    "variable_info all": Case("variable_info", variable, {"prefix": "nomad"}),
    "acl_policy present": Case("acl_policy", policy, {"name": "whoami", "rules": ACL_RULES}),
    "acl_policy absent": Case("acl_policy", policy, {"name": "whoami", "state": "absent"}),
    "egress_level_info": Case("egress_level_info", nodes),
    "egress_verify": Case("egress_verify", proof, {"job": "whoami", "timeout": 0}),
    "egress_verify all": Case("egress_verify", proof, {"timeout": 0}),
    "tailscale_health ready": Case("tailscale_health", proof, {"job": "whoami", "hostname": "whoami", "timeout": 0}),
    "tailscale_health logged_out": Case("tailscale_health", logged_out, {"job": "whoami", "state": "logged_out", "timeout": 0}),
    "posture_info": Case("posture_info", posture, {}, (f"{TOKEN}: 403",)),
}


def keys(plane: Tailscale | Headscale) -> None:
    plane.has_keys(Key())
    plane.makes_keys()


def devices(plane: Tailscale | Headscale) -> None:
    plane.has_devices(Device())


CONTROL: dict[str, Case] = {
    "tailscale_key present": Case("tailscale_key", keys, {"tags": TAGS, "current": "7", "force": True}),
    "tailscale_key absent": Case("tailscale_key", keys, {"state": "absent", "id": "7"}),
    "tailscale_key_info": Case("tailscale_key_info", keys),
    "tailnet_device": Case("tailnet_device", devices, {"state": "absent", "hostname": "web", "tags": TAGS}),
    "tailnet_device_info": Case("tailnet_device_info", devices, {"hostname": "web"}),
}


@pytest.fixture
def run(in_process: t.Callable[..., Json]) -> t.Callable[[Case], Json]:
    def run(case: Case, **more: t.Any) -> Json:
        result = in_process(case.module, **copy.deepcopy(dict(case.args)), **more)
        json.dumps(result)
        return result

    return run


@pytest.mark.parametrize("name", NOMAD)
def test_nomad(nomad: Scripted, run: t.Callable[[Case], Json], name: str) -> None:
    case = NOMAD[name]
    assert sweep(nomad, lambda: case.make(nomad), lambda: run(case), case.may) == []


@pytest.mark.parametrize("name", CONTROL)
def test_control_plane(control_plane: t.Any, run: t.Callable[..., Json], name: str) -> None:
    case = CONTROL[name]
    found = sweep(control_plane.fake, lambda: case.make(control_plane), lambda: run(case, **control_plane.args), case.may)
    # Each new key is a secret that only `key` contains.
    assert [line for line in found if NEW_TEXT not in line] == []
    assert found == []


def test_every_module_is_swept() -> None:
    named = {case.module for case in (*NOMAD.values(), *CONTROL.values())}
    assert named == {path.stem for path in LOGIC.glob("*.py")}


def changed(data: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """The data with each of its parts left out, null, and of other types."""
    others = (None, "text", 7, [7], {"a": 7})
    if isinstance(data, (dict, list)):
        for place in list(data) if isinstance(data, dict) else range(min(1, len(data))):
            if isinstance(data, dict):
                yield f".{place} missing", {name: value for name, value in data.items() if name != place}
            for where, inner in (("", other) for other in others if type(other) is not type(data[place])):
                yield f"[{place}]={inner!r}{where}", _with(data, place, inner)
            for where, inner in changed(data[place]):
                yield f"[{place}]{where}", _with(data, place, inner)


def _with(data: t.Any, place: t.Any, value: t.Any) -> t.Any:
    found = copy.copy(data)
    found[place] = value
    return found


@pytest.mark.parametrize("name", [*NOMAD, *CONTROL])
def test_fields(nomad: Scripted, tailscale: Tailscale, run: t.Callable[..., Json], name: str) -> None:
    """No field of an answer leads to a traceback, whatever it is."""
    case = {**NOMAD, **CONTROL}[name]
    script: t.Any = nomad if name in NOMAD else tailscale
    # Both are the same server.
    fake = nomad
    case.make(script)
    run(case)
    for request in list(dict.fromkeys(f"{asked.method} {asked.path}" for asked in fake.asked)):
        good = fake.last(request)
        # Text, also that of evidence, is no answer of Nomad's own.
        for what, data in changed(good) if not isinstance(good, str) else ():
            case.make(script)
            fake.on(request, (200, data))
            try:
                run(case)
            except Exception as error:
                raise AssertionError(f"{request} {what}: {error!r}") from error
