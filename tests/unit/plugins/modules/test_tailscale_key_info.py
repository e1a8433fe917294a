# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of auth keys, and that they are not."""

from __future__ import annotations

from tests.unit.support.control_planes import DAY, HOUR, TAGS, Key, at

SHOWN = {
    "id": "7",
    "description": "web",
    "created": at(-DAY),
    "expires": at(HOUR),
    "expired": False,
    "revoked": False,
    "used": False,
    "reusable": True,
    "ephemeral": True,
    "preauthorized": True,
    "tags": TAGS,
}


def test_all_keys(control_plane, ask):
    control_plane.has_keys(Key(reusable=True), Key(id="8", tags=("tag:b", "tag:a")))
    result = ask("tailscale_key_info", **control_plane.args)
    assert not result["changed"]
    first, second = result["auth_keys"]
    assert {**first, "description": "web"} == SHOWN
    assert (second["id"], second["reusable"], second["tags"]) == ("8", False, ["tag:a", "tag:b"])


def test_one_key_and_none(control_plane, ask):
    control_plane.has_keys(Key(), Key(id="8", used=True))
    (found,) = ask("tailscale_key_info", id="8", **control_plane.args)["auth_keys"]
    assert (found["id"], found["used"]) == ("8", True)
    assert ask("tailscale_key_info", id="9", **control_plane.args)["auth_keys"] == []


def test_an_expired_key_was_not_used(control_plane, ask):
    control_plane.has_keys(Key(expires=-HOUR))
    (found,) = ask("tailscale_key_info", id="7", **control_plane.args)["auth_keys"]
    assert (found["expired"], found["used"]) == (True, False)


def test_tailscale_lists_more_than_auth_keys(tailscale, ask):
    """As the operation listTailnetKeys of the API description shows it, and as it was before, with ids alone."""
    auth = tailscale.key(Key(id="k1", reusable=True))
    bare = {name: value for name, value in tailscale.key(Key(id="k2")).items() if name != "keyType"}
    others = [{"id": "k3", "keyType": "client", "scopes": ["all"]}, {"id": "k4", "keyType": "api", "scopes": ["all"]}]
    tailscale.fake.on(f"GET {tailscale.KEYS}", {"keys": [*others, auth, {"id": "k2"}, {"id": "k5"}, {"id": "k6"}]})
    tailscale.fake.on(f"GET {tailscale.KEYS}/k2", bare)
    tailscale.fake.on(f"GET {tailscale.KEYS}/k6", {**others[0], "id": "k6"})
    assert [key["id"] for key in ask("tailscale_key_info")["auth_keys"]] == ["k1", "k2"]
    assert tailscale.fake.all(f"GET {tailscale.KEYS}")[0].query == {"all": "true"}
    # What was told already, and what is none, is not asked for.
    assert [asked.path.rpartition("/")[2] for asked in tailscale.fake.asked] == ["keys", "k2", "k5", "k6"]


def test_headscale_lists_the_keys_of_one_user(headscale, ask):
    headscale.has_keys()
    assert ask("tailscale_key_info", **{**headscale.args, "user": "other"})["auth_keys"] == []
    assert headscale.fake.all("GET /api/v1/preauthkey")[0].query == {"user": "2"}
    assert "user is missing" in ask("tailscale_key_info", control="headscale")["msg"]
