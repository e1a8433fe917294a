# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""headscale 0.27, through the REST gateway of its API."""

from __future__ import annotations

import re
import urllib.parse

from .._durations import moment, shown
from .._errors import InvalidInput, Refused
from .._json import Json
from .api import DONE, Api
from .auth_keys import AuthKey, KeyRequest
from .devices import Device

# A name that is taken gets a suffix, and is cut before so that there is room for it (`generateGivenName`).
SUFFIX = "-[a-z0-9]{8}"
CUT_AT = 53
# Its ids are numbers of 64 bits, which are strings in JSON.
IDENT, WHEN, NAMES = (str, int), (str, None), ([str], None)
USER = {"id": IDENT, "name": str}
KEY = {
    "id": IDENT,
    "key": str,
    **dict.fromkeys(("createdAt", "expiration"), WHEN),
    **dict.fromkeys(("used", "reusable", "ephemeral"), bool),
    "aclTags": NAMES,
}
NODE = {
    "id": IDENT,
    **dict.fromkeys(("name", "givenName"), str),
    **dict.fromkeys(("ipAddresses", "validTags"), NAMES),
    "user": (USER, None),
    "preAuthKey": (KEY, None),
    "online": bool,
    **dict.fromkeys(("createdAt", "lastSeen", "expiry"), WHEN),
}


class Headscale:
    """One headscale. Keys are those of one user; without a user devices are everybody's."""

    def __init__(self, api: Api, user: str | None, secrets: set[str]) -> None:
        self._api = api
        self.origin = f"{api.address} {user or ''}".rstrip()
        self._user = user
        self._secrets = secrets

    def check(self, wanted: KeyRequest) -> None:
        if not wanted.preauthorized:
            raise InvalidInput("preauthorized is false, but headscale approves no devices: with every key a node is in at once.")
        self._named()

    def keys(self) -> list[AuthKey]:
        listed, now = self._listed(self._owner()[0])
        return [_key(one, now) for one in listed]

    def key(self, key_id: str) -> AuthKey | None:
        return next((key for key in self.keys() if key.id == key_id), None)

    def make(self, wanted: KeyRequest) -> tuple[AuthKey, str]:
        user, now = self._owner()
        body = {
            "user": user,
            "reusable": wanted.reusable,
            "ephemeral": wanted.ephemeral,
            "aclTags": list(wanted.tags),
            "expiration": shown(now + wanted.expiry),
        }
        answer = self._api.post("/api/v1/preauthkey", body, "make an auth key", "", {"preAuthKey": KEY})
        made = answer.data["preAuthKey"]
        return _key(made, answer.now), made["key"]

    def revoke(self, key: AuthKey) -> None:
        user, _now = self._owner()
        text = next((one["key"] for one in self._listed(user)[0] if str(one["id"]) == key.id), None)
        if not text:
            raise Refused(f"Could not revoke the auth key {key.id}: headscale needs its text for that, and no longer shows it.")
        # headscale needs the key itself. No result contains it, so it may be removed from all output.
        self._secrets.add(text)
        body = {"user": user, "key": text}
        self._api.post("/api/v1/preauthkey/expire", body, f"revoke the auth key {key.id}", "", DONE, again=True)

    def devices(self) -> list[Device]:
        answer = self._api.get("/api/v1/node", "list the devices", "", {"nodes": ([NODE], None)})
        mine = [one for one in answer.data["nodes"] or [] if self._user is None or self._is_owner(one.get("user") or {})]
        return [_device(one, answer.now) for one in mine]

    def remove(self, device: Device) -> None:
        self._api.delete(f"/api/v1/node/{urllib.parse.quote(device.node_id, safe='')}", f"remove the device {device.name}", "")

    def given(self, hostname: str) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(hostname)}|{re.escape(hostname[:CUT_AT])}{SUFFIX}")

    def _listed(self, user: str) -> tuple[list[Json], float]:
        answer = self._api.get("/api/v1/preauthkey", "list the auth keys", "", {"preAuthKeys": ([KEY], None)}, user=user)
        return answer.data["preAuthKeys"] or [], answer.now

    def _named(self) -> str:
        if not self._user:
            raise InvalidInput("user is missing: every key of headscale belongs to a user.")
        return self._user

    def _owner(self) -> tuple[str, float]:
        """Return the id of the user, and headscale's time."""
        wanted = self._named()
        answer = self._api.get("/api/v1/user", "list the users", "", {"users": ([USER], None)})
        users = answer.data["users"] or []
        found = [user for user in users if user["name"] == wanted] or [user for user in users if str(user["id"]) == wanted]
        if not found:
            known = ", ".join(sorted(user["name"] for user in users)) or "nobody"
            raise Refused(f"headscale has no user {wanted}; it knows {known}. Correct user, or make it: headscale users create {wanted}.")
        return str(found[0]["id"]), answer.now

    def _is_owner(self, user: Json) -> bool:
        return self._user in (user.get("name"), str(user.get("id")))


def _key(found: Json, now: float) -> AuthKey:
    return AuthKey(
        id=str(found["id"]),
        # Keys have none there.
        description="",
        created=moment(found.get("createdAt")),
        expires=moment(found.get("expiration")),
        # To revoke a key is to let it expire.
        revoked=False,
        used=bool(found.get("used")),
        reusable=bool(found.get("reusable")),
        ephemeral=bool(found.get("ephemeral")),
        preauthorized=True,
        tags=tuple(found.get("aclTags") or ()),
        now=now,
    )


def _device(found: Json, now: float) -> Device:
    return Device(
        id=str(found["id"]),
        node_id=str(found["id"]),
        # headscale does not report the domain of its names.
        name=found["givenName"],
        hostname=found["name"],
        given_name=found["givenName"],
        addresses=tuple(found.get("ipAddresses") or ()),
        tags=tuple(found.get("validTags") or ()),
        ephemeral=bool((found.get("preAuthKey") or {}).get("ephemeral")),
        online=bool(found.get("online", True)),
        authorized=True,
        created=moment(found.get("createdAt")),
        last_seen=moment(found.get("lastSeen")),
        expires=moment(found.get("expiry")),
        now=now,
    )
