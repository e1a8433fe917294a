# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may read what of Nomad's variables, and what is said where more may than need to."""

from __future__ import annotations

import json
import subprocess
import typing as t
import uuid
from pathlib import Path

import pytest

from tests.integration.support import leavings, play
from tests.integration.support.play import Service
from tests.lab.command import wait_until
from tests.lab.site import Site

PORT = 14646
CONFIG = f"""
bind_addr = "127.0.0.1"
advertise {{
  http = "127.0.0.1"
  rpc  = "127.0.0.1"
  serf = "127.0.0.1"
}}
ports {{
  http = {PORT}
  rpc  = {PORT + 1}
  serf = {PORT + 2}
}}
server {{
  enabled          = true
  bootstrap_expect = 1
}}
"""
VARIABLES = "nomad/jobs/narrow/narrow"


@pytest.fixture
def without_acls(site: Site, tmp_path: Path) -> t.Iterator[dict[str, str]]:
    """The environment for a Nomad of its own, which has no ACLs."""
    config = tmp_path / "nomad.hcl"
    config.write_text(CONFIG)
    open_nomad = {"NOMAD_ADDR": f"http://127.0.0.1:{PORT}", "NOMAD_TOKEN": "", "NOMAD_CACERT": ""}
    agent = ["nomad", "agent", "-config", str(config), "-data-dir", str(tmp_path / "data")]
    process = subprocess.Popen(agent, env=play.variables(site, {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # A variable can be written as soon as there is a key to encrypt it with.
        wait_until(lambda: play.run(site, "nomad", "var", "put", "ready", "a=b", **open_nomad).returncode == 0, "the open Nomad")
        yield open_nomad
    finally:
        process.terminate()
        process.wait()


def test_where_acls_are_off_it_is_said(site: Site, without_acls: dict[str, str]) -> None:
    secret = uuid.uuid4().hex
    written = play.ad_hoc("variable", {"path": "nomad/jobs/a/a/app", "items": {"key": secret}})
    done = play.run(site, *written, **play.AD_HOC, **without_acls)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ACLs are off in this Nomad" in done.stdout + done.stderr
    anybody = play.run(site, "nomad", "var", "get", "-item=key", "nomad/jobs/a/a/app", **without_acls)
    assert anybody.stdout.strip() == secret
    found = play.call(site, "posture_info", environment=without_acls, max_key_days=30)
    assert not found["failed"], found
    assert [one["kind"] for one in found["findings"]] == ["acls_off"]


def test_a_tasks_identity_reads_its_own_variable_only(site: Site, declare) -> None:
    inputs = {"secrets": {"APP_SECRET": leavings.canary()}, "extra_task": "identity {\n  env = true\n}"}
    narrow, other = declare("narrow", **inputs), declare("narrow-other", **inputs)
    for service in (narrow, other):
        done = service.deploy()
        assert done.returncode == 0, done.stdout + done.stderr

    def reads(service: Service, path: str) -> str:
        token = service.inside("app", "/bin/sh", "-c", "echo $NOMAD_TOKEN").stdout.strip()
        assert token.count(".") == 2, "the app has an identity"
        done = play.run(site, "nomad", "var", "get", "-out=json", path, NOMAD_TOKEN=token)
        return "read" if done.returncode == 0 else done.stderr

    assert reads(narrow, f"{VARIABLES}/app") == "read"
    for service, path in (
        (narrow, f"{VARIABLES}/tailscale"),
        (other, f"{VARIABLES}/tailscale"),
        (other, f"{VARIABLES}/app"),
    ):
        assert "Permission denied" in reads(service, path)
    listed = json.loads(play.nomad(site, "operator", "api", "/v1/vars?prefix=nomad/jobs"))
    assert len([one for one in listed if one["Path"].startswith(f"{VARIABLES}/")]) == 2


def test_the_report_names_what_is_weak_and_fails_when_asked_to(site: Site, control: dict[str, str], declare) -> None:
    service = declare("weak")
    assert service.deploy().returncode == 0
    play.nomad(site, "var", "put", "-force", "nomad/jobs/weak", "a=b")
    made = site.headscale("preauthkeys", "create", "--user", "1", "--reusable", "--expiration", "9000h", "--output", "json")
    key = json.loads(made)
    leavings.seek(key["key"])
    try:

        def report(**more: t.Any) -> play.Done:
            return play.run(site, "ansible-playbook", "posture.yml", "-e", json.dumps({"posture_control": control, **more}))

        calm = report()
        assert calm.returncode == 0, calm.stdout + calm.stderr
        wanted = [
            "nomad/jobs/weak: several tasks of weak read it",
            f"key {key['id']}: who finds it adds any number of nodes",
            f"key {key['id']}: its nodes stay in the tailnet",
            f"key {key['id']}: its nodes are those of a person",
            f"key {key['id']}: it lives 375 days",
        ]
        assert [sentence for sentence in wanted if sentence not in calm.stdout] == []
        strict = report(posture_strict=True)
        assert strict.returncode != 0
        assert "weaker than it need be" in strict.stdout
        kinds = ["broad_variable", "key_reusable", "key_not_ephemeral", "key_untagged", "key_long_lived"]
        accepted = report(posture_strict=True, posture_accept=kinds)
        assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    finally:
        play.nomad(site, "var", "purge", "nomad/jobs/weak")
        site.headscale("preauthkeys", "expire", "--user", "1", key["key"])
