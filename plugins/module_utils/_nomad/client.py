# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one client of Nomad's HTTP API."""

from __future__ import annotations

import base64
import http.client
import json
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, replace

from .._address import SOCKET_URL, parse_address
from .._arguments import DEFAULT_ADDRESS
from .._errors import CutOff, Denied, InvalidInput, NomadError, Overloaded, Refused, Unreachable, of_status
from .._http import PAUSES, REQUEST_SECONDS, Advice, Tls, no_answer, opener, pause_for, server_time, with_pause
from .._shape import decoded
from .._wait import NO_INDEX, Wait
from .answers import shape_of_answer

TOKEN_PATH = "/v1/acl/token/self"
# The accessor of the token that Nomad reports where ACLs are off.
NO_ACLS = "acls-disabled"
PASSING_STATUS = (429, 502, 503, 504)
# Messages of servers, with the status 500, while a leader is elected or a server stops or starts.
PASSING_WORDS = (
    "No cluster leader",
    "No known servers",
    "leadership lost",
    "not the leader",
    "raft is already shutdown",
    "keyring has not been initialized",
    "rpc error: EOF",
    "failed to get conn",
    "session shutdown",
    "stream closed",
    "connection refused",
    "connection reset",
    "i/o timeout",
)
ADVICE = Advice(
    untrusted="Name its authority in ca_cert (NOMAD_CACERT), or its name in tls_server_name (NOMAD_TLS_SERVER_NAME).",
    no_tls="Does the server speak HTTPS there, and does it want a client certificate (client_cert, client_key)?",
    silent="Check address (NOMAD_ADDR).",
)
AT_DEFAULT = replace(ADVICE, silent="That is Nomad's default address: set address (NOMAD_ADDR) to yours, or start Nomad there.")


@dataclass(frozen=True)
class Answer:
    """The answer of a server: the decoded body, the index for blocking queries, its own clock (epoch seconds), and the next page."""

    data: t.Any
    index: int
    time: float
    next_token: str = ""


