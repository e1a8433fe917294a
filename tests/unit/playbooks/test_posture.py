# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `posture`, against a scripted Nomad and tailnet with one weak thing each."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t

import pytest

from tests.execution_paths import ROOT
from tests.unit.support.control_planes import API_KEY, Key

IMAGE, KEY = "shop/shop/app: shop:latest is another image tomorrow", "key 7 (web): who finds it adds any number of nodes"
ACCEPTED = {"posture_control": {}, "posture_accept": ["key_reusable"]}


@pytest.fixture
def played(nomad, tailscale) -> t.Callable[[dict[str, t.Any]], subprocess.CompletedProcess[str]]:
    tasks = [{"Name": "tailscale", "Env": {"SIDECAR_TAGS": ""}}, {"Name": "app", "Config": {"image": "shop:latest"}}]
    nomad.on("GET /v1/jobs", [{"Namespace": "default", "Status": "running", "ID": "shop"}])
    nomad.on("GET /v1/job/shop", {"ID": "shop", "Namespace": "default", "TaskGroups": [{"Name": "shop", "Tasks": tasks}]})
    nomad.on("GET /v1/vars", [])
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "who"})
    tailscale.has_keys(Key(reusable=True))

    def play(variables: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
        command = ["ansible-playbook", "posture.yml", "-e", json.dumps(variables)]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return play


@pytest.mark.parametrize(
    ("variables", "fails", "told"),
    [
        ({}, False, {IMAGE: True, KEY: False, "item=key_reusable": False}),
        (ACCEPTED, False, {IMAGE: True, KEY: True, "item=image_latest)": True, "item=key_reusable, accepted)": True}),
        ({**ACCEPTED, "posture_strict": True}, True, {"The posture is weaker": True, IMAGE: True}),
        ({**ACCEPTED, "posture_strict": "yes", "posture_accept": ["key_reusable", "image_latest"]}, False, {IMAGE: True, KEY: True}),
        ({**ACCEPTED, "posture_max_key_days": "0"}, False, {"item=key_long_lived)": True}),
    ],
    ids=["no control plane", "told", "strict", "all is accepted", "days"],
)
def test_what_is_weak_is_told(played, variables: dict[str, t.Any], fails: bool, told: dict[str, bool]) -> None:
    done = played(variables)
    said = done.stdout + done.stderr
    assert (done.returncode != 0) is fails, said
    assert {words: words in said for words in told} == told
    assert API_KEY not in said
    assert ('"posture": [' in said) is not fails
