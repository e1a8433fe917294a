# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that modules raise, each with a message that names what to do."""

from __future__ import annotations

import re
import typing as t

from ._redact import scrub

# Where Nomad asks for more than any capability.
MANAGEMENT = "management"
# Nomad's own words for something that it does not have. A 404 with other words is that of a proxy or of another server.
ABSENT = re.compile(
    r"(job( versions)?|variable|ACL policy|deployment|eval|alloc|allocation|node) not found"
    r"|[^<]*(Unknown (allocation|node)|No path to node|no such file or directory)[^<]*"
)
PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
TITLE = re.compile(r"<title>([^<]{1,200})</title>", re.IGNORECASE)
# What a message repeats of a server's words, at most.
WORDS_LETTERS = 4000
UNKNOWN_TOKEN = re.compile(r"token not found|token expired|UUID must be|parse signed token", re.IGNORECASE)


class NomadError(Exception):
    """Something the user can act on.

    The message is what `msg` shows. `details` (JSON-like) goes into the result as `failure`, always with `kind`.
    Neither may contain a secret that is not in `Run.secrets`.
    """

    kind = "error"

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.details = {"kind": self.kind, **details}


class InvalidInput(NomadError):
    """The arguments cannot work with any server."""

    kind = "invalid_input"


class Unreachable(NomadError):
    kind = "unreachable"


class CutOff(Unreachable):
    """The connection ended before the answer: the same request may succeed in a moment."""


class UntrustedConnection(NomadError):
    kind = "tls"


class Denied(NomadError):
    kind = "denied"


class NotFound(NomadError):
    kind = "not_found"


class Conflict(NomadError):
    kind = "conflict"


class Refused(NomadError):
    """The server understood the request and refused it: a bad spec, a quota, a policy."""

    kind = "refused"


class Overloaded(NomadError):
    """429 or 5xx, also after the bounded retries."""

    kind = "server"


class TimedOut(NomadError):
    kind = "timeout"


class Failed(NomadError):
    """Nomad did what was asked, and it did not work."""

    kind = "failed"


def of_status(status: int, text: str, what: str, needs: str, with_token: bool) -> NomadError:
    """Return the error for an HTTP answer.

    `what` names the attempt ("read the job whoami"), `needs` the required ACL capability or MANAGEMENT, `text` is the server's own message.
    """
    page, text = PAGE.match(text), server_words(text)
    said = {"status": status, "server": text}
    if status in (401, 403) and page:
        return Refused(
            f"Could not {what}: the answer is {status} and {text}, not Nomad's. Does a proxy in between want a login? Check address "
            "(NOMAD_ADDR) and http_auth (NOMAD_HTTP_AUTH).",
            **said,
        )
    if status in (401, 403) or UNKNOWN_TOKEN.search(text):
        return _denied(text, what, needs, with_token, said)
    if status == 404 and absent(text):
        return NotFound(f"Could not {what}: Nomad does not know it (404: {text}).", **said)
    if status == 404:
        return Refused(
            f"Could not {what}: the answer is a 404, but not one of Nomad's ({text}), so whether it exists is not known. Is there a proxy "
            "in between, or something else than Nomad? Check address (NOMAD_ADDR).",
            **said,
        )
    if "nonexistent namespace" in text:
        return Refused(f"Could not {what}: the namespace does not exist ({text}). Correct namespace (NOMAD_NAMESPACE) or the spec.", **said)
    if status == 409 or "Enforcing job modify index" in text:
        return Conflict(f"Could not {what}: it was changed by someone else in between ({status}: {text}).", **said)
    if status == 400 and "HTTPS server" in text:
        return UntrustedConnection(
            f"Could not {what}: the server speaks HTTPS, but the address begins with http://. Correct address (NOMAD_ADDR).", **said
        )
    if "No path to region" in text:
        return Refused(f"Could not {what}: the server knows no such region ({text}). Correct region (NOMAD_REGION) or the spec.", **said)
    if 300 <= status < 400:
        return Refused(
            f"Could not {what}: the address redirects elsewhere ({status}); the token is not sent there. Correct address (NOMAD_ADDR).",
            **said,
        )
    if status == 429:
        return Overloaded(
            f"Could not {what}: the server limits requests (429: {text}), also after retries. Run fewer forks or try later.", **said
        )
    if status in (502, 503, 504) or "No cluster leader" in text:
        return Overloaded(f"Could not {what}: the server is not able to answer ({status}: {text}), also after retries.", **said)
    if page:
        return Refused(f"Could not {what}: the answer is {status} and {text}, not Nomad's. Is it Nomad's address (NOMAD_ADDR)?", **said)
    return Refused(f"Could not {what}: Nomad answered {status}: {text}", **said)


def absent(text: str) -> bool:
    """Return whether these are Nomad's words for something that it does not have."""
    return bool(ABSENT.fullmatch(text))


def server_words(text: str) -> str:
    """Return what a server wrote as a message may repeat it: on one line, without credentials, and of a page only the title."""
    if PAGE.match(text):
        title = TITLE.search(text)
        text = f"a page, {title[1].strip()}" if title else "a page"
    text = plain(scrub(text))
    return text if len(text) <= WORDS_LETTERS else text[:WORDS_LETTERS] + "…"


def plain(text: str) -> str:
    """Return a server's list of errors on one line."""
    lines = [re.sub(r"\s*\b\d+ errors? occurred:", "", line).strip().lstrip("* ") for line in text.splitlines()]
    return "; ".join(line for line in lines if line).replace(":; ", ": ")


def _denied(text: str, what: str, needs: str, with_token: bool, said: dict[str, t.Any]) -> Denied:
    takes = "a management token" if needs == MANAGEMENT else f"the capability {needs}"
    answer = f"({said['status']}: {text})"
    if not with_token:
        cause = f"no token was given, and anonymous access does not suffice. Set token (NOMAD_TOKEN) {answer}. It takes {takes}."
    elif UNKNOWN_TOKEN.search(text):
        cause = f"the server does not know this token, or it has expired. Check token (NOMAD_TOKEN) {answer}. It takes {takes}."
    elif needs == MANAGEMENT:
        cause = f"it takes a management token, and this is none {answer}."
    else:
        cause = f"the token lacks the capability {needs} here {answer}."
    return Denied(f"Could not {what}: {cause}", capability=needs, **said)
