# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that are made for one job at a real headscale, renewed, rotated and revoked; and nodes that were left behind."""

from __future__ import annotations

import json
import ssl
import threading
import time
import typing as t
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.support import acl_policies, exits, leavings, play
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import Service, changed
from tests.integration.support.sidecar_variables import stored
from tests.lab.command import wait_until
from tests.lab.errors import LabError
from tests.lab.site import Site

TAGS = ["tag:service"]


@pytest.fixture
def minting(declare, control: dict[str, str]) -> Service:
    service: Service = declare("minting", auth_key=None, tags=TAGS, minted_key=control)
    return service


def key_of(site: Site, control: dict[str, str], ident: str) -> dict[str, t.Any]:
    (found,) = play.call(site, "tailscale_key_info", **control, id=ident)["auth_keys"]
    return t.cast("dict[str, t.Any]", found)


def test_a_key_of_its_own(site: Site, control: dict[str, str], minting: Service) -> None:
    planned = minting.deploy("--check", "--diff")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert not minting.exists()
    with leavings.every_argv():
        done = minting.deploy("-vvvv", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    first, text = stored(site, "auth_key_id", "minting"), stored(site, "auth_key", "minting")
    assert text not in done.stdout + done.stderr
    assert control["api_key"] not in done.stdout + done.stderr
    key = key_of(site, control, first)
    assert (key["reusable"], key["ephemeral"], key["tags"], key["expired"]) == (True, True, TAGS, False)
    again = minting.deploy()
    assert changed(again) == 0, again.stdout
    assert stored(site, "auth_key_id", "minting") == first
    # What somebody has ended is found before the next allocation needs it.
    # (Not by headscale's command, whose arguments the scan of another lane may see: the key is one of them.)
    assert play.call(site, "tailscale_key", **control, state="absent", id=first)["changed"]
    renewed = minting.deploy("--diff")
    assert renewed.returncode == 0, renewed.stdout + renewed.stderr
    assert (second := stored(site, "auth_key_id", "minting")) != first
    assert not key_of(site, control, second)["expired"]
    # An ID without its key is good for nothing.
    kept = {name: stored(site, name, "minting") for name in ("auth_key_id", "auth_key_origin", "serve_config")}
    assert not play.call(site, "variable", path="nomad/jobs/minting/minting/tailscale", items=kept)["failed"]
    repaired = minting.deploy("--diff")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert (third := stored(site, "auth_key_id", "minting")) != second
    assert stored(site, "auth_key", "minting") not in ("", "made when it is run")
    assert [key_of(site, control, ident)["expired"] for ident in (second, third)] == [True, False]
    minting.remove()
    assert key_of(site, control, third)["expired"]


def test_the_deployer_policy_is_enough_and_removal_revokes_the_key(site: Site, control: dict[str, str], minting: Service) -> None:
    assert acl_policies.role(site).returncode == 0
    try:
        with play.token_of(site, f"{acl_policies.PREFIX}deployer") as token:
            deployed = minting.play(environment={"NOMAD_TOKEN": token})
            assert deployed.returncode == 0, deployed.stdout + deployed.stderr
            ident = stored(site, "auth_key_id", "minting")
            assert not key_of(site, control, ident)["expired"]
            rotated = rotate(site, minting, {"NOMAD_TOKEN": token}, force_key=True)
            assert rotated.returncode == 0, rotated.stdout + rotated.stderr
            assert key_of(site, control, ident)["expired"]
            ident = stored(site, "auth_key_id", "minting")
            removed = minting.play(environment={"NOMAD_TOKEN": token}, state="absent")
            assert removed.returncode == 0, removed.stdout + removed.stderr
    finally:
        acl_policies.role(site, state="absent")
    assert key_of(site, control, ident)["expired"]


def test_a_removal_after_a_deployment_in_the_same_play_revokes_the_right_key(
    site: Site, control: dict[str, str], minting: Service, declare, tmp_path: Path
) -> None:
    other = declare("minting-other", auth_key=None, tags=TAGS, minted_key=control)
    in_parallel(deployed, [minting, other])
    ident = stored(site, "auth_key_id", "minting")
    both = [{**other.inputs, "state": "present"}, {**minting.inputs, "state": "absent"}]
    role = {"ansible.builtin.include_role": {"name": "notailcar.nomad.private_service"}}
    tasks = [{**role, "vars": {f"private_service_{name}": value for name, value in one.items()}} for one in both]
    file = tmp_path / "both.yml"
    file.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]))
    done = play.run(site, "ansible-playbook", str(file), **play.AD_HOC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert key_of(site, control, ident)["expired"]
    assert not key_of(site, control, stored(site, "auth_key_id", "minting-other"))["expired"]


def deployed(service: Service) -> None:
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr


class Load:
    """Requests to a service, one after the other, until it is enough."""

    def __init__(self, site: Site, service: Service) -> None:
        self.answers: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, args=(site, f"{service.url}/get"))

    def _ask(self, site: Site, url: str) -> None:
        while not self._over.wait(0.05):
            self.answers.append(site.fetch("client", url).returncode)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


