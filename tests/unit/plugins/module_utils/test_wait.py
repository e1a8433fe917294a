# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is away while something is awaited is asked again until the time is over."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._arguments import connection
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import Denied, NomadError, TimedOut
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client
from ansible_collections.notailcar.nomad.plugins.module_utils._wait import Wait


@pytest.fixture
def lines():
    return []


@pytest.fixture
def patient(nomad, lines):
    def patient(seconds):
        params = dict.fromkeys(connection())
        wait = Wait("whoami", seconds, lines.append)
        return Client.from_options({**params, "address": os.environ["NOMAD_ADDR"]}).with_wait(wait)

    return patient


@pytest.mark.parametrize(
    "refusal",
    [
        (503, "later"),
        (429, "too many"),
        (500, "No cluster leader"),
        (500, "rpc error: failed to get conn: EOF"),
    ],
)
def test_it_comes_back(nomad, patient, lines, refusal):
    nomad.on("GET /v1/job/x", *[refusal] * 20, {"ID": "x"})
    assert patient(60).get("/v1/job/x", "read it").data == {"ID": "x"}
    assert len(lines) == 1
    assert "no answer, asking again" in lines[0]


def test_it_comes_back_without_its_tokens(nomad, patient):
    nomad.on("GET /v1/job/x", (503, "later"), *[(403, "Permission denied")] * 2, {"ID": "x"}, (403, "Permission denied"))
    client = patient(60)
    assert client.get("/v1/job/x", "read it").data == {"ID": "x"}
    with pytest.raises(Denied):
        client.get("/v1/job/x", "read it")


def test_writes_too(nomad, patient):
    nomad.on("PUT /v1/jobs", *[(500, "leadership lost while committing log")] * 20, {"EvalID": "e"})
    assert patient(60).put("/v1/jobs", {}, "register", "submit-job").data == {"EvalID": "e"}


def test_it_does_not_come_back(nomad, patient):
    nomad.on("GET /v1/job/x", (503, "later"))
    with pytest.raises(TimedOut, match="not done after 1 s; the last state: nothing happened") as caught:
        patient(1).get("/v1/job/x", "read it")
    assert caught.value.details["kind"] == "timeout"


def test_nobody_listens_any_more(nomad, patient):
    client = replace(patient(1), address="http://127.0.0.1:9")
    with pytest.raises(TimedOut, match="Connection refused"):
        client.get("/v1/job/x", "read it")


@pytest.mark.parametrize(
    ("refusal", "kind"), [((403, "Permission denied"), "denied"), ((404, "job not found"), "not_found"), ((400, "bad"), "refused")]
)
def test_what_no_waiting_changes(nomad, patient, refusal, kind):
    nomad.on("GET /v1/job/x", refusal)
    with pytest.raises(NomadError) as caught:
        patient(60).get("/v1/job/x", "read it")
    assert caught.value.kind == kind
    assert nomad.count("GET /v1/job/x") == 1
