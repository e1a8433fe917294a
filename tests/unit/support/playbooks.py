# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook against scripted servers: a host for each of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from functools import partial
from pathlib import Path

import yaml

from tests.execution_paths import ROOT
from tests.unit.support import nomad_answers
from tests.unit.support.control_planes import API_KEY, NEW_TEXT, OLD_TEXT, TAGS, Key, Tailscale
from tests.unit.support.evidence import SERVE
from tests.unit.support.nomad_answers import SECRET
from tests.unit.support.scripted_server import Scripted, serve

Json = dict[str, t.Any]

PLAYBOOKS = ROOT / "playbooks"
# What nobody should see, whatever a server answers.
TRACEBACKS = ("Traceback", "Unexpected failure", "MODULE FAILURE", "has no attribute", "is undefined", "<html>")
SECRETS = (SECRET, NEW_TEXT, OLD_TEXT, API_KEY)

SERVICE = {
    **{"private_service_name": "whoami", "private_service_image": "whoami:1", "private_service_port": 8080},
    **{"private_service_serve_config": SERVE, "private_service_timeout": 0},
}
TOKEN = "GET /v1/acl/token/self"
VARIABLES, TASKS = "/v1/var/nomad/jobs/whoami/whoami", ("tailscale", "app")
MINTED = {"private_service_minted_key": {"expiry": "30d"}, "private_service_tags": TAGS}


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


def remember(nomad: Scripted, path: str) -> Json:
    """What Nomad answers to a write of a variable; it is there from now on."""
    variable = {**nomad_answers.VARIABLE, "Path": path.removeprefix("/v1/var/"), "Items": {}}
    if asked := nomad.all(f"PUT {path}"):
        variable["Items"] = asked[-1].body["Items"]
        nomad.on(f"GET {path}", variable)
    return variable


def play(place: Path, playbook: str, variables: Json, urls: dict[str, str]) -> dict[str, Json]:
    """Run the playbook with these hosts, each with the URL of its server; return the result of each."""
    (written,) = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text())
    environment = {"NOMAD_ADDR": "{{ url }}", "TAILSCALE_BASE_URL": "{{ url }}", "TAILSCALE_API_KEY": API_KEY}
    hosts = {name: {**variables, "url": url} for name, url in urls.items()}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    written_playbook, inventory = place / "playbook.json", place / "inventory.yml"
    written_playbook.write_text(json.dumps([{**written, "hosts": "all", "environment": environment}]))
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": local}}))
    ansible = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_FORKS": "4"}
    command = ["ansible-playbook", "-i", str(inventory), str(written_playbook)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ansible}, capture_output=True, text=True, check=False)
    shown = done.stdout + done.stderr
    assert [line for line in shown.splitlines() if any(words in line for words in (*TRACEBACKS, *SECRETS))] == [], shown
    failures = {host: json.loads(result) for host, result in re.findall(r"^(?:fatal|failed): \[(.+?)\].*? => (\{.*)$", shown, re.MULTILINE)}
    failed = dict(re.findall(r"^(\S+) +: ok=.* failed=(\d+) ", shown, re.MULTILINE))
    assert set(failed) == set(urls), shown
    return {name: {"failed": failed[name] != "0", "msg": failures.get(name, {}).get("msg")} for name in urls}


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
        nomad.on(f"PUT {VARIABLES}/{task}", partial(remember, nomad, f"{VARIABLES}/{task}"))


def minted(nomad: Scripted, tailscale: Tailscale) -> None:
    present(nomad, tailscale)
    known = {"auth_key": OLD_TEXT, "auth_key_id": "7", "auth_key_origin": f"{tailscale.address} -", "auth_key_replaced": ""}
    nomad.on(f"GET {VARIABLES}/tailscale", {**nomad_answers.VARIABLE, "Items": known})
