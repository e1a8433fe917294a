# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenario promises, seen from the two tailnet clients of the laboratory."""

from __future__ import annotations

import json
import os
import shlex

import testinfra

# A client learns of a new node a moment after the control plane.
AGAIN = ["--retry", "5", "--retry-delay", "1", "--retry-all-errors"]
LAB = testinfra.get_host("local://")
URL = f"http://molecule.{os.environ['LAB_TAILNET']}/get"


def curl_in(namespace: str):
    proxy = ["--proxy", os.environ["LAB_CLIENT_PROXY"]]
    command = [*shlex.split(os.environ[f"LAB_IN_{namespace}"]), "curl", "--silent", "--fail", "--max-time", "10", *AGAIN, *proxy, URL]
    return LAB.run(shlex.join(command))


def test_the_permitted_client_gets_the_apps_answer() -> None:
    answer = curl_in("CLIENT")
    assert answer.rc == 0, answer.stderr
    assert json.loads(answer.stdout)["headers"]["Host"] == [f"molecule.{os.environ['LAB_TAILNET']}"]


def test_the_forbidden_client_gets_nothing() -> None:
    answer = curl_in("OUTSIDER")
    assert answer.rc != 0
    assert answer.stdout == ""


def test_nomad_knows_the_job_as_running() -> None:
    assert LAB.run("nomad job status -short molecule").stdout.count("running") == 1
