# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auth keys of a tailnet, whichever control plane issues them."""

from __future__ import annotations

from dataclasses import dataclass

from .._durations import shown
from .._json import Json


@dataclass(frozen=True)
class KeyRequest:
    """An auth key as it is to be made; `expiry` in seconds."""

    reusable: bool
    ephemeral: bool
    preauthorized: bool
    tags: tuple[str, ...]
    expiry: int
    description: str


@dataclass(frozen=True)
class AuthKey:
    """An auth key as a control plane describes it, without its text. Times in seconds since 1970; `now` by the control plane's clock."""

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
        """Why no node can log in with it; None while it is usable."""
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