@dataclass(frozen=True)
class Client:
    """Talks to one Nomad, in one namespace and region, as one token."""

    address: str
    tls: Tls | None
    token: str | None = None
    namespace: str | None = None
    region: str | None = None
    http_auth: str | None = None
    wait: Wait | None = None
    socket: str | None = None

    @classmethod
    def from_options(cls, params: dict[str, t.Any]) -> Client:
        """Return the client for the options of `connection`.

        An empty string counts as not given; spaces and newlines around a value are removed.
        """
        params = {name: (value.strip() if isinstance(value, str) else value) or None for name, value in params.items()}
        address = parse_address("address", params["address"] or DEFAULT_ADDRESS, schemes=("http", "https", "unix"))
        tls = Tls(
            ca_cert=params["ca_cert"],
            ca_path=params["ca_path"],
            client_cert=params["client_cert"],
            client_key=params["client_key"],
            server_name=params["tls_server_name"],
            skip_verify=bool(params["skip_verify"]),
        )
        return cls(
            address=address.shown,
            tls=tls if address.shown.startswith("https:") else None,
            token=params["token"],
            namespace=params["namespace"],
            region=params["region"],
            # As for the `nomad` command the user of the address comes first.
            http_auth=address.user or params["http_auth"],
            socket=address.socket,
        )

    def in_namespace(self, namespace: str, region: str | None = None) -> Client:
        """Return the same client for another namespace (and region)."""
        return replace(self, namespace=namespace, region=region or self.region)

    def for_one(self, subject: str) -> Client:
        """Return the same client for the one namespace that an object ("job whoami") is in; raise InvalidInput for `*`."""
        if self.namespace == "*":
            # Nomad finds nothing there, which would look as if the object did not exist.
            raise InvalidInput(f"namespace is *, but the {subject} is in one namespace. Name it in namespace (NOMAD_NAMESPACE).")
        return self.in_namespace(self.namespace or "default")

    def with_wait(self, wait: Wait | None) -> Client:
        """Return the same client with a wait: requests to a server that does not answer are repeated until the wait is over."""
        return replace(self, wait=wait)

    def get(self, path: str, what: str, needs: str = "read-job", /, *, retries: bool = True, **query: t.Any) -> Answer:
        """Read `path`; the answer's data is decoded JSON (None for an empty body)."""
        return self._exchange("GET", path, None, what, needs, retries, query)

    def acls_off(self) -> bool:
        """Whether this Nomad has no ACLs, so that every client may do everything. Where it refuses a token, it has some."""
        try:
            return bool(self.get(TOKEN_PATH, "read the token").data["AccessorID"] == NO_ACLS)
        except Denied:
            return False

    def text(self, path: str, what: str, needs: str, /, **query: t.Any) -> str:
        """Read a file or a log as it is; at once or not at all."""
        body, _headers = self._once("GET", path, None, what, needs, query)
        return body.decode("utf-8", errors="replace")

    def put(self, path: str, body: t.Any, what: str, needs: str, /, *, retries: bool = True, **query: t.Any) -> Answer:
        """Send `body`; with retries only what may be sent twice: questions (plan, parse), and writes that name the index they replace."""
        return self._exchange("PUT", path, body, what, needs, retries, query)

    def delete(self, path: str, what: str, needs: str, /, **query: t.Any) -> Answer:
        """Delete `path`; deleting twice is the same as once, so this may be sent twice."""
        return self._exchange("DELETE", path, None, what, needs, True, query)

    def _exchange(self, method: str, path: str, body: t.Any, what: str, needs: str, retries: bool, query: dict[str, t.Any]) -> Answer:
        pauses = list(PAUSES if retries else ())
        while True:
            try:
                raw, headers = self._once(method, path, body, what, needs, query)
                if self.wait:
                    self.wait.outage = False
                break
            except NomadError as error:
                away = _away(error)
                if retries and self.wait and (away or (self.wait.outage and isinstance(error, Denied))):
                    # A server that has just come back refuses every token until it has read its state.
                    self.wait.outlast(error)
                    continue
                if self.wait and away:
                    self.wait.outage = True
                again = _passing(error) or (method == "GET" and error.details.get("status") == 500)
                pause = pause_for(error, pauses) if again else None
                if pause is None:
                    raise
                time.sleep(pause)
        try:
            if method == "GET" and not raw.strip():
                raise ValueError
            data = decoded(raw, shape_of_answer(method, path), f"{what}: {self.address}")
        except ValueError:
            why = f"{self.address} answered something that is not JSON"
            raise Refused(f"Could not {what}: {why}. Is it Nomad's address (NOMAD_ADDR)?", status=200) from None
        told = headers.get("X-Nomad-Index") or ""
        index = int(told) if told.isdecimal() else 0
        return Answer(data, index or NO_INDEX, server_time(headers), headers.get("X-Nomad-NextToken") or "")

    def _once(
        self, method: str, path: str, body: t.Any, what: str, needs: str, query: dict[str, t.Any]
    ) -> tuple[bytes, http.client.HTTPMessage]:
        given = {"namespace": self.namespace, "region": self.region, **query}
        asked = urllib.parse.urlencode({key: value for key, value in given.items() if value is not None})
        url = f"{SOCKET_URL if self.socket else self.address}{path}?{asked}"
        data = None if body is None else json.dumps(body).encode()
        # A blocking query may last a little longer than its `wait`.
        seconds = (min(REQUEST_SECONDS, self.wait.left + 1) if self.wait else REQUEST_SECONDS) + int(
            str(query.get("wait", "0s")).rstrip("s")
        )
        try:
            request = urllib.request.Request(url, data=data, method=method, headers=self._headers())
            with opener(self.tls, self.socket).open(request, timeout=seconds) as response:
                return response.read(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", errors="replace").strip()
            if error.code == 409:
                text = "conflict"  # the body of a variable's conflict shows the other's values
            text = self._why(error.code, text or str(error.reason), path)
            raise with_pause(of_status(error.code, text, what, needs, bool(self.token)), error.headers) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            advice = AT_DEFAULT if self.address == DEFAULT_ADDRESS else ADVICE
            raise no_answer(error, what, self.address, advice) from None

    def _why(self, status: int, text: str, path: str) -> str:
        """Ask about the token itself: Nomad often answers a token that it does not know like one that lacks a capability."""
        if status != 403 or text != "Permission denied" or not self.token or path == TOKEN_PATH:
            return text
        try:
            self._once("GET", TOKEN_PATH, None, "read the token", "", {})
        except Denied:
            return "ACL token not found"
        except NomadError:
            return text
        return text

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "notailcar.nomad"}
        if self.token:
            headers["X-Nomad-Token"] = self.token
        if self.http_auth:
            headers["Authorization"] = "Basic " + base64.b64encode(self.http_auth.encode()).decode()
        return headers


def _passing(error: NomadError) -> bool:
    """Return whether the same request may succeed in a moment."""
    status, text = error.details.get("status"), str(error.details.get("server", ""))
    if isinstance(error, (CutOff, Overloaded)) or status in PASSING_STATUS:
        return True
    return status == 500 and any(word in text for word in PASSING_WORDS)


def _away(error: NomadError) -> bool:
    """Return whether the server, which answered before, will answer again."""
    return isinstance(error, Unreachable) or _passing(error)
