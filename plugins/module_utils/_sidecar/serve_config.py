# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The placeholders of a Serve configuration, and the configuration as tailscale stores it."""

from __future__ import annotations

import typing as t

from .._json import Json
from .evidence import dns_name

# The sidecar replaces these in the Serve configuration that it is given.
DOMAIN = "${TS_CERT_DOMAIN}"
TAILNET = "${SIDECAR_TAILNET}"
APP_PORT = "${SIDECAR_APP_PORT}"


def placeholders_of(evidence: Json) -> dict[str, str]:
    """Return the value that the sidecar puts for each placeholder."""
    name = dns_name(evidence)
    return {DOMAIN: name, TAILNET: name.partition(".")[2], APP_PORT: str(evidence.get("app_port") or "")}


def stored_form(value: t.Any, names: dict[str, str]) -> t.Any:
    """Return a Serve configuration as tailscale stores it: placeholders replaced; false, null and empty parts left out."""
    if isinstance(value, dict):
        parts = {stored_form(key, names): stored_form(part, names) for key, part in value.items() if key != "ETag"}
        return {key: part for key, part in parts.items() if part not in (None, False, "", {}, [])}
    if isinstance(value, list):
        return [stored_form(part, names) for part in value]
    if isinstance(value, str):
        for placeholder, name in names.items():
            value = value.replace(placeholder, name)
    return value
