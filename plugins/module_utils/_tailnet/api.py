# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP with a control plane: which requests are repeated, and what its refusals mean."""

from __future__ import annotations

import http.client
import json
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from .._errors import CutOff, Denied, NomadError, NotFound, Overloaded, Refused, server_words
from .._http import PAUSES, REQUEST_SECONDS, Advice, Tls, no_answer, opener, pause_for, server_time, with_pause
from .._json import Json
from .._shape import Shape, decoded

FORM = "application/x-www-form-urlencoded"
# The answer to a request that changes something, and of which only the success counts.
DONE = (dict, None)


@dataclass(frozen=True)
class ApiAnswer:
    """A decoded body, and the control plane's own clock (seconds since 1970)."""

    data: Json
    now: float


@dataclass(frozen=True)
class Api:
    """Talks to one control plane with one credential.

    `access` and `lost` are the advice for a denied request, and for an unknown object.
    """

    name: str
    address: str
    tls: Tls | None
    advice: Advice
    access: str
    lost: str
    token: str | None = None
    denials: tuple[int, ...] = (401, 403)

    def get(self, path: str, what: str, needs: str, shape: Shape, /, **query: str) -> ApiAnswer:
        """Read `path`; `what` names the attempt ("list the auth keys"), `needs` the required OAuth scope, `shape` the data."""
        return self._exchange("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""), None, what, needs, shape, again=True)

    def post(self, path: str, body: Json, what: str, needs: str, shape: Shape, *, again: bool = False) -> ApiAnswer:
        """Send `body`; `again` is for requests that may be sent twice."""
        return self._exchange("POST", path, body, what, needs, shape, again=again)

    def ask(self, path: str, form: t.Mapping[str, str], what: str, shape: Shape) -> ApiAnswer:
        """Send a form that changes nothing."""
        return self._exchange("POST", path, urllib.parse.urlencode(form), what, "", shape, again=True)

    def delete(self, path: str, what: str, needs: str) -> None:
        """Delete `path`; deleting twice is the same as once, so this may be sent twice, and `path` need not exist."""
        try:
            self._exchange("DELETE", path, None, what, needs, DONE, again=True)
        except NotFound:
            return

    def _exchange(self, method: str, path: str, body: Json | str | None, what: str, needs: str, shape: Shape, *, again: bool) -> ApiAnswer:
        pauses = list(PAUSES if again else ())
        while True:
            try:
                raw, headers = self._once(method, path, body, what, needs)
                break
            except (CutOff, Overloaded) as error:
                pause = pause_for(error, pauses)
                if pause is None:
                    raise
                time.sleep(pause)
        try:
            data = decoded(raw, shape, f"{what}: {self.address}")
        except ValueError:
            raise Refused(f"Could not {what}: {self.address} does not answer like {self.name}. {self.lost}") from None
        return ApiAnswer(data, server_time(headers))

    def _once(self, method: str, path: str, body: Json | str | None, what: str, needs: str) -> tuple[bytes, http.client.HTTPMessage]:
        headers = {"Accept": "application/json", "User-Agent": "notailcar.nomad"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = FORM if isinstance(body, str) else "application/json"
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            request = urllib.request.Request(self.address + path, data=data, method=method, headers=headers)
            with opener(self.tls).open(request, timeout=REQUEST_SECONDS) as response:
                return response.read(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                text, own = _words(error.read().decode("utf-8", errors="replace"))
            refusal = self._of_status(error.code, server_words(text or str(error.reason)), own, what, needs)
            raise with_pause(refusal, error.headers) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise no_answer(error, what, self.address, self.advice) from None

    def _of_status(self, status: int, text: str, own: bool, what: str, needs: str) -> NomadError:
        said: Json = {"status": status, "server": text}
        answer = f"({status}: {text})"
        if status in self.denials:
            does_not = "permit it" if status == 403 else "accept the credential"
            scope = {"scope": needs} if needs and "{needs}" in self.access else {}
            return Denied(f"Could not {what}: {self.name} does not {does_not} {answer}. {self.access.format(needs=needs)}", **said, **scope)
        if status == 404 and own:
            return NotFound(f"Could not {what}: {self.name} does not know it {answer}. {self.lost}", **said)
        if status == 404:
            why = f"the answer is a 404, but not one of {self.name}'s ({text}), so whether it exists is not known"
            return Refused(f"Could not {what}: {why}. Is there a proxy in between? {self.lost}", **said)
        if 300 <= status < 400:
            return Refused(
                f"Could not {what}: the address redirects elsewhere ({status}); no credential is sent there. {self.lost}", **said
            )
        if status == 429:
            return Overloaded(f"Could not {what}: {self.name} limits requests {answer}. Run fewer forks or try later.", **said)
        if status >= 500:
            return Overloaded(f"Could not {what}: {self.name} is not able to answer {answer}. Try later.", **said)
        return Refused(f"Could not {what}: {self.name} answered {status}: {text}", **said)


def _words(body: str) -> tuple[str, bool]:
    """Return the message of an error, and whether it is the control plane's own: both use `message`, OAuth has names of its own."""
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return body.strip(), False
    return str(data.get("message") or data.get("error_description") or data.get("error") or body.strip()), bool(data.get("message"))
