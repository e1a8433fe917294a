# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tailscale's hosted control plane, by its published API description."""

from __future__ import annotations

import functools
import re
import urllib.parse
from dataclasses import replace

from .._durations import moment
from .._errors import InvalidInput, NotFound, Refused
from .._json import Json
from .api import Api, ApiAnswer
from .auth_keys import AuthKey, KeyRequest
from .devices import Device

LONGEST_SECONDS = 90 * 86400
LONGEST = "90d"
DESCRIPTION = re.compile(r"[A-Za-z0-9 -]{0,50}")
KEYS, DEVICES = "auth_keys", "devices:core"
TEXT, WHEN = (str, None), (str, None)
CREATE = {**dict.fromkeys(("reusable", "ephemeral", "preauthorized"), (bool, None)), "tags": ([str], None)}
KEY = {
    "id": str,
    "key": str,
    "keyType": str,
    "description": TEXT,
    **dict.fromkeys(("created", "expires", "revoked"), WHEN),
    "invalid": (bool, None),
    "capabilities": ({"devices": ({"create": (CREATE, None)}, None)}, None),
}
DEVICE = {
    **dict.fromkeys(("id", "nodeId"), str),
    **dict.fromkeys(("name", "hostname"), TEXT),
    **dict.fromkeys(("addresses", "tags"), ([str], None)),
    **dict.fromkeys(("isEphemeral", "connectedToControl", "authorized", "keyExpiryDisabled"), (bool, None)),
    **dict.fromkeys(("created", "lastSeen", "expires"), WHEN),
}
UNKNOWN_CLIENT = "Check oauth_client_id and oauth_client_secret (TAILSCALE_OAUTH_CLIENT_ID, TAILSCALE_OAUTH_CLIENT_SECRET)."


