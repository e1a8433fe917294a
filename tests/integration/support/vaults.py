# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory's Vault as its operator sees it: secrets, tokens, seals, and Nomad as a source of identities."""

from __future__ import annotations

import contextlib
import re
import typing as t

from tests.lab import api, certificates, vault
from tests.lab.command import wait_until
from tests.lab.errors import LabError
from tests.lab.topology import LOGS, NOMAD_PORT, SITE_IP

NOMAD_MOUNT = "jwt-nomad"


def ask(path: str, body: object = None, method: str | None = None) -> t.Any:
    """What Vault's API answers the root token."""
    token = {"X-Vault-Token": vault.TOKEN_FILE.read_text()}
    return api.call(f"{vault.ADDRESS}/v1/{path}", method=method, body=body, headers=token)


def put(mount: str, path: str, values: dict[str, str | bool], kind: int = 2) -> None:
    ask(f"{mount}/data/{path}", {"data": values}) if kind == 2 else ask(f"{mount}/{path}", values)


def token(policy: str, ttl: str = "1h") -> str:
    """A token with one policy."""
    return str(ask("auth/token/create", {"policies": [policy], "ttl": ttl, "no_default_policy": True})["auth"]["client_token"])


def ended_token(policy: str) -> str:
    """A token whose time is over, and Vault knows it."""
    ended = token(policy, ttl="1s")

    def unknown() -> bool:
        try:
            ask("auth/token/lookup", {"token": ended})
        except LabError:
            return True
        return False

    wait_until(unknown, "the token to end")
    return ended


def policy(name: str, *paths: str) -> str:
    """A policy that lets read these paths; its name."""
    rules = "\n".join(f'path "{path}" {{ capabilities = ["read"] }}' for path in paths)
    ask(f"sys/policies/acl/{name}", {"policy": rules}, "PUT")
    return name


def trust_nomad(role: str, policy_name: str, job: str) -> None:
    """Whoever shows an identity of this job's tasks, signed by the laboratory's Nomad, gets a token with this policy."""
    if f"{NOMAD_MOUNT}/" not in ask("sys/auth")["data"]:
        ask(f"sys/auth/{NOMAD_MOUNT}", {"type": "jwt"})
    keys = {"jwks_url": f"https://{SITE_IP}:{NOMAD_PORT}/.well-known/jwks.json", "jwks_ca_pem": certificates.CA.read_text()}
    ask(f"auth/{NOMAD_MOUNT}/config", {**keys, "default_role": role})
    claims = {"bound_audiences": ["vault.io"], "bound_claims": {"nomad_job_id": job}, "user_claim": "/nomad_job_id"}
    kind = {"role_type": "jwt", "user_claim_json_pointer": True, "token_type": "service", "token_period": "30m"}
    ask(f"auth/{NOMAD_MOUNT}/role/{role}", {**claims, **kind, "token_policies": [policy_name]})


@contextlib.contextmanager
def sealed() -> t.Iterator[None]:
    """In development mode the key that unseals stands in the log."""
    keys = re.findall(r"Unseal Key: (\S+)", (LOGS / "vault.log").read_text())
    ask("sys/seal", {}, "PUT")
    try:
        yield
    finally:
        ask("sys/unseal", {"key": keys[-1]}, "PUT")
