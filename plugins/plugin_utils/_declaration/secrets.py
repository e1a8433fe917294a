# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the declaration of a secret: a text, or a mapping with one source."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from pathlib import Path

from .files import why_unreadable

SOURCES = ("env", "file", "vault")
# Credentials of Tailscale that new users take for an auth key, by what they begin with.
NO_AUTH_KEYS = {"tskey-api-": "an API access token", "tskey-client-": "the secret of an OAuth client"}
READ_BY_NOMAD = ("engine_version", "key", "path")


def secret_problems(secret: t.Any) -> t.Iterator[str]:
    """Yield what is wrong with it, as the end of a sentence about it; never its value."""
    if isinstance(secret, (str, int, float)) and not isinstance(secret, bool):
        return
    if not isinstance(secret, Mapping) or len(secret) != 1 or set(secret).isdisjoint(SOURCES):
        yield f"must be a text, or a mapping with one of {', '.join(SOURCES)}"
        return
    ((source, where),) = secret.items()
    if source == "vault":
        yield from _vault_problems("vault", where)
    elif not where or not isinstance(where, str):
        yield f"{source} must be the {'name of a variable' if source == 'env' else 'path of a file'}"
    elif source == "env" and not os.environ.get(where):
        yield f"is to be in the environment variable {where} of the controller, which is not set or empty: set it"
    elif source == "file" and (why := why_unreadable(where) or _why_empty(where)):
        yield f"is to be in the file '{where}', which {why}"


def _why_empty(path: str) -> str | None:
    return None if Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n") else "is empty"


def _vault_problems(name: str, where: t.Any) -> t.Iterator[str]:
    if not isinstance(where, Mapping):
        yield f"{name} must be a mapping with path and key"
        return
    if missing := [part for part in ("path", "key") if not where.get(part)]:
        yield f"{name} needs its {missing[0]}"
    version = str(where.get("engine_version", 2))
    if version not in ("1", "2"):
        yield f"{name}.engine_version must be 1 or 2"
    if version == "1" and "version" in where:
        yield f"{name}.version is for engines of kind 2: the other keeps one version only"


def _nomad_problems(name: str, where: t.Any, known: t.Sequence[str]) -> t.Iterator[str]:
    yield from _vault_problems(name, where)
    if isinstance(where, Mapping) and (unknown := sorted(set(where) - set(known))):
        yield f"{name} does not know {unknown[0]}, only {', '.join(known)}: Nomad reads Vault's API by its path"


def login_problems(inputs: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Yield what is wrong with how the node logs in: with a key, one that Nomad reads from Vault, or an identity."""
    vault, identity = inputs["vault"], inputs["workload_identity"]
    wanted = vault.get("secrets") or {}
    if not isinstance(wanted, Mapping):
        yield "vault.secrets must be a mapping of variables to path and key"
        wanted = {}
    if vault.get("auth_key") is not None:
        yield from _nomad_problems("vault.auth_key", vault["auth_key"], (*READ_BY_NOMAD, "role"))
    for name, where in wanted.items():
        yield from _nomad_problems(f"vault.secrets.{name}", where, READ_BY_NOMAD)
    if identity and not (identity.get("client_id") and identity.get("audience")):
        yield "workload_identity needs client_id and audience"
    if identity and not inputs["tags"]:
        yield "workload_identity needs tags: a tailnet gives a federated identity tagged nodes only"
    minted = inputs["minted_key"]
    if minted:
        yield from _minting_problems(minted, inputs["tags"])
    ways = {"minted_key": minted, "vault.auth_key": vault.get("auth_key"), "workload_identity": identity}
    given = [name for name, way in ways.items() if way]
    if len(given) > 1:
        yield f"{given[0]} and {given[1]} exclude each other: a node logs in by one of them"
    if inputs["state"] != "present" or given:
        return
    yield from _auth_key_problems(inputs["auth_key"])


def _auth_key_problems(key: t.Any) -> t.Iterator[str]:
    text = key.strip() if isinstance(key, str) else key
    if text is None or text == "":
        yield "auth_key is required: a reusable, ephemeral auth key of your tailnet"
    elif isinstance(text, str) and text.startswith("{"):
        yield "auth_key is a text that looks like a mapping: give what names a source as one, for example with -e in JSON"
    elif isinstance(text, str) and (kind := next((kind for prefix, kind in NO_AUTH_KEYS.items() if text.startswith(prefix)), None)):
        yield f"auth_key is {kind}, which lets no node in: make an auth key (tskey-auth-…), or give this one in minted_key"
    else:
        yield from (f"auth_key {sentence}" for sentence in secret_problems(text))


def _minting_problems(minted: Mapping[str, t.Any], tags: t.Sequence[str]) -> t.Iterator[str]:
    needed = ("control_url", "user") if minted.get("control") == "headscale" else ()
    if missing := [name for name in needed if not minted.get(name)]:
        yield f"minted_key needs {missing[0]} for headscale"
    if not tags:
        yield "minted_key needs tags: without them the nodes would be those of a person"
