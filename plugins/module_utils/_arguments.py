# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications that modules share; the documentation fragments of the same names describe them."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.errors import AnsibleFallbackNotFound

ArgumentSpec = dict[str, dict[str, t.Any]]
DEFAULT_ADDRESS = "http://127.0.0.1:4646"


def from_environment(name: str) -> str:
    """Return an environment variable; an empty one counts as unset, as for the `nomad` command."""
    value = os.environ.get(name)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def connection() -> ArgumentSpec:
    """Return the options of the connection to Nomad; see the fragment `connection`."""

    def option(variable: str, **more: t.Any) -> dict[str, t.Any]:
        return {"type": "str", "fallback": (from_environment, [variable]), **more}

    return {
        "address": option("NOMAD_ADDR", default=DEFAULT_ADDRESS),
        "token": option("NOMAD_TOKEN", no_log=True),
        "namespace": option("NOMAD_NAMESPACE"),
        "region": option("NOMAD_REGION"),
        "ca_cert": option("NOMAD_CACERT", type="path"),
        "ca_path": option("NOMAD_CAPATH", type="path"),
        "client_cert": option("NOMAD_CLIENT_CERT", type="path"),
        "client_key": option("NOMAD_CLIENT_KEY", type="path", no_log=False),
        "tls_server_name": option("NOMAD_TLS_SERVER_NAME"),
        "skip_verify": option("NOMAD_SKIP_VERIFY", type="bool", default=False),
        "http_auth": option("NOMAD_HTTP_AUTH", no_log=True),
    }


def waiting() -> ArgumentSpec:
    """Return the options of waiting; see the fragment `waiting`."""
    return {"timeout": {"type": "int", "default": 300}}


def control() -> ArgumentSpec:
    """Return the options of the connection to a tailnet's control plane; see the fragment `control`.

    The environment variables of `control_url` and `api_key` depend on `control`, so their values are read later.
    """
    return {
        "control": {"type": "str", "choices": ["tailscale", "headscale"], "default": "tailscale"},
        "control_url": {"type": "str"},
        "api_key": {"type": "str", "no_log": True},
        "oauth_client_id": {"type": "str", "fallback": (from_environment, ["TAILSCALE_OAUTH_CLIENT_ID"])},
        "oauth_client_secret": {"type": "str", "fallback": (from_environment, ["TAILSCALE_OAUTH_CLIENT_SECRET"]), "no_log": True},
        "tailnet": {"type": "str", "fallback": (from_environment, ["TAILSCALE_TAILNET"]), "default": "-"},
        "user": {"type": "str"},
        "control_ca_cert": {"type": "path"},
        "control_skip_verify": {"type": "bool", "default": False},
    }
