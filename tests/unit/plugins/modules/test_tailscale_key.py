# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of `tailscale_key` at both control planes: what makes a new key, and what does not."""

from __future__ import annotations

import pytest

from tests.unit.support.control_planes import API_KEY, CLIENT, CLIENT_SECRET, DAY, HOUR, NEW_TEXT, OLD_TEXT, TAGS, TOKEN, Key, at

WANTED = {"tags": TAGS}


def test_makes_a_key(control_plane, ask):
    control_plane.makes_keys()
    result = ask("tailscale_key", **control_plane.args, **WANTED)
    assert result["changed"]
    assert result["key"] == NEW_TEXT
    assert result["id"] == "9"
    assert result["expires"] == at(HOUR)
    assert result["reason"] == "no current key"
    assert len(control_plane.makings()) == 1


def test_check_mode_makes_nothing(control_plane, ask):
    control_plane.makes_keys()
    result = ask("tailscale_key", check=True, **control_plane.args, **WANTED)
    assert result["changed"]
    assert result["reason"] == "no current key"
    assert result["id"] is None
    assert "key" not in result
    assert not control_plane.makings()


def test_a_key_that_does_is_kept(control_plane, ask):
    control_plane.has_keys(Key(), Key(id="8"))
    result = ask("tailscale_key", current="7", **control_plane.args, **WANTED)
    assert not result["changed"]
    assert (result["id"], result["expires"], result["reason"]) == ("7", at(HOUR), None)
    assert "key" not in result
    assert not control_plane.makings()


def test_the_same_id_at_another_control_plane_is_another_key(control_plane, ask):
    control_plane.has_keys(Key())
    control_plane.makes_keys()
    here = ask("tailscale_key", current="7", **control_plane.args, **WANTED)["origin"]
    assert not ask("tailscale_key", current="7", origin=here, **control_plane.args, **WANTED)["changed"]
    elsewhere = ask("tailscale_key", current="7", origin="https://old.example ops", **control_plane.args, **WANTED)
    assert (elsewhere["reason"], elsewhere["origin"]) == ("no current key", here)
    assert not ask("tailscale_key", state="absent", id="7", origin="https://old.example ops", **control_plane.args)["changed"]
    assert control_plane.revocations() == []
    assert ask("tailscale_key", state="absent", id="7", origin=here, **control_plane.args)["changed"]


@pytest.mark.parametrize(
    ("current", "more", "reason"),
    [
        (Key(id="other"), {}, "no current key"),
        (Key(expires=-1), {}, "expired"),
        (Key(expires=0), {}, "expired"),
        (Key(used=True), {}, "used"),
        (Key(reusable=True), {}, "differs in reusable"),
        (Key(ephemeral=False, tags=("tag:other",)), {}, "differs in ephemeral, tags"),
        (Key(tags=(*TAGS, "tag:more")), {}, "differs in tags"),
        (Key(expires=600), {"renew_before": "10m"}, "ends soon"),
        (Key(), {"force": True}, "forced"),
    ],
)
def test_why_a_new_key_is_made(control_plane, ask, current, more, reason):
    control_plane.has_keys(current)
    control_plane.makes_keys()
    args = {"current": "7", **control_plane.args, **WANTED, **more}
    checked = ask("tailscale_key", check=True, **args)
    assert (checked["changed"], checked["reason"]) == (True, reason)
    assert not control_plane.makings()
    made = ask("tailscale_key", **args)
    assert (made["changed"], made["reason"], made["key"]) == (True, reason, NEW_TEXT)


@pytest.mark.parametrize(
    ("current", "more"),
    [
        (Key(reusable=True, used=True), {"reusable": True}),
        (Key(expires=601), {"renew_before": "10m"}),
        (Key(tags=("tag:b", "tag:a")), {"tags": ["tag:a", "tag:b", "tag:a"]}),
    ],
)
def test_what_is_no_reason(control_plane, ask, current, more):
    control_plane.has_keys(current)
    result = ask("tailscale_key", current="7", **{**control_plane.args, **WANTED, **more})
    assert (result["changed"], result["id"]) == (False, "7")


