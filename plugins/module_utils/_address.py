# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a server as a user gives it: parsed once, and never shown with the password that it may contain."""

from __future__ import annotations

import re
import typing as t
import urllib.parse
from dataclasses import dataclass

from ._errors import InvalidInput

ADDRESS_OPTIONS = ("address", "control_url")
# What is asked over a socket: the host of the `nomad` command.
SOCKET_URL = "http://127.0.0.1"
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """`shown` is the address without its user, `user` is `user:password`, `socket` is the path of a socket."""

    shown: str
    user: str | None = None
    socket: str | None = None


def parse_address(option: str, text: str, scheme: str = "http", schemes: t.Collection[str] = ("http", "https")) -> Address:
    """Return the address that an option holds, with `scheme` where it has none; raise InvalidInput, without the password."""
    found = SCHEME.match(text)
    # `localhost:4646` has no scheme.
    text = text if found else f"{scheme}://{text}"
    try:
        parts = urllib.parse.urlsplit(text.rstrip("/"))
        host, _port = parts.hostname, parts.port
    except ValueError:
        # The exception repeats the address.
        raise InvalidInput(f"{option} is not an address: a host, and behind a colon its port.") from None
    if parts.scheme not in schemes:
        raise InvalidInput(f"{option}: an address begins with {', '.join(f'{one}://' for one in sorted(schemes))}, not {parts.scheme}://.")
    if parts.query or parts.fragment:
        raise InvalidInput(f"{option} has a part behind ? or #, which an address cannot have.")
    if parts.scheme == "unix":
        if host or not parts.path.startswith("/"):
            raise InvalidInput(f"{option}: unix:// is followed by the whole path of a socket, as in unix:///run/nomad/api.sock.")
        return Address(f"unix://{parts.path}", socket=parts.path)
    if not host:
        raise InvalidInput(f"{option} has no host.")
    place = parts.netloc.rpartition("@")[2]
    shown = urllib.parse.urlunsplit((parts.scheme, place, parts.path, "", ""))
    user = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}" if parts.username is not None else None
    return Address(shown, user)


def address_secrets(params: t.Mapping[str, t.Any]) -> set[str]:
    """Return the passwords in the addresses among a module's options, as they are written and as they are sent."""
    found = set()
    for option in ADDRESS_OPTIONS:
        # All that is before the last @, as the password may contain what should have been encoded.
        userinfo = SCHEME.sub("", str(params.get(option) or "").strip()).rpartition("@")[0]
        user, colon, password = userinfo.partition(":")
        secret = password if colon else user
        found |= {secret, urllib.parse.unquote(secret)}
    return found - {""}
