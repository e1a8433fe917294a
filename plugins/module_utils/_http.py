# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP opener per kind of connection, and one connection for many requests.

Loading the CA bundle and a TLS handshake for every request would cost more than the request.
"""

from __future__ import annotations

import contextlib
import email.message
import email.utils
import functools
import http.client
import io
import os
import select
import socket
import ssl
import time
import typing as t
import urllib.error
import urllib.request
import urllib.response
from dataclasses import dataclass

from ansible.module_utils.urls import make_context

from ._errors import CutOff, InvalidInput, NomadError, Unreachable, UntrustedConnection

# After a longer silence the other side may be about to hang up.
KEPT_SECONDS = 10
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# SSLEOFError: a proxy accepts the connection to a server that has ended, and closes it before the TLS handshake.
CUT_OFF = (ConnectionResetError, BrokenPipeError, http.client.IncompleteRead, ssl.SSLEOFError)
Connect = t.Callable[..., http.client.HTTPConnection]
REQUEST_SECONDS = 30
PAUSES = (0.3, 1.0, 2.5)
# A server that asks for a longer pause is not waited for outside of a wait.
LONGEST_PAUSE = 30


@dataclass(frozen=True)
class Tls:
    """How to know the server, and how to be known."""

    ca_cert: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None
    skip_verify: bool = False


@dataclass(frozen=True)
class Advice:
    """What to do, a sentence each, about a certificate that is not trusted, no TLS at all, and no answer."""

    untrusted: str
    no_tls: str
    silent: str


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


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the socket of a Nomad agent, as in a task: ${NOMAD_SECRETS_DIR}/api.sock."""

    def __init__(self, *args: t.Any, path: str, **more: t.Any) -> None:
        super().__init__(*args, **more)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Kept:
    """The connections whose last answer was read to its end; each serves the next request to the same place."""

    def __init__(self) -> None:
        self._idle: dict[tuple[int, str, t.Any], tuple[http.client.HTTPConnection, float]] = {}

    def open(self, connect: Connect, request: t.Any) -> urllib.response.addinfourl:
        """Send a request, and read the whole answer; a connection on which that failed is not used again."""
        # A worker never goes on with a connection of the process that it was forked from.
        place = (os.getpid(), request.host, request._tunnel_host)
        connection = self._take(place) or connect(request.host)
        connection.timeout = request.timeout
        if connection.sock:
            connection.sock.settimeout(request.timeout)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(connection.close)
            answer = _ask(connection, request)
            body = io.BytesIO(answer.read())
            on_failure.pop_all()
        if connection.sock:
            self._idle[place] = (connection, time.monotonic())
        whole: t.Any = urllib.response.addinfourl(body, answer.headers, request.full_url, answer.status)
        whole.msg = answer.reason
        return t.cast("urllib.response.addinfourl", whole)

    def _take(self, place: tuple[int, str, t.Any]) -> http.client.HTTPConnection | None:
        connection, used = self._idle.pop(place, (None, 0.0))
        if connection is None:
            return None
        # A connection that is readable before a request was sent is being closed by the server. poll, because select knows no file
        # descriptor above 1023.
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        if time.monotonic() - used > KEPT_SECONDS or poll.poll(0):
            connection.close()
            return None
        return connection


def _ask(connection: http.client.HTTPConnection, request: t.Any) -> http.client.HTTPResponse:
    headers = {name.title(): value for name, value in {**request.headers, **request.unredirected_hdrs}.items()}
    tunnel = request._tunnel_host
    if tunnel:
        for_proxy = {name: headers.pop(name) for name in ("Proxy-Authorization",) if name in headers}
        if not connection.sock:
            connection.set_tunnel(tunnel, headers=for_proxy)
    try:
        connection.request(request.get_method(), request.selector, request.data, headers)
    except OSError as error:
        raise urllib.error.URLError(error) from None
    return connection.getresponse()


