# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control plane can do, and the one that the options of `control` name."""

from __future__ import annotations

import os
import re
import typing as t

from .._address import parse_address
from .._errors import InvalidInput
from .._http import Advice, Tls
from .._json import Json
from .api import Api
from .auth_keys import AuthKey, KeyRequest
from .devices import Device
from .headscale import Headscale
from .tailscale import Tailscale

HOSTED = "https://api.tailscale.com"
TRUST = "Name its authority in control_ca_cert."
NO_TLS = "Does the server speak HTTPS there?"


class ControlPlane(t.Protocol):
    """The operations of a control plane. No request is sent before the first call of a method other than `check`.

    `origin` names it, and whose keys it is asked for: the ids of keys of another origin mean nothing here.
    """

    origin: str

    def check(self, wanted: KeyRequest) -> None:
        """Raise InvalidInput when such a key cannot be made here."""

    def keys(self) -> list[AuthKey]:
        """Return the auth keys that it lists."""

    def key(self, key_id: str) -> AuthKey | None:
        """Return one auth key; None where there is none."""

    def make(self, wanted: KeyRequest) -> tuple[AuthKey, str]:
        """Make an auth key; return it and its text, which nobody gets again."""

    def revoke(self, key: AuthKey) -> None:
        """Let no further node log in with the key."""

    def devices(self) -> list[Device]:
        """Return the devices."""

    def remove(self, device: Device) -> None:
        """Make the tailnet forget a device."""

    def given(self, hostname: str) -> re.Pattern[str]:
        """Return the pattern of the names that a node gets which asks for `hostname`: that one, or with a suffix."""


def control_plane_of(params: Json, secrets: set[str]) -> ControlPlane:
    """Return the control plane; an empty string counts as not given. Secrets from the environment are added to `secrets`."""
    return _headscale(params, secrets) if params["control"] == "headscale" else _tailscale(params, secrets)


def _tailscale(params: Json, secrets: set[str]) -> ControlPlane:
    key = _credential(params, "TAILSCALE_API_KEY", secrets)
    oauth = ((params["oauth_client_id"] or "").strip(), (params["oauth_client_secret"] or "").strip())
    secrets.update(filter(None, oauth[1:]))
    if key and all(oauth):
        raise InvalidInput("api_key (TAILSCALE_API_KEY) and an OAuth client are both given, and may differ in what they may do. Keep one.")
    if not key and not all(oauth):
        raise InvalidInput(
            "no credential: give oauth_client_id and oauth_client_secret (TAILSCALE_OAUTH_CLIENT_ID, TAILSCALE_OAUTH_CLIENT_SECRET), "
            "or api_key (TAILSCALE_API_KEY)."
        )
    access = (
        "It takes an API access token that has not expired, of somebody who may do this. Check api_key (TAILSCALE_API_KEY)."
        if key
        else "The OAuth client needs the scope {needs}, and the tags of its keys."
    )
    address = _address(params, "TAILSCALE_BASE_URL") or HOSTED
    api = Api(
        name="Tailscale",
        address=address,
        tls=_tls(params, address),
        advice=Advice(TRUST, NO_TLS, "Check control_url (TAILSCALE_BASE_URL)."),
        access=access,
        lost="Check tailnet (TAILSCALE_TAILNET) and control_url (TAILSCALE_BASE_URL).",
        token=key,
    )
    return Tailscale(api, params["tailnet"] or "-", None if key else oauth, secrets)


def _headscale(params: Json, secrets: set[str]) -> ControlPlane:
    key = _credential(params, "HEADSCALE_CLI_API_KEY", secrets)
    address = _address(params, "HEADSCALE_CLI_ADDRESS")
    if not address or not key:
        missing = "control_url (HEADSCALE_CLI_ADDRESS)" if not address else "api_key (HEADSCALE_CLI_API_KEY)"
        raise InvalidInput(f"{missing} is missing: headscale is reached by its address, with an API key (headscale apikeys create).")
    where = "Check control_url (HEADSCALE_CLI_ADDRESS): it is the address that nodes log in to, not the port of gRPC."
    api = Api(
        name="headscale",
        address=address,
        tls=_tls(params, address),
        advice=Advice(TRUST, NO_TLS, where),
        access="Check api_key (HEADSCALE_CLI_API_KEY); headscale apikeys create makes one.",
        lost=where,
        token=key,
    )
    return Headscale(api, params["user"] or None, secrets)


def _credential(params: Json, variable: str, secrets: set[str]) -> str | None:
    """Return api_key, else the environment variable of this control plane."""
    key = _given(params["api_key"], variable)
    if key:
        secrets.add(key)
    return key


def _address(params: Json, variable: str) -> str | None:
    given = _given(params["control_url"], variable)
    if not given:
        return None
    address = parse_address(f"control_url ({variable})", given, scheme="https")
    if address.user:
        raise InvalidInput(f"control_url ({variable}) contains a user or a password, which is not sent. Use api_key, or an OAuth client.")
    return address.shown


def _given(value: str | None, variable: str) -> str | None:
    return ((os.environ.get(variable) if value is None else value) or "").strip() or None


def _tls(params: Json, address: str) -> Tls | None:
    if not address.startswith("https:"):
        return None
    return Tls(ca_cert=params["control_ca_cert"] or None, skip_verify=bool(params["control_skip_verify"]))