def rotate(site: Site, service: Service, environment: t.Mapping[str, str] | None = None, **inputs: t.Any) -> play.Done:
    file = site.state / "rotate.test.json"
    file.write_text(json.dumps({f"{service.role}_{name}": value for name, value in {**service.inputs, **inputs}.items()}))
    try:
        return play.run(site, "ansible-playbook", "rotate-keys.yml", "-vvvv", "-e", f"@{file}", **(environment or {}))
    finally:
        file.unlink()


def test_what_is_not_deployed_gets_no_new_key(site: Site, control: dict[str, str], minting: Service) -> None:
    before = play.call(site, "tailscale_key_info", **control)["auth_keys"]
    done = rotate(site, minting, force_key=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert changed(done) == 0
    assert play.call(site, "tailscale_key_info", **control)["auth_keys"] == before


def test_rotation_under_load(site: Site, control: dict[str, str], minting: Service) -> None:
    assert minting.deploy().returncode == 0
    wait_until(lambda: site.fetch("client", f"{minting.url}/get").returncode == 0, "an answer")
    before, allocation = stored(site, "auth_key_id", "minting"), minting.allocation()
    calm = rotate(site, minting)
    assert calm.returncode == 0, calm.stdout + calm.stderr
    assert changed(calm) == 0, calm.stdout
    with Load(site, minting) as load:
        time.sleep(1)
        done = rotate(site, minting, force_key=True)
        time.sleep(2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored(site, "auth_key", "minting") not in done.stdout + done.stderr
    assert len(load.answers) > 10
    assert set(load.answers) == {0}, "no request failed"
    assert minting.allocation() == allocation
    assert stored(site, "auth_key_id", "minting") != before
    assert key_of(site, control, before)["expired"], "nobody logs in with the old one"
    # The next allocation logs in with the new one.
    play.nomad(site, "alloc", "stop", "-detach", allocation)
    logged_in(minting, allocation)
    assert changed(minting.deploy()) == 0


def logged_in(service: Service, but: str) -> None:
    """Another allocation than this one has logged in."""

    def ready() -> bool:
        return any(phase(service, one) == "ready" for one in service.running() if one != but)

    wait_until(ready, "another allocation and its login", 150)


def phase(service: Service, allocation: str) -> str:
    """What an allocation's sidecar says of itself; nothing before it has said anything."""
    try:
        return str(service.evidence(allocation)["phase"])
    except (LabError, ValueError):
        return ""


def test_two_who_rotate_at_once(site: Site, control: dict[str, str], minting: Service) -> None:
    """Whoever comes later stores nothing over the other's key, and takes back its own."""
    path, theirs = "nomad/jobs/minting/minting/tailscale", {}

    def rotated() -> None:
        if theirs:
            play.nomad(site, "var", "put", "-force", path, *(f"{name}={value}" for name, value in theirs.items()))

    with ControlPlaneProxy(control, rotated) as proxy:
        minting.inputs["minted_key"] = {**control, "control_url": proxy.url}
        deployed(minting)
        before = {key["id"] for key in play.call(site, "tailscale_key_info", **control)["auth_keys"]}
        theirs.update({"auth_key": "theirs", "auth_key_id": "77"})
        done = rotate(site, minting, force_key=True)
        assert done.returncode != 0
        assert f"The variable {path} was changed by someone else" in done.stdout + done.stderr
        minting.inputs["minted_key"] = control
    assert json.loads(play.nomad(site, "var", "get", "-out=json", path))["Items"] == theirs
    made = [key for key in play.call(site, "tailscale_key_info", **control)["auth_keys"] if key["id"] not in before]
    assert [key["expired"] for key in made] == [True]


class ControlPlaneProxy:
    """A proxy before a control plane on which something happens after each key that is made."""

    def __init__(self, control: t.Mapping[str, str], happens: t.Callable[[], object]) -> None:
        trust = ssl.create_default_context(cafile=control["control_ca_cert"])

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name in ("Authorization", "Content-Type")}
                asked = urllib.request.Request(control["control_url"] + self.path, body or None, headers, method=self.command)
                with urllib.request.urlopen(asked, context=trust) as answer:
                    said = answer.read()
                if (self.command, self.path) == ("POST", "/api/v1/preauthkey"):
                    happens()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_GET

            def log_message(self, *_said: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ControlPlaneProxy:
        threading.Thread(target=self._server.serve_forever).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_node_that_was_refused_gets_a_new_key(site: Site, control: dict[str, str], minting: Service) -> None:
    assert minting.deploy(extra_group=exits.AGAIN_SOON).returncode == 0
    allocation = minting.allocation()
    assert play.call(site, "tailscale_key", **control, state="absent", id=stored(site, "auth_key_id", "minting"))["changed"]
    play.nomad(site, "alloc", "stop", "-detach", allocation)

    def refused() -> bool:
        others = json.loads(play.nomad(site, "job", "allocs", "-json", "minting"))
        failed = [one["ID"] for one in others if one["ClientStatus"] == "failed"]
        return any(phase(minting, one) == "failed" and "the login failed" in minting.evidence(one)["reason"] for one in failed)

    wait_until(refused, "a refused login", 150)
    done = rotate(site, minting)
    assert done.returncode == 0, done.stdout + done.stderr
    assert changed(done) > 0
    logged_in(minting, allocation)
    assert minting.nodes() == ["minting"]


def test_an_egress_worker_has_a_key_of_its_own(site: Site, control: dict[str, str], declare) -> None:
    worker = declare("minting-worker", play.Worker, level="locked", auth_key=None, minted_key=control)
    deployed(worker)
    first = stored(site, "auth_key_id", worker.name)
    assert key_of(site, control, first)["tags"] == worker.inputs["tags"]
    done = rotate(site, worker, force_key=True)
    assert done.returncode == 0, done.stdout + done.stderr
    second = stored(site, "auth_key_id", worker.name)
    assert [key_of(site, control, ident)["expired"] for ident in (first, second)] == [True, False]
    again = worker.deploy()
    assert changed(again) == 0, again.stdout
    worker.remove()
    assert key_of(site, control, second)["expired"]


def test_nodes_that_were_left_behind(site: Site, control: dict[str, str], declare) -> None:
    """They are forgotten at once; those of other jobs, and those that are online, stay."""
    minting = {"auth_key": None, "tags": TAGS, "minted_key": control, "forget_nodes_after": "0s"}
    lost, other = declare("lost", **minting), declare("lost-other", tags=TAGS)
    for service in (lost, other):
        assert service.deploy().returncode == 0
    found = play.call(site, "tailnet_device_info", **control, hostname="lost")["devices"]
    assert [device["given_name"] for device in found] == ["lost"]
    stay = play.call(site, "tailnet_device", **control, state="absent", hostname="lost", tags=TAGS, offline_for="0s")
    assert stay["removed"] == []
    allocation = lost.allocation()
    exits.kill_tasks(site, allocation, "tailscale", "app")
    play.nomad(site, "job", "stop", "-detach", "lost")
    wait_until(lambda: not play.call(site, "tailnet_device_info", **control, hostname="lost")["devices"][0]["online"], "it to be offline")
    again = lost.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "\n-lost\n" in again.stdout
    assert set(lost.nodes()) == {"lost", "lost-other"}
    (node,) = play.call(site, "tailnet_device_info", **control, hostname="lost")["devices"]
    assert node["node_id"] != found[0]["node_id"]
    assert changed(lost.deploy()) == 0
    assert other.nodes() == ["lost-other"]
    # Whose key was given is not given another, whatever the environment would allow.
    environment = {"HEADSCALE_CLI_ADDRESS": control["control_url"], "HEADSCALE_CLI_API_KEY": control["api_key"]}
    rotated = rotate(site, other, environment, force_key=True)
    assert "lost-other has no minted key to rotate" in play.failure_output(rotated)
    assert changed(rotated) == 0
