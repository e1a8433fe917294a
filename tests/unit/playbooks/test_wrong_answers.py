# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every playbook is answered wrongly in turn: the play fails with a sentence, or has done what it had to do.

To start Ansible takes long, so one run of a playbook has a host for each fault of each request, and each host has a server of its own.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.unit.support import nomad_answers
from tests.unit.support.control_planes import Tailscale
from tests.unit.support.evidence import ALLOCATION
from tests.unit.support.faults import judge, requests, wrong_reply
from tests.unit.support.nomad_answers import SECRET
from tests.unit.support.playbooks import MINTED, PLAYBOOKS, SERVICE, TASKS, TOKEN, VARIABLES, Servers, minted, play, present
from tests.unit.support.scripted_server import Scripted

Json = dict[str, t.Any]

# One fault of each kind; others are tried with the modules (plugins/test_sweep.py), in less time.
ASKED = ("nothing", "reset", "page", "page 404", "403", "429", "500", "cut", "object")
# It asks no server: it works on the machines of the clients.
WITHOUT_A_SERVER = {"egress_network"}
WORKER = {
    **{"egress_worker_name": "whoami", "egress_worker_image": "whoami:1", "egress_worker_hostname": "whoami", "egress_worker_timeout": 0},
    **{"egress_worker_exit_nodes": ["exit"], "egress_worker_expect": ["203.0.113.7"], "egress_worker_echo": ["http://203.0.113.80/"]},
}
ONLY_OF_A_WORKER = ("GET /v1/nodes", "PUT /v1/job/notailcar-level-probe/plan", f"GET /v1/client/fs/cat/{ALLOCATION}")


class Case(t.NamedTuple):
    """A play that succeeds; `may` as for the modules. `only` are the requests that no other case has, where they are not all swept."""

    playbook: str
    make: t.Callable[[Scripted, Tailscale], None]
    variables: Json
    may: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def absent(nomad: Scripted, tailscale: Tailscale) -> None:
    minted(nomad, tailscale)
    nomad_answers.logged_out(nomad)
    nomad.on("DELETE /v1/job/whoami", {"EvalID": "e0e0e0e0-0000"})
    for task in TASKS:
        nomad.on(f"DELETE {VARIABLES}/{task}", (204, ""))


def worker(nomad: Scripted, tailscale: Tailscale) -> None:
    present(nomad, tailscale)
    nomad.on(f"GET /v1/client/fs/cat/{ALLOCATION}", lambda: nomad_answers.looked(serve=None))


def policy(nomad: Scripted, _tailscale: Tailscale) -> None:
    nomad.on("GET /v1/acl/policy/notailcar-reader", {"Name": "notailcar-reader", "Description": "", "Rules": "old", "JobACL": None})
    nomad.on("PUT /v1/acl/policy/notailcar-reader", "")


CASES: dict[str, Case] = {
    "a private service": Case("deploy_private_service", present, {**SERVICE, **MINTED}, (TOKEN,)),
    "an egress worker": Case("deploy_egress_worker", worker, {**WORKER, "egress_worker_auth_key": SECRET}, only=ONLY_OF_A_WORKER),
    "removal": Case(
        "deploy_private_service", absent, {**SERVICE, **MINTED, "private_service_state": "absent", "private_service_purge": True}
    ),
    "rotation": Case("rotate_keys", minted, {**SERVICE, **MINTED, "private_service_force_key": True}, (TOKEN,)),
    "policies": Case("acl_policies", policy, {"acl_policies_wanted": ["reader"]}),
    "verification": Case("verify_egress", lambda nomad, _tailscale: nomad_answers.proof(nomad), {"verify_egress_timeout": 1}),
    "posture": Case("posture", lambda nomad, _tailscale: nomad_answers.posture(nomad), {}, (f"{TOKEN}: 403",)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_playbook(servers: Servers, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    url, good = servers.add(case.make)
    assert play(tmp_path, case.playbook, case.variables, {"good": url}) == {"good": {"failed": False, "msg": None}}
    tried = {f"{request}: {fault}": (request, fault) for request in case.only or requests(good) for fault in ASKED}
    assert set(case.only) <= set(requests(good))
    urls = {"good": servers.add(case.make)[0]}
    for request, fault in tried.values():
        urls[f"fault-{len(urls)}"], fake = servers.add(case.make)
        fake.on(request, wrong_reply(fake, request, fault))
    results = play(tmp_path, case.playbook, case.variables, urls)
    assert not results.pop("good")["failed"]
    assert [
        wrong for what, result in zip(tried, results.values(), strict=True) for wrong in judge(what, result, case.may, needs_kind=False)
    ] == []


def test_every_playbook_is_swept() -> None:
    swept = {case.playbook for case in CASES.values()}
    assert swept | WITHOUT_A_SERVER == {path.stem for path in PLAYBOOKS.glob("*.yml")}
