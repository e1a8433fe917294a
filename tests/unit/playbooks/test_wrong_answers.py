# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of every playbook is answered wrongly in turn: the play fails with a sentence, or has done what it had to do.

To start Ansible takes long, so one run of a playbook has a host for each fault of each request, and each host has a server of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.execution_paths import ROOT
from tests.unit.support import nomad_answers
from tests.unit.support.control_planes import API_KEY, NEW_TEXT, OLD_TEXT, TAGS, Key, Tailscale
from tests.unit.support.evidence import ALLOCATION, SERVE
from tests.unit.support.faults import judge, requests, wrong_reply
from tests.unit.support.nomad_answers import SECRET
from tests.unit.support.scripted_server import Scripted, serve

Json = dict[str, t.Any]

# One fault of each kind that a module distinguishes; all others are tried with the modules (plugins/test_sweep.py), in less time.
ASKED = ("nothing", "page 404", "403", "500", "cut", "object")
PLAYBOOKS = ROOT / "playbooks"
# It asks no server: it works on the machines of the clients.
WITHOUT_A_SERVER = {"egress_network"}
# What nobody should see, whatever a server answers.
TRACEBACKS = ("Traceback", "Unexpected failure", "MODULE FAILURE", "has no attribute", "is undefined", "<html>")
SECRETS = (SECRET, NEW_TEXT, OLD_TEXT, API_KEY)
SERVICE = {
    **{"private_service_name": "whoami", "private_service_image": "whoami:1", "private_service_port": 8080},
    **{"private_service_serve_config": SERVE, "private_service_timeout": 0},
}
WORKER = {
    **{"egress_worker_name": "whoami", "egress_worker_image": "whoami:1", "egress_worker_hostname": "whoami", "egress_worker_timeout": 0},
    **{"egress_worker_exit_nodes": ["exit"], "egress_worker_expect": ["203.0.113.7"], "egress_worker_echo": ["http://203.0.113.80/"]},
}
TOKEN = "GET /v1/acl/token/self"
ONLY_OF_A_WORKER = ("GET /v1/nodes", "PUT /v1/job/notailcar-level-probe/plan", f"GET /v1/client/fs/cat/{ALLOCATION}")
VARIABLES, TASKS = "/v1/var/nomad/jobs/whoami/whoami", ("tailscale", "app")
MINTED = {"private_service_minted_key": {"expiry": "30d"}, "private_service_tags": TAGS}


class Case(t.NamedTuple):
    """A play that succeeds; `may` as for the modules. `only` are the requests that no other case has, where they are not all swept."""

    playbook: str
    make: t.Callable[[Scripted, Tailscale], None]
    variables: Json
    may: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def present(nomad: Scripted, tailscale: Tailscale) -> None:
    nomad_answers.proof(nomad)
    nomad_answers.nodes(nomad)
    nomad_answers.job_present(nomad)
    nomad.on("PUT /v1/job/notailcar-level-probe/plan", {**nomad_answers.PLANNED, "FailedTGAllocs": None})
    nomad.on(TOKEN, {"AccessorID": "acls-disabled"})
    tailscale.has_keys(Key(reusable=True))
    tailscale.makes_keys()
    for task in TASKS:
        nomad.on(f"GET {VARIABLES}/{task}", (404, "variable not found"))
        nomad.on(f"PUT {VARIABLES}/{task}", {**nomad_answers.VARIABLE, "Items": {}})


def minted(nomad: Scripted, tailscale: Tailscale) -> None:
    present(nomad, tailscale)
    known = {"auth_key": OLD_TEXT, "auth_key_id": "7", "auth_key_origin": f"{tailscale.address} -", "auth_key_replaced": ""}
    nomad.on(f"GET {VARIABLES}/tailscale", {**nomad_answers.VARIABLE, "Items": known})


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


class Servers:
    """Scripts by the address of the loopback network that leads to them, all behind one port."""

    def __init__(self) -> None:
        self._scripts: dict[str, Scripted] = {}
        self._server = serve(self._scripts.__getitem__, "")

    def add(self, make: t.Callable[[Scripted, Tailscale], None]) -> tuple[str, Scripted]:
        """Return the URL of a new server, and its script."""
        number, fake = len(self._scripts), Scripted()
        address = f"127.1.{number // 250}.{number % 250 + 1}"
        self._scripts[address] = fake
        url = f"http://{address}:{self._server.server_port}"
        make(fake, Tailscale(fake, url))
        return url, fake

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def servers() -> t.Iterator[Servers]:
    found = Servers()
    yield found
    found.close()


def play(place: Path, case: Case, urls: dict[str, str]) -> dict[str, Json]:
    """Run the playbook with these hosts, each with the URL of its server; return the result of each."""
    (written,) = yaml.safe_load((PLAYBOOKS / f"{case.playbook}.yml").read_text())
    environment = {"NOMAD_ADDR": "{{ url }}", "TAILSCALE_BASE_URL": "{{ url }}", "TAILSCALE_API_KEY": API_KEY}
    hosts = {name: {**case.variables, "url": url} for name, url in urls.items()}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    playbook, inventory = place / "playbook.json", place / "inventory.yml"
    playbook.write_text(json.dumps([{**written, "hosts": "all", "environment": environment}]))
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": local}}))
    ansible = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_FORKS": "4"}
    command = ["ansible-playbook", "-i", str(inventory), str(playbook)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ansible}, capture_output=True, text=True, check=False)
    shown = done.stdout + done.stderr
    assert [line for line in shown.splitlines() if any(words in line for words in (*TRACEBACKS, *SECRETS))] == [], shown
    failures = {host: json.loads(result) for host, result in re.findall(r"^(?:fatal|failed): \[(.+?)\].*? => (\{.*)$", shown, re.MULTILINE)}
    failed = dict(re.findall(r"^(\S+) +: ok=.* failed=(\d+) ", shown, re.MULTILINE))
    assert set(failed) == set(urls), shown
    return {name: {"failed": failed[name] != "0", "msg": failures.get(name, {}).get("msg")} for name in urls}


@pytest.mark.parametrize("name", CASES)
def test_a_playbook(servers: Servers, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    url, good = servers.add(case.make)
    assert play(tmp_path, case, {"good": url}) == {"good": {"failed": False, "msg": None}}
    tried = {f"{request}: {fault}": (request, fault) for request in case.only or requests(good) for fault in ASKED}
    assert set(case.only) <= set(requests(good))
    urls = {"good": servers.add(case.make)[0]}
    for request, fault in tried.values():
        urls[f"fault-{len(urls)}"], fake = servers.add(case.make)
        fake.on(request, wrong_reply(fake, request, fault))
    results = play(tmp_path, case, urls)
    assert not results.pop("good")["failed"]
    assert [
        wrong for what, result in zip(tried, results.values(), strict=True) for wrong in judge(what, result, case.may, needs_kind=False)
    ] == []


def test_every_playbook_is_swept() -> None:
    swept = {case.playbook for case in CASES.values()}
    assert swept | WITHOUT_A_SERVER == {path.stem for path in PLAYBOOKS.glob("*.yml")}