class _HTTPHandler(urllib.request.HTTPHandler):
    def __init__(self, kept: _Kept, path: str | None) -> None:
        super().__init__()
        self._kept = kept
        self._connect: Connect = functools.partial(_UnixConnection, path=path) if path else http.client.HTTPConnection

    def http_open(self, req: urllib.request.Request) -> t.Any:
        return self._kept.open(self._connect, req)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def __init__(self, kept: _Kept, context: ssl.SSLContext, server_name: str | None) -> None:
        super().__init__(context=context)
        self._kept = kept
        self._connect: Connect = (
            functools.partial(_NamedHTTPSConnection, server_name=server_name, tls=context)
            if server_name
            else functools.partial(http.client.HTTPSConnection, context=context)
        )

    def https_open(self, req: urllib.request.Request) -> t.Any:
        return self._kept.open(self._connect, req)


def opener(tls: Tls | None, path: str | None = None) -> urllib.request.OpenerDirector:
    """Return the opener for these TLS settings (None: plain HTTP) and the proxies of the environment, or for the socket at `path`."""
    return _opener(tls, path, () if path else tuple(os.environ.get(name) for name in PROXY_VARIABLES))


@functools.lru_cache(maxsize=16)
def _opener(tls: Tls | None, path: str | None, _proxies: tuple[str | None, ...]) -> urllib.request.OpenerDirector:
    # A bare context costs nothing; without one, build_opener() loads the CA bundle even for plain HTTP.
    context = _context(tls) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    kept = _Kept()
    https = _HTTPSHandler(kept, context, tls.server_name if tls else None)
    # A socket is reached without the proxies of the environment.
    straight = [urllib.request.ProxyHandler({})] if path else []
    return urllib.request.build_opener(_HTTPHandler(kept, path), https, _StayHere(), *straight)


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


def with_pause(error: NomadError, headers: email.message.Message) -> NomadError:
    """Return the error of a refused request with the seconds that the server asks to wait (`Retry-After`), where it asks."""
    asked = (headers.get("Retry-After") or "").strip()
    when = moment_of(asked)
    pause = float(asked[:9]) if asked.isdecimal() else None if when is None else max(0.0, when - server_time(headers))
    if pause is not None:
        error.details["retry_after"] = pause
        error.args = (f"{error} The server asks to wait {pause:.0f} s.",)
    return error


def server_time(headers: email.message.Message) -> float:
    """Return the time of the answer by the server's clock, in seconds since 1970; by our own where it does not tell."""
    told = moment_of(headers.get("Date") or "")
    return time.time() if told is None else told


def moment_of(text: str) -> float | None:
    """Return the seconds since 1970 of a date in a header; None for any other text."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def pause_for(error: NomadError, pauses: list[float]) -> float | None:
    """Take the next of the pauses between two requests, or the one that the server asks for; None when the request is given up."""
    asked = error.details.get("retry_after")
    if not pauses or (asked or 0) > LONGEST_PAUSE:
        return None
    return max(pauses.pop(0), asked or 0)


def no_answer(error: Exception, what: str, address: str, advice: Advice) -> NomadError:
    """Return the error for a request that had no answer, or could not even be sent."""
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        # The message of the exception may contain the credential.
        return InvalidInput(f"Could not {what}: in the address or in the credential is something that HTTP cannot carry.")
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"the certificate of {address} is not trusted ({reason.verify_message}). {advice.untrusted}"
        return UntrustedConnection(f"Could not {what}: {why}", address=address)
    if isinstance(reason, ssl.SSLError) and not isinstance(reason, CUT_OFF):
        return UntrustedConnection(f"Could not {what}: no TLS connection to {address} ({reason}). {advice.no_tls}", address=address)
    kind = CutOff if isinstance(reason, CUT_OFF) else Unreachable
    return kind(f"Could not {what}: {address} does not answer ({reason}). {advice.silent}", address=address)
