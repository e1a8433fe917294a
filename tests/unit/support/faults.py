# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong answers of a server, and a run that is repeated with each of them for each of its requests."""

from __future__ import annotations

import fnmatch
import typing as t

from tests.unit.support.scripted_server import CLOSED, CUT, RESET, Reply, Scripted

Json = dict[str, t.Any]
PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Some page</body></html>"
FAULTS: dict[str, tuple[t.Any, ...]] = {
    "nothing": (CLOSED, ""),
    "reset": (RESET, ""),
    "page": (200, PAGE),
    "page 404": (404, PAGE),
    "page 403": (403, PAGE),
    "403": (403, "Permission denied"),
    "429": (429, "slow down", {"Retry-After": "3600"}),
    "500": (500, "rpc error: something"),
    "page 503": (503, PAGE),
    "half": (200, '{"ID": "whoami", "Vers'),
    "empty": (200, ""),
    "null": (200, "null"),
    "list": (200, [[]]),
    "object": (200, {"unexpected": 1}),
    "string": (200, '"whoami"'),
    "number": (200, "7"),
}
# Answers, as `REQUEST: FAULT`, that are the server's own, or cannot be told from them.
GENUINE = (
    *("DELETE /v1/var/*: empty", "DELETE /v1/var/*: null", "DELETE /v1/acl/*: empty", "DELETE /v1/acl/*: null"),
    *("PUT /v1/acl/*: empty", "PUT /v1/acl/*: null"),
    *("PUT /v1/deployment/*: object", "GET /v1/client/fs/stat/*: object"),
    *("DELETE /api/*: empty", "DELETE /api/*: null", "DELETE /api/*: object"),
    *("POST /api/v1/preauthkey/expire: empty", "POST /api/v1/preauthkey/expire: null", "POST /api/v1/preauthkey/expire: object"),
)


def sweep(fake: Scripted, make: t.Callable[[], None], run: t.Callable[[], Json], may: t.Collection[str]) -> list[str]:
    """Repeat a run with each fault for each request; return what is wrong with the results."""
    scripted = dict(fake.replies)
    make()
    good = run()
    assert not good.get("failed"), good
    wrong = []
    for request in requests(fake):
        for name in ("cut", *FAULTS):
            fake.replies = dict(scripted)
            make()
            fake.on(request, wrong_reply(fake, request, name))
            wrong += judge(f"{request}: {name}", run(), may, needs_kind=True)
    return wrong


def requests(fake: Scripted) -> list[str]:
    """What was asked, each `METHOD path` once."""
    found = list(dict.fromkeys(f"{asked.method} {asked.path}" for asked in fake.asked))
    assert found
    return found


def wrong_reply(fake: Scripted, request: str, fault: str) -> Reply:
    """A fault as a reply; `cut` is the first half of the right one, and an empty one has no half."""
    return (CUT, fake.last(request) or "{}") if fault == "cut" else FAULTS[fault]


def judge(what: str, result: Json, may: t.Collection[str], needs_kind: bool) -> list[str]:
    """What is wrong with a result; `may` are the requests on which a success does not depend, and, as `REQUEST: FAULT`, genuine answers.

    The failure of a module has a kind, that of a play may be a sentence of the role.
    """
    if result.get("failed"):
        sensible = (not needs_kind or result.get("failure", {}).get("kind")) and result["msg"] and "<" not in result["msg"]
        return [] if sensible else [f"{what}: {result}"]
    fitting = what.rpartition(": ")[0] in may or any(fnmatch.fnmatchcase(what, pattern) for pattern in (*GENUINE, *may))
    return [] if fitting else [f"{what}: a success: {result}"]
