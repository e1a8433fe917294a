# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP opener per kind of connection: reloading the CA bundle for every request would cost more than the request."""

from __future__ import annotations

import functools
import http.client
import ssl
import typing as t
import urllib.request
from dataclasses import dataclass

from ansible.module_utils.urls import make_context

from ._errors import InvalidInput


@dataclass(frozen=True)
class Tls:
    """How to know the server, and how to be known."""

    ca_cert: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None
    skip_verify: bool = False


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Never follow: a redirect would carry the token to another server."""

    def redirect_request(self, *_args: t.Any, **_more: t.Any) -> None:
        return None


class _NamedHTTPSConnection(http.client.HTTPSConnection):
    """Ask for, and verify, a name that is not the one in the address."""

    def __init__(self, *args: t.Any, server_name: str, tls: ssl.SSLContext, **more: t.Any) -> None:
        super().__init__(*args, context=tls, **more)
        self._server_name = server_name
        self._tls = tls

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name)


class _NamedHTTPSHandler(urllib.request.HTTPSHandler):
    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        super().__init__(context=context)
        self._connection = functools.partial(_NamedHTTPSConnection, server_name=server_name, tls=context)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


def opener(tls: Tls | None) -> urllib.request.OpenerDirector:
    """Return the opener for these TLS settings (None: plain HTTP) and the proxies of the environment."""
    return _opener(tls, tuple(sorted(urllib.request.getproxies().items())))


@functools.lru_cache(maxsize=16)
def _opener(tls: Tls | None, proxies: tuple[tuple[str, str], ...]) -> urllib.request.OpenerDirector:
    # A bare context costs nothing; without one, build_opener() loads the CA bundle even for plain HTTP.
    context = _context(tls) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    named = tls is not None and tls.server_name
    https = _NamedHTTPSHandler(context, named) if named else urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(https, urllib.request.ProxyHandler(dict(proxies)), _StayHere())


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context: ssl.SSLContext = make_context(
            cafile=tls.ca_cert,
            capath=tls.ca_path,
            validate_certs=not tls.skip_verify,
            client_cert=tls.client_cert,
            client_key=tls.client_key,
        )
        if tls.ca_path:
            context.load_verify_locations(capath=tls.ca_path)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(f"{name}={value}" for name, value in vars(tls).items() if value and name.startswith(("ca_", "client_")))
        raise InvalidInput(f"Could not load the certificates ({files}): {error}") from error
    return context
