# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has done when it fails halfway, and must not stay: a key, secrets, and a claim that something was proved."""

from __future__ import annotations

import typing as t
from pathlib import Path

from tests.unit.support import nomad_answers
from tests.unit.support.control_planes import Key, Tailscale
from tests.unit.support.playbooks import MINTED, SERVICE, VARIABLES, Servers, minted, play, present, remember
from tests.unit.support.scripted_server import Scripted

Json = dict[str, t.Any]
REFUSED = (500, "no room in the quota")
# The one that the scripted control plane makes.
NEW = Key(id="9", reusable=True)
SIDECAR, APP = f"{VARIABLES}/tailscale", f"{VARIABLES}/app"
# Of another version, and of another run.
OLD: Json = {**nomad_answers.VARIABLE, "Items": {"serve_config": "{}", "auth_key": "old-key-of-nobody"}}
SECRETS = {"private_service_secrets": {"PASSWORD": "new-password"}, "private_service_auth_key": "new-key-of-nobody"}


def deploy(servers: Servers, place: Path, make: t.Callable[[Scripted, Tailscale], None], inputs: Json) -> tuple[str, Scripted]:
    """The message with which a deployment to one server failed, and what it asked there."""
    url, nomad = servers.add(make)
    result = play(place, "deploy_private_service", {**SERVICE, **inputs}, {"good": url})["good"]
    assert result["failed"]
    return result["msg"], nomad


def writes(nomad: Scripted, path: str) -> list[tuple[str, Json, str | None]]:
    """The writes of a path: method, items and the index that they were made for."""
    asked = [one for one in nomad.asked if one.path == path and one.method in ("PUT", "DELETE")]
    return [(one.method, (one.body or {}).get("Items", {}), one.query.get("cas")) for one in asked]


def revocations(nomad: Scripted) -> list[str]:
    return [one.path.rpartition("/")[2] for one in nomad.asked if one.method == "DELETE" and "/keys/" in one.path]


def test_of_a_refused_job_the_secrets_are_put_back(servers: Servers, tmp_path: Path) -> None:
    def make(nomad: Scripted, tailscale: Tailscale) -> None:
        present(nomad, tailscale)
        nomad.on(f"GET {SIDECAR}", OLD)
        nomad.on("PUT /v1/jobs", REFUSED)
        nomad.on("GET /v1/jobs", [nomad_answers.STUB])
        nomad.on(f"DELETE {APP}", (204, ""))

    message, nomad = deploy(servers, tmp_path, make, SECRETS)
    assert "no room in the quota" in message
    assert message.endswith("Its secrets were put back.")
    first, last = writes(nomad, SIDECAR)
    assert (first[1]["auth_key"], last[1]) == ("new-key-of-nobody", OLD["Items"])
    # What was not there is gone again.
    assert [(method, items) for method, items, _cas in writes(nomad, APP)] == [("PUT", {"PASSWORD": "new-password"}), ("DELETE", {})]


def test_of_a_job_that_was_registered_they_stay(servers: Servers, tmp_path: Path) -> None:
    def make(nomad: Scripted, tailscale: Tailscale) -> None:
        present(nomad, tailscale)
        nomad.on(f"GET {SIDECAR}", OLD)
        nomad.on("PUT /v1/jobs", REFUSED)
        # Another index than the plan's: the answer alone was lost.
        nomad.on("GET /v1/jobs", [{**nomad_answers.STUB, "JobModifyIndex": 4711}])

    message, nomad = deploy(servers, tmp_path, make, SECRETS)
    assert "put back" not in message
    assert len(writes(nomad, SIDECAR)) == 1


def test_secrets_of_another_run_are_not_proved(servers: Servers, tmp_path: Path) -> None:
    """Somebody writes between the store and the run: what runs has not what this run declares."""

    def make(nomad: Scripted, tailscale: Tailscale) -> None:
        present(nomad, tailscale)
        registered = nomad.last("PUT /v1/jobs")

        def overwritten() -> Json:
            nomad.on(f"GET {SIDECAR}", {**OLD, "ModifyIndex": 4712})
            nomad.on("GET /v1/jobs", [{**nomad_answers.STUB, "JobModifyIndex": 4711}])
            return registered

        nomad.on("PUT /v1/jobs", overwritten)

    message, nomad = deploy(servers, tmp_path, make, SECRETS)
    assert "The variable nomad/jobs/whoami/whoami/tailscale was changed by someone else: its index is 4712" in message
    assert len(writes(nomad, SIDECAR)) == 1, "theirs stay"


def test_a_key_that_was_not_stored_is_revoked(servers: Servers, tmp_path: Path) -> None:
    def make(nomad: Scripted, tailscale: Tailscale) -> None:
        minted(nomad, tailscale)
        tailscale.has_keys(Key(reusable=True), NEW)
        nomad.on(f"PUT {SIDECAR}", REFUSED)

    message, nomad = deploy(servers, tmp_path, make, {**MINTED, "private_service_force_key": True})
    assert "no room in the quota" in message
    assert revocations(nomad) == [NEW.id], "the one in use stays"


def test_a_key_whose_store_lost_its_answer_stays(servers: Servers, tmp_path: Path) -> None:
    def make(nomad: Scripted, tailscale: Tailscale) -> None:
        minted(nomad, tailscale)
        tailscale.has_keys(Key(reusable=True), NEW)

        def lost() -> str:
            remember(nomad, SIDECAR)
            return "no room in the quota"

        nomad.on(f"PUT {SIDECAR}", (500, lost))

    _message, nomad = deploy(servers, tmp_path, make, {**MINTED, "private_service_force_key": True})
    assert revocations(nomad) == []
