# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device of a tailnet as each control plane describes it."""

from __future__ import annotations

from dataclasses import dataclass

from .._durations import shown
from .._json import Json


@dataclass(frozen=True)
class Device:
    """A node as a control plane describes it. Times in seconds since 1970; `now` by the control plane's clock."""

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
