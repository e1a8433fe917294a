# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and devices of a tailnet, whichever control plane keeps them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._durations import shown
from .._errors import InvalidInput

Json = dict[str, t.Any]
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAG = re.compile(r"tag:[a-zA-Z][a-zA-Z0-9-]*")


@dataclass(frozen=True)
class Wanted:
    """An auth key as it is to be made; `expiry` in seconds."""

    reusable: bool
    ephemeral: bool
    preauthorized: bool
    tags: tuple[str, ...]
    expiry: int
    description: str


@dataclass(frozen=True)
class Key:
    """What a control plane says of an auth key, without its text. Times in seconds since 1970; `now` by the control plane's clock."""

    id: str
    description: str
    created: float | None
    expires: float | None
    revoked: bool
    used: bool
    reusable: bool
    ephemeral: bool
    preauthorized: bool
    tags: tuple[str, ...]
    now: float

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= self.now

    @property
    def spent(self) -> str | None:
        """Why no node can log in with it any more; None while one can."""
        if self.revoked:
            return "revoked"
        if self.expired:
            return "expired"
        return "used" if self.used and not self.reusable else None

    def shown(self) -> Json:
        """Return it as results show it."""
        return {
            "id": self.id,
            "description": self.description,
            "created": shown(self.created),
            "expires": shown(self.expires),
            "expired": self.expired,
            "revoked": self.revoked,
            "used": self.used,
            "reusable": self.reusable,
            "ephemeral": self.ephemeral,
            "preauthorized": self.preauthorized,
            "tags": sorted(self.tags),
        }


@dataclass(frozen=True)
class Device:
    """What a control plane says of a node. Times in seconds since 1970; `now` by the control plane's clock."""

    id: str
    node_id: str
    name: str
    hostname: str
    given_name: str
    addresses: tuple[str, ...]
    tags: tuple[str, ...]
    ephemeral: bool
    online: bool
    authorized: bool
    created: float | None
    last_seen: float | None
    expires: float | None
    now: float

    @property
    def offline_for(self) -> float | None:
        """For how many seconds it has not been seen; None when nobody knows."""
        # A node that never connected has only been made.
        since = self.last_seen or self.created
        return None if since is None else self.now - since

    def shown(self) -> Json:
        """Return it as results show it."""
        return {
            "id": self.id,
            "node_id": self.node_id,
            "name": self.name,
            "hostname": self.hostname,
            "given_name": self.given_name,
            "addresses": list(self.addresses),
            "tags": sorted(self.tags),
            "ephemeral": self.ephemeral,
            "online": self.online,
            "authorized": self.authorized,
            "created": shown(self.created),
            "last_seen": shown(self.last_seen),
            "expires": shown(self.expires),
        }


class Control(t.Protocol):
    """What a control plane can do for us. Nothing is sent before the first of these but `check` is called.

    `origin` names it, and whose keys it is asked for: the ids of keys of another origin mean nothing here.
    """

    origin: str

    def check(self, wanted: Wanted) -> None:
        """Raise InvalidInput when such a key cannot be made here."""

    def keys(self) -> list[Key]:
        """Return the auth keys that it lists."""

    def key(self, key_id: str) -> Key | None:
        """Return one auth key; None where there is none."""

    def make(self, wanted: Wanted) -> tuple[Key, str]:
        """Make an auth key; return it and its text, which nobody gets again."""

    def revoke(self, key: Key) -> None:
        """Let no further node log in with the key."""

    def devices(self) -> list[Device]:
        """Return the devices."""

    def remove(self, device: Device) -> None:
        """Make the tailnet forget a device."""

    def given(self, hostname: str) -> re.Pattern[str]:
        """Return the pattern of the names that a node gets which asks for `hostname`: that one, or with a suffix."""


def checked_hostname(text: str) -> str:
    """Return the name as tailnets keep it, or raise InvalidInput."""
    name = text.lower()
    if not LABEL.fullmatch(name):
        raise InvalidInput(f"hostname {text!r} is not a name: 1 to 63 letters, digits and hyphens, without a domain.")
    return name


def checked_tags(tags: list[str]) -> tuple[str, ...]:
    """Return the tags, each once, or raise InvalidInput."""
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise InvalidInput(f"tags: {tag!r} is not a tag: tag: and then a letter, and letters, digits and hyphens.")
    return tuple(sorted(set(tags)))