def test_revokes_and_revokes_again(control_plane, ask):
    control_plane.has_keys(Key(), Key(id="8"))
    args = {**control_plane.args, "state": "absent", "id": "7"}
    assert ask("tailscale_key", check=True, **args)["changed"]
    assert control_plane.revocations() == []
    result = ask("tailscale_key", **args)
    assert (result["changed"], result["id"]) == (True, "7")
    assert control_plane.revocations() == ["7"]
    control_plane.has_keys(Key(expires=0), Key(id="8"))
    again = ask("tailscale_key", **args)
    assert (again["changed"], again["id"]) == (False, "7")
    assert control_plane.revocations() == ["7"]


@pytest.mark.parametrize("found", [Key(id="8"), Key(used=True), Key(expires=-DAY)])
def test_there_is_nothing_to_revoke(control_plane, ask, found):
    control_plane.has_keys(found)
    result = ask("tailscale_key", **control_plane.args, state="absent", id="7")
    assert (result["changed"], result["id"]) == (False, "7")
    assert control_plane.revocations() == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"expiry": "soon"}, "not a duration"),
        ({"expiry": "0"}, "expiry is 0"),
        ({"expiry": "10m", "renew_before": "600"}, "renew_before is not shorter"),
        ({"tags": ["service"]}, "not a tag"),
        ({"state": "absent"}, "id"),
        ({"api_key": ""}, "api_key"),
    ],
)
def test_what_cannot_work_is_said_without_asking(control_plane, ask, more, words):
    result = ask("tailscale_key", **{**control_plane.args, **WANTED, **more})
    assert result["failed"]
    assert words in result["msg"]
    assert not control_plane.fake.asked


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"expiry": "91d"}, "90d at most"),
        ({"expiry": str(90 * DAY + 1)}, "90d at most"),
        ({"description": "web_1"}, "letters, digits, spaces and hyphens"),
        ({"description": "x" * 51}, "at most 50"),
    ],
)
def test_what_tailscale_does_not_take(tailscale, ask, more, words):
    result = ask("tailscale_key", **{**WANTED, **more})
    assert words in result["msg"]
    assert not tailscale.fake.asked


@pytest.mark.parametrize(
    ("more", "words"),
    [({"user": ""}, "user is missing"), ({"preauthorized": False}, "approves no devices"), ({"control_url": ""}, "HEADSCALE_CLI_ADDRESS")],
)
def test_what_headscale_does_not_take(headscale, ask, more, words):
    result = ask("tailscale_key", check=True, **{**headscale.args, **WANTED, **more})
    assert words in result["msg"]
    assert not headscale.fake.asked


def test_what_tailscale_is_asked(tailscale, ask):
    """As the operation createKey of the API description has it."""
    tailscale.makes_keys()
    ask("tailscale_key", tags=["tag:b", "tag:a"], reusable=True, preauthorized=False, expiry="90m", description="job web-1")
    (asked,) = tailscale.fake.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/api/v2/tailnet/-/keys", {})
    assert asked.headers["Authorization"] == f"Bearer {API_KEY}"
    assert asked.headers["Content-Type"] == "application/json"
    create = {"reusable": True, "ephemeral": True, "preauthorized": False, "tags": ["tag:a", "tag:b"]}
    assert asked.body == {
        "keyType": "auth",
        "capabilities": {"devices": {"create": create}},
        "expirySeconds": 5400,
        "description": "job web-1",
    }


def test_an_oauth_client_gets_a_token_first(tailscale, ask, monkeypatch):
    monkeypatch.delenv("TAILSCALE_API_KEY")
    monkeypatch.setenv("TAILSCALE_OAUTH_CLIENT_ID", CLIENT)
    monkeypatch.setenv("TAILSCALE_OAUTH_CLIENT_SECRET", CLIENT_SECRET)
    tailscale.fake.on("POST /api/v2/oauth/token", {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})
    tailscale.has_keys(Key(expires=-1))
    tailscale.makes_keys()
    assert ask("tailscale_key", current="7", **WANTED)["key"] == NEW_TEXT
    token, read, made = tailscale.fake.asked
    assert token.body == {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET}
    assert "Authorization" not in token.headers
    assert [one.headers["Authorization"] for one in (read, made)] == [f"Bearer {TOKEN}"] * 2


