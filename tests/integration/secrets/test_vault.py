# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of HashiCorp Vault: read by Ansible, or by Nomad itself; and what is said when Vault gives none."""

from __future__ import annotations

import contextlib
import json
import socket
import typing as t
import uuid
from pathlib import Path

import pytest

from tests import community_collections
from tests.integration.support import leavings, optional, play, vaults
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import ROOT, Service, Worker, changed
from tests.lab.site import Site
from tests.lab.vault import ADDRESS

PASSWORD = uuid.uuid4().hex


@pytest.fixture(scope="module")
def vault(site: Site) -> t.Iterator[dict[str, str]]:
    """The environment in which Ansible reads the laboratory's Vault with a token for some secrets only."""
    found = community_collections.fetch()
    leavings.seek(PASSWORD)
    with optional.part(site, "vault"):
        keys = {"auth-key": site.auth_key("service"), "worker-key": site.auth_key("worker")}
        vaults.put("secret", "shop", {"password": PASSWORD, "open": False, **keys})
        if "kv/" not in vaults.ask("sys/mounts")["data"]:
            vaults.ask("sys/mounts/kv", {"type": "kv", "options": {"version": "1"}})
        vaults.put("kv", "shop", {"password": PASSWORD}, kind=1)
        vaults.policy("shop", "secret/data/shop", "secret/data/absent", "kv/*", "kv/data/*")
        leavings.seek(token := vaults.token("shop"))
        yield {
            "VAULT_ADDR": ADDRESS,
            "VAULT_TOKEN": token,
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'collections'}:{found}",
            "PYTHONPATH": str(found / "site"),
        }


def of_vault(**more: t.Any) -> dict[str, t.Any]:
    return {"vault": {"path": "shop", "key": "password", **more}}


def in_app(service: Service) -> str:
    return service.inside("app", "/bin/sh", "-c", "echo $APP_SECRET").stdout.strip()


