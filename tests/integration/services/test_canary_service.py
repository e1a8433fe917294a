# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An update is promoted only after it answered through the tailnet under a name of its own; then the service's name moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.support import play
from tests.integration.support.play import Service, changed
from tests.integration.support.sidecar_variables import stored
from tests.lab.command import wait_until
from tests.lab.site import Site
from tests.lab.topology import NAMESPACES

# As a person asks, from the client's place.
ASK = """
- name: Ask the canary through the tailnet
  ansible.builtin.command:
    argv: {argv}
  register: asked
  changed_when: false
  retries: 10
  delay: 1
  until: asked.rc == 0
  failed_when: "'{answer}' not in asked.stdout"
"""


@pytest.fixture
def service(site: Site, control: dict[str, str], declare, tmp_path: Path) -> Service:
    service: Service = declare("released", canary=True, auth_key=None, minted_key=control)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.nodes() == ["released"]
    return service


def asking(site: Site, tmp_path: Path, answer: str) -> str:
    """A file of tasks that asks the canary's first URL."""
    argv = [*NAMESPACES["client"].enter, "curl", "-sS", "--max-time", "5", "--proxy", site.client_proxy]
    file = tmp_path / "ask.yml"
    file.write_text(ASK.format(argv=json.dumps([*argv, "{{ canary_urls[0] }}get"]), answer=answer))
    return str(file)


def test_a_good_canary_takes_the_name(site: Site, service: Service, tmp_path: Path) -> None:
    before, key = service.allocation(), stored(site, "auth_key", "released")
    update = service.deploy(env={"VERSION": "2"}, canary_tasks=asking(site, tmp_path, "released-canary"))
    assert update.returncode == 0, update.stdout + update.stderr
    assert service.allocation() != before
    assert service.nodes() == ["released"]
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
    again = service.deploy(env={"VERSION": "2"}, canary_tasks=asking(site, tmp_path, "never asked"))
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0
    assert stored(site, "auth_key", "released") == key, "the next allocation can log in"


def test_a_canary_that_answers_wrong_leaves_the_old_version(site: Site, service: Service, tmp_path: Path) -> None:
    before = service.allocation()
    update = service.deploy(env={"VERSION": "3"}, canary_tasks=asking(site, tmp_path, "something else"))
    assert update.returncode != 0
    assert "was not promoted, the version before it goes on" in update.stdout
    assert service.allocation() == before
    wait_until(lambda: service.nodes() == ["released"], "the canary's node to log out")
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
    assert "VERSION" not in json.dumps(json.loads(play.nomad(site, "job", "inspect", "released")))
