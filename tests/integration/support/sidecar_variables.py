# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Nomad Variables that sidecars read."""

from __future__ import annotations

from tests.integration.support import leavings, play
from tests.lab.site import Site


def stored(site: Site, item: str, job: str) -> str:
    """An item of the variable of a job's sidecar; an auth key is one of the secrets that the scan at the end looks for."""
    value = play.nomad(site, "var", "get", f"-item={item}", f"nomad/jobs/{job}/{job}/tailscale").strip()
    if item == "auth_key":
        leavings.seek(value)
    return value