class Tailscale:
    """One tailnet. The token of an OAuth client is asked for with the first request, and is a secret as well."""

    def __init__(self, api: Api, tailnet: str, oauth: tuple[str, str] | None, secrets: set[str]) -> None:
        self._given = api
        self.origin = f"{api.address} {tailnet}"
        self._oauth = oauth
        self._secrets = secrets
        self._tailnet = f"/api/v2/tailnet/{_quoted(tailnet)}"

    def check(self, wanted: KeyRequest) -> None:
        if wanted.expiry > LONGEST_SECONDS:
            raise InvalidInput(f"expiry is {wanted.expiry} s; Tailscale's auth keys end after {LONGEST} at most.")
        if not DESCRIPTION.fullmatch(wanted.description):
            raise InvalidInput(f"description {wanted.description!r}: Tailscale takes at most 50 letters, digits, spaces and hyphens.")
        if self._oauth and not wanted.tags:
            raise InvalidInput("tags is empty: a key that an OAuth client makes has tags, because no user owns its nodes.")

    def keys(self) -> list[AuthKey]:
        answer = self._listed()
        # API access tokens and OAuth clients are keys there too. Older answers hold nothing but the ids.
        listed = [one for one in answer.data["keys"] or [] if _is_auth(one)]
        whole = [one if "capabilities" in one else self._whole(one["id"]) for one in listed]
        return [_key(one, answer.now) for one in whole if one and _is_auth(one)]

    def key(self, key_id: str) -> AuthKey | None:
        answer = self._answer(key_id)
        if answer is None:
            # A tailnet that is not known is not found either; and the list must agree.
            if any(one["id"] == key_id for one in self._listed().data["keys"] or []):
                raise Refused(f"Could not read the auth key {key_id}: Tailscale does not know it, but the list has it. Try again.")
            return None
        if not _is_auth(answer.data):
            raise InvalidInput(f"{key_id} is no auth key but of the type {answer.data['keyType']}; it is left alone.")
        return _key(answer.data, answer.now)

    def make(self, wanted: KeyRequest) -> tuple[AuthKey, str]:
        create = {
            "reusable": wanted.reusable,
            "ephemeral": wanted.ephemeral,
            "preauthorized": wanted.preauthorized,
            "tags": list(wanted.tags),
        }
        body = {
            "keyType": "auth",
            "capabilities": {"devices": {"create": create}},
            "expirySeconds": wanted.expiry,
            "description": wanted.description,
        }
        answer = self._api.post(f"{self._tailnet}/keys", body, "make an auth key", KEYS, KEY)
        made = answer.data
        return _key({**body, **made, "id": made["id"]}, answer.now), made["key"]

    def revoke(self, key: AuthKey) -> None:
        self._api.delete(f"{self._tailnet}/keys/{_quoted(key.id)}", f"revoke the auth key {key.id}", KEYS)

    def devices(self) -> list[Device]:
        shape = {"devices": ([DEVICE], None)}
        answer = self._api.get(f"{self._tailnet}/devices", "list the devices", f"{DEVICES}:read", shape, fields="all")
        return [_device(one, answer.now) for one in answer.data["devices"] or []]

    def remove(self, device: Device) -> None:
        self._api.delete(f"/api/v2/device/{_quoted(device.node_id)}", f"remove the device {device.name}", DEVICES)

    def given(self, hostname: str) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(hostname)}(-[1-9]\d*)?")

    def _listed(self) -> ApiAnswer:
        return self._api.get(f"{self._tailnet}/keys", "list the auth keys", f"{KEYS}:read", {"keys": ([KEY], None)}, all="true")

    def _whole(self, key_id: str) -> Json | None:
        answer = self._answer(key_id)
        return answer.data if answer else None

    def _answer(self, key_id: str) -> ApiAnswer | None:
        try:
            return self._api.get(f"{self._tailnet}/keys/{_quoted(key_id)}", f"read the auth key {key_id}", f"{KEYS}:read", KEY)
        except NotFound:
            return None

    @functools.cached_property
    def _api(self) -> Api:
        if not self._oauth:
            return self._given
        form = {"grant_type": "client_credentials", "client_id": self._oauth[0], "client_secret": self._oauth[1]}
        # RFC 6749 lets a server deny an unknown client with 400 as well.
        asking = replace(self._given, access=UNKNOWN_CLIENT, denials=(400, 401, 403))
        shape = {"access_token": TEXT}
        token = asking.ask("/api/v2/oauth/token", form, "get a token for the OAuth client", shape).data.get("access_token")
        if not token:
            raise Refused(f"Could not get a token for the OAuth client: {self._given.address} answered without one. {self._given.lost}")
        self._secrets.add(token)
        return replace(self._given, token=token)


def _key(found: Json, now: float) -> AuthKey:
    create = ((found.get("capabilities") or {}).get("devices") or {}).get("create") or {}
    revoked, expires = moment(found.get("revoked")) is not None, moment(found.get("expires"))
    reusable = bool(create.get("reusable"))
    ended = revoked or (expires is not None and expires <= now)
    return AuthKey(
        id=found["id"],
        description=found.get("description") or "",
        created=moment(found.get("created")),
        expires=expires,
        revoked=revoked,
        # There is no word for it, but a key that is invalid, and not for another reason, has been used.
        used=bool(found.get("invalid")) and not ended,
        reusable=reusable,
        ephemeral=bool(create.get("ephemeral")),
        preauthorized=bool(create.get("preauthorized")),
        tags=tuple(create.get("tags") or ()),
        now=now,
    )


def _device(found: Json, now: float) -> Device:
    name = (found.get("name") or "").rstrip(".")
    return Device(
        id=found["id"],
        node_id=found["nodeId"],
        name=name,
        hostname=found.get("hostname") or "",
        given_name=name.partition(".")[0],
        addresses=tuple(found.get("addresses") or ()),
        tags=tuple(found.get("tags") or ()),
        ephemeral=bool(found.get("isEphemeral")),
        # A node that is not reported as offline must not count as offline.
        online=bool(found.get("connectedToControl", True)),
        authorized=bool(found.get("authorized")),
        created=moment(found.get("created")),
        last_seen=moment(found.get("lastSeen")),
        expires=None if found.get("keyExpiryDisabled") else moment(found.get("expires")),
        now=now,
    )


def _is_auth(found: Json) -> bool:
    return bool(found.get("keyType", "auth") == "auth")


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="@")
