# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported as weak, and what fails for it."""

from __future__ import annotations

import re
import typing as t

import pytest

GOOD_KEY = {
    **{"id": "k1", "description": "shop", "reusable": False, "ephemeral": True, "tags": ["tag:a"]},
    **{"created": "2026-11-01T00:00:00Z", "expires": "2026-11-02T00:00:00Z", "revoked": None, "expired": False},
}


def job(name: str, image: str, env: t.Mapping[str, str] | None) -> dict[str, t.Any]:
    tasks = [{"Name": "tailscale", "Env": env, "Config": {"image": "tailscale/tailscale:v1.98.5"}}]
    tasks.append({"Name": "app", "Config": {"image": image}})
    return {"ID": name, "Namespace": "default", "TaskGroups": [{"Name": name, "Tasks": tasks}]}


@pytest.fixture
def site(nomad) -> t.Callable[..., None]:
    def site(image: str = "shop:1", paths: tuple[str, ...] = (), token: t.Any = None) -> None:
        stub = {"Namespace": "default", "Status": "running"}
        nomad.on("GET /v1/jobs", [{**stub, "ID": "shop"}, {**stub, "ID": "other"}])
        nomad.on("GET /v1/job/shop", job("shop", image, {"SIDECAR_TAGS": ""}))
        nomad.on("GET /v1/job/other", job("other", "other", None))
        nomad.on("GET /v1/vars", [{"Namespace": "default", "Path": path} for path in paths])
        nomad.on("GET /v1/acl/token/self", token or {"AccessorID": "t"})

    return site


def kinds(result: dict[str, t.Any]) -> list[str]:
    return [one["kind"] for one in result["findings"]]


def test_a_good_site(site, in_process) -> None:
    site(paths=("nomad/jobs/shop/shop/tailscale", "nomad/jobs/other"))
    result = in_process("posture_info", strict=True, keys=[GOOD_KEY])
    assert (result["findings"], result["jobs"]) == ([], ["shop"])


def test_a_job_that_was_purged_after_it_was_listed_is_left_out(site, nomad, in_process) -> None:
    site()
    nomad.on("GET /v1/job/other", (404, "job not found"))
    assert in_process("posture_info", strict=True)["jobs"] == ["shop"]


@pytest.mark.parametrize(
    ("image", "weak"),
    [
        ("shop", True),
        ("shop:latest", True),
        ("registry.example:5000/shop", True),
        ("registry.example:5000/shop:2", False),
        ("shop@sha256:00", False),
    ],
)
def test_images(site, in_process, image: str, weak: bool) -> None:
    site(image=image)
    result = in_process("posture_info")
    assert kinds(result) == (["image_latest"] if weak else [])


@pytest.mark.parametrize("path", ["nomad/jobs", "nomad/jobs/shop", "nomad/jobs/shop/shop"])
def test_broad_variables(site, in_process, path: str) -> None:
    site(paths=(path,))
    (finding,) = in_process("posture_info")["findings"]
    assert (finding["kind"], finding["subject"]) == ("broad_variable", path)


def test_without_acls(site, in_process) -> None:
    site(token={"AccessorID": "acls-disabled"})
    assert kinds(in_process("posture_info")) == ["acls_off"]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"reusable": True}, ["key_reusable"]),
        ({"ephemeral": False}, ["key_not_ephemeral"]),
        ({"tags": []}, ["key_untagged"]),
        ({"expires": "2027-01-30T00:00:00Z"}, ["key_long_lived"]),
        ({"expires": None}, ["key_long_lived"]),
        ({"reusable": True, "revoked": "2026-11-01T12:00:00Z"}, []),
        ({"reusable": True, "expired": True}, []),
    ],
)
def test_keys(site, in_process, more: dict[str, t.Any], found: list[str]) -> None:
    site()
    assert kinds(in_process("posture_info", keys=[{**GOOD_KEY, **more}])) == found


@pytest.mark.parametrize("way", ["in_process", "packaged"])
@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({}, "entry 2 has no id"),
        ({"id": "k2"}, "entry 2 has no reusable"),
        ({**GOOD_KEY, "tags": None}, "entry 2 has the tags null, which is not a list"),
        ({**GOOD_KEY, "tags": "tag:a"}, 'entry 2 has the tags "tag:a", which is not a list'),
        ({**GOOD_KEY, "reusable": "no"}, 'entry 2 has the reusable "no", which is not a boolean'),
        ({**GOOD_KEY, "created": "yesterday"}, 'entry 2 has the created "yesterday", which is not a time'),
        ({**GOOD_KEY, "created": "2026-13-01T00:00:00Z"}, 'entry 2 has the created "2026-13-01T00:00:00Z", which is not a time'),
        ({**GOOD_KEY, "created": 5}, "entry 2 has the created 5, which is not a time"),
        ({**GOOD_KEY, "expires": "2026-11-02T00:00:00"}, 'entry 2 has the expires "2026-11-02T00:00:00", which is not a time'),
    ],
)
def test_a_key_that_no_control_plane_described(site, request, way: str, key: dict[str, t.Any], words: str) -> None:
    site()
    failed = request.getfixturevalue(way)("posture_info", keys=[GOOD_KEY, key])
    assert f"keys: {words}" in failed["msg"]
    assert "notailcar.nomad.tailscale_key_info" in failed["msg"]
    assert failed["failure"]["kind"] == "invalid_input"


def test_strict_fails_for_what_is_not_accepted(site, in_process) -> None:
    site(image="shop:latest")
    keys = [{**GOOD_KEY, "reusable": True}]
    failed = in_process("posture_info", strict=True, accept=["key_reusable"], keys=keys)
    assert failed["failed"]
    assert failed["msg"].splitlines()[1:] == ["  shop/shop/app: shop:latest is another image tomorrow: name a version"]
    assert [one["accepted"] for one in failed["failure"]["findings"]] == [False, True]
    assert not in_process("posture_info", strict=True, accept=["key_reusable", "image_latest"], keys=keys).get("failed")
    assert "accept: everything" in in_process("posture_info", accept=["everything"])["msg"]


def test_without_tls(site, in_process, nomad, monkeypatch: pytest.MonkeyPatch) -> None:
    site()
    monkeypatch.setattr("ansible_collections.notailcar.nomad.plugins.module_utils._modules.posture_info.LOOPBACK", re.compile("localhost"))
    assert kinds(in_process("posture_info")) == ["http"]