def test_a_key_of_an_oauth_client_has_tags(tailscale, ask):
    result = ask("tailscale_key", api_key="", oauth_client_id=CLIENT, oauth_client_secret=CLIENT_SECRET)
    assert "tags is empty" in result["msg"]
    assert not tailscale.fake.asked


def test_one_credential_is_enough(tailscale, ask):
    result = ask("tailscale_key", oauth_client_id=CLIENT, oauth_client_secret=CLIENT_SECRET, **WANTED)
    assert "both given" in result["msg"]
    assert not tailscale.fake.asked


def test_a_revoked_key(tailscale, ask):
    tailscale.makes_keys()
    tailscale.fake.on(
        f"GET {tailscale.KEYS}/7", {"id": "7", "created": at(-DAY), "expires": at(DAY), "revoked": at(-HOUR), "invalid": True}
    )
    assert ask("tailscale_key", current="7", **WANTED)["reason"] == "revoked"


def test_another_kind_of_key_is_left_alone(tailscale, ask):
    tailscale.fake.on(f"GET {tailscale.KEYS}/7", {"id": "7", "keyType": "client", "scopes": ["all"]})
    result = ask("tailscale_key", state="absent", id="7")
    assert "no auth key but of the type client" in result["msg"]
    assert tailscale.revocations() == []


def test_another_tailnet(tailscale, ask):
    tailscale.fake.on("POST /api/v2/tailnet/me%40example.com%2Fx/keys", {"id": "9", "key": NEW_TEXT})
    tailscale.fake.on("POST /api/v2/tailnet/me@example.com%2Fx/keys", {"id": "9", "key": NEW_TEXT})
    assert ask("tailscale_key", tailnet="me@example.com/x", **WANTED)["key"] == NEW_TEXT


@pytest.mark.parametrize("user", ["ops", "1"])
def test_what_headscale_is_asked(headscale, ask, user):
    """As the message CreatePreAuthKeyRequest has it; its numbers are texts in JSON, and its clock counts."""
    headscale.makes_keys()
    ask(
        "tailscale_key",
        **{**headscale.args, "user": user},
        tags=["tag:b", "tag:a"],
        reusable=True,
        ephemeral=False,
        expiry="1d",
        description="x_",
    )
    found, made = headscale.fake.asked
    assert (found.method, found.path) == ("GET", "/api/v1/user")
    assert [one.headers["Authorization"] for one in (found, made)] == [f"Bearer {API_KEY}"] * 2
    assert made.body == {"user": "1", "reusable": True, "ephemeral": False, "aclTags": ["tag:a", "tag:b"], "expiration": at(DAY)}


def test_headscale_expires_a_key_by_its_text(headscale, ask):
    headscale.has_keys(Key(), Key(id="8"))
    ask("tailscale_key", **headscale.args, state="absent", id="8")
    assert headscale.fake.all("GET /api/v1/preauthkey")[0].query == {"user": "1"}
    (asked,) = headscale.fake.all("POST /api/v1/preauthkey/expire")
    assert asked.body == {"user": "1", "key": f"{OLD_TEXT}-8"}


def test_a_user_that_headscale_does_not_know(headscale, ask):
    result = ask("tailscale_key", **{**headscale.args, "user": "nobody"}, **WANTED)
    assert "no user nobody; it knows ops, other" in result["msg"]
    assert result["failure"]["kind"] == "refused"


def test_the_text_of_a_key_in_headscales_words_is_scrubbed(headscale, ask):
    headscale.has_keys(Key())
    headscale.fake.on("POST /api/v1/preauthkey/expire", (500, {"code": 2, "message": f"cannot expire {OLD_TEXT}-7"}))
    result = ask("tailscale_key", **headscale.args, state="absent", id="7")
    assert "cannot expire ****" in result["msg"]