def test_every_source(site: Site, declare, vault: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "secret"
    of_file, of_environment = leavings.canary(), leavings.canary()
    file.write_text(f"{of_file}\n")
    environment = {**vault, "SHOP_SECRET": of_environment}
    service = declare("sourced", auth_key=of_vault(key="auth-key"))
    for source, secret in (
        (of_vault(), PASSWORD),
        (of_vault(engine_version=1, engine_mount_point="kv"), PASSWORD),
        ({"file": str(file)}, of_file),
        ({"env": "SHOP_SECRET"}, of_environment),
    ):
        with leavings.every_argv():
            done = service.play("-vvvv", "--diff", environment=environment, secrets={"APP_SECRET": source})
        assert done.returncode == 0, done.stdout + done.stderr
        assert secret not in done.stdout + done.stderr
        assert site.auth_key("service") not in done.stdout + done.stderr
        assert play.nomad(site, "var", "get", "-item=APP_SECRET", "nomad/jobs/sourced/sourced/app").strip() == secret
    again = service.play("--check", environment=environment, secrets={"APP_SECRET": {"env": "SHOP_SECRET"}})
    assert changed(again) == 0, again.stdout


@contextlib.contextmanager
def silent_server() -> t.Iterator[str]:
    """It takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def nothing() -> t.Iterator[str]:
    yield ADDRESS


@pytest.mark.parametrize(
    ("source", "trouble", "words"),
    [
        ({"key": "pin"}, nothing, "it has no such key, only auth-key, open, password, worker-key"),
        ({"path": "absent"}, nothing, "there is no such secret in the engine secret"),
        ({"path": "elsewhere"}, nothing, "the token may not read it"),
        ({"version": 77}, nothing, "there is no version 77 of it"),
        ({"engine_mount_point": "kv"}, nothing, "the engine kv is of kind 1, not 2"),
        ({"engine_version": 1, "engine_mount_point": "secret"}, nothing, "the engine secret is of kind 2, not 1"),
        ({"token": "expired"}, nothing, "the token has expired"),
        ({"url": "http://127.0.0.1:9", "retries": 0}, nothing, "it cannot be reached"),
        ({"timeout": 1, "retries": 0}, silent_server, "it does not answer in time"),
        ({"retries": 0}, vaults.sealed, "it is sealed"),
        ({"engine_version": 3}, nothing, "vault.engine_version must be 1 or 2"),
    ],
)
def test_what_vault_does_not_give_changes_nothing(
    site: Site, declare, vault: dict[str, str], source: dict[str, t.Any], trouble: t.Any, words: str
) -> None:
    service = declare("unsourced")
    if source.get("token") == "expired":
        source = {**source, "token": vaults.ended_token("shop")}
    with trouble() as address:
        more = {"url": address} if address and "url" not in source else {}
        done = service.play(environment=vault, secrets={"APP_SECRET": of_vault(**{**more, **source})})
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert words in said
    assert PASSWORD not in said
    assert not service.exists()


def test_without_the_collection_it_says_what_to_install(site: Site, declare) -> None:
    service = declare("unsourced")
    done = service.play(secrets={"APP_SECRET": of_vault()})
    assert done.returncode != 0
    assert "ansible-galaxy collection install community.hashi_vault" in done.stdout + done.stderr
    assert not service.exists()


def test_nomad_reads_vault_itself(site: Site, declare, vault: dict[str, str]) -> None:
    """Neither Ansible nor a Nomad Variable ever has the secrets."""
    vaults.trust_nomad("shop", vaults.policy("by-nomad", "secret/data/shop"), "byitself")
    of = {"path": "secret/data/shop"}
    secrets = {"APP_SECRET": {**of, "key": "password"}, "OPEN": {**of, "key": "open"}}
    service = declare("byitself", auth_key=None, vault={"role": "shop", "auth_key": {**of, "key": "auth-key"}, "secrets": secrets})
    done = service.deploy("-vvvv", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert in_app(service) == PASSWORD
    assert service.inside("app", "/bin/sh", "-c", "echo $OPEN").stdout == "false\n"
    variable = play.nomad(site, "var", "get", "-out=json", "nomad/jobs/byitself/byitself/tailscale")
    assert "auth_key" not in variable
    listed = json.loads(play.nomad(site, "operator", "api", "/v1/vars?prefix=nomad/jobs/byitself"))
    assert [one["Path"] for one in listed] == ["nomad/jobs/byitself/byitself/tailscale"]
    assert "VAULT_TOKEN" not in service.inside("app", "env").stdout
    again = service.deploy()
    assert changed(again) == 0, again.stdout


def test_nomad_reads_vault_for_an_egress_worker(site: Site, declare, vault: dict[str, str]) -> None:
    vaults.trust_nomad("shop", vaults.policy("by-nomad", "secret/data/shop"), "outward")
    of = {"path": "secret/data/shop"}
    by_nomad = {"role": "shop", "auth_key": {**of, "key": "worker-key"}, "secrets": {"APP_SECRET": {**of, "key": "password"}}}
    worker = declare("outward", Worker, auth_key=None, vault=by_nomad)
    done = worker.deploy("--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert in_app(worker) == PASSWORD
    assert worker.evidence()["egress"]["observed"] in worker.inputs["expect"]
    listed = json.loads(play.nomad(site, "operator", "api", "/v1/vars?prefix=nomad/jobs/outward"))
    assert [one["Path"] for one in listed] == ["nomad/jobs/outward/outward/tailscale"]
    assert "auth_key" not in play.nomad(site, "var", "get", "-out=json", listed[0]["Path"])
    assert changed(worker.deploy()) == 0


def test_a_change_to_vault_that_fails_keeps_the_key(site: Site, declare, vault: dict[str, str]) -> None:
    """The version before logs in with it when it comes back; what is proved without it has it no more."""
    vaults.trust_nomad("shop", vaults.policy("by-nomad", "secret/data/shop"), "byitself")
    service = declare("byitself")
    assert service.deploy().returncode == 0

    def keys() -> set[str]:
        variable = json.loads(play.nomad(site, "var", "get", "-out=json", "nomad/jobs/byitself/byitself/tailscale"))
        return set(variable["Items"])

    by_nomad = {"auth_key": None, "vault": {"role": "shop", "auth_key": {"path": "secret/data/shop", "key": "pin"}}}
    failed = service.play(**by_nomad, healthy_deadline="40s")
    assert failed.returncode != 0
    assert "the secret has no key pin" in failed.stdout + failed.stderr
    assert keys() == {"auth_key", "serve_config"}
    by_nomad["vault"]["auth_key"]["key"] = "auth-key"
    planned = service.play("--check", "--diff", **by_nomad)
    assert "\n-auth_key: " in planned.stdout, planned.stdout + planned.stderr
    done = service.play("--diff", **by_nomad)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n-auth_key: " in done.stdout
    assert keys() == {"serve_config"}
    assert changed(service.play(**by_nomad)) == 0


def test_what_vault_does_not_give_nomad_fails_the_task(declare, vault: dict[str, str]) -> None:
    vaults.trust_nomad("shop", vaults.policy("by-nomad", "secret/data/shop"), "byitself")
    path = {"path": "secret/data/shop"}
    stranger = declare("stranger", vault={"role": "shop", "secrets": {"APP_SECRET": {**path, "key": "password"}}}, healthy_deadline="40s")
    keyless = declare("byitself", vault={"role": "shop", "secrets": {"APP_SECRET": {**path, "key": "pin"}}}, healthy_deadline="40s")

    def fails(case: tuple[Service, str]) -> None:
        service, words = case
        done = service.deploy()
        assert done.returncode != 0
        assert words in done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr

    in_parallel(fails, [(stranger, "error validating claims"), (keyless, "the secret has no key pin")])
