# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value of HashiCorp Vault, read by community.hashi_vault, and a sentence for each way in which that fails."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.loader import lookup_loader

Where = t.Mapping[str, t.Any]
COLLECTION = "community.hashi_vault"
OWN = ("path", "key", "engine_version")


def read_vault_key(where: Where, variables: t.Any, loader: t.Any, templar: t.Any) -> str:
    """Return the value of one key of a secret in a kv engine."""
    version = int(where.get("engine_version", 2))
    options = {name: value for name, value in where.items() if name not in OWN}
    what = f"read the key {where['key']} of {where['path']} from Vault"

    def ask(lookup: str, term: str, **more: t.Any) -> t.Any:
        plugin = lookup_loader.get(f"{COLLECTION}.{lookup}", loader=loader, templar=templar)
        if plugin is None:
            raise AnsibleLookupError(
                f"Could not {what}: that takes the collection {COLLECTION}, and the Python package hvac for it, on the controller. "
                f"Install them: ansible-galaxy collection install {COLLECTION}; pip install hvac."
            )
        (found,) = plugin.run([term], variables=variables, **more)
        return found

    try:
        secret = ask(f"vault_kv{version}_get", where["path"], **options)["secret"]
    except AnsibleLookupError:
        raise
    except _failures() as error:
        raise AnsibleLookupError(f"Could not {what}: {_why(error, where, version, ask, options)}") from None
    if where["key"] not in secret:
        raise AnsibleLookupError(f"Could not {what}: it has no such key, only {', '.join(sorted(secret)) or 'none'}.")
    if secret[where["key"]] in (None, ""):
        raise AnsibleLookupError(f"Could not {what}: its value is empty.")
    return str(secret[where["key"]])


def _why(error: Exception, where: Where, version: int, ask: t.Callable[..., t.Any], options: dict[str, t.Any]) -> str:
    causes = list(_causes(error))
    kinds = {base.__name__ for cause in causes for base in type(cause).__mro__}
    said = " ".join(str(causes[-1]).split())
    if "VaultDown" in kinds or "sealed" in said:
        return f"it is sealed, or not able to answer ({said}). Unseal it."
    if "Timeout" in kinds or "timed out" in said:
        return f"it does not answer in time ({said}). The options timeout and retries say how long it is waited for."
    if "ConnectionError" in kinds:
        return f"it cannot be reached ({said}). Correct url (VAULT_ADDR), or start it."
    if "invalid token" in said or "bad token" in said:
        return f"it does not know the token, or the token has expired ({said}). Log in anew."
    denied = bool(kinds & {"Forbidden", "Unauthorized"})
    if not denied and "InvalidPath" not in kinds:
        return said
    mount = str(options.get("engine_mount_point", "secret" if version == 2 else "kv"))
    kind = _kind(mount, version, ask, options)
    if kind != version:
        return f"the engine {mount} is of kind {kind}, not {version}. Correct engine_version."
    if denied:
        return f"the token may not read it, or has expired ({said}). It takes the capability read."
    if "version" in options:
        return f"there is no version {options['version']} of it in the engine {mount}."
    return f"there is no such secret in the engine {mount}."


def _kind(mount: str, version: int, ask: t.Callable[..., t.Any], options: dict[str, t.Any]) -> int:
    """Read the version of the engine, which every token may: the error for a wrong version is that for a missing or forbidden path."""
    connection = {name: value for name, value in options.items() if name not in ("engine_mount_point", "version")}
    try:
        return int((ask("vault_read", f"sys/internal/ui/mounts/{mount}", **connection)["data"].get("options") or {}).get("version", 1))
    except _failures():  # no answer is no help, and no other error
        return version


def _failures() -> tuple[type[Exception], ...]:
    """hashi_vault passes on the exceptions of hvac and of requests; the latter are all OSErrors."""
    try:
        from hvac.exceptions import VaultError
    except ImportError:
        return (AnsibleError, OSError)
    return (AnsibleError, OSError, VaultError)


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
