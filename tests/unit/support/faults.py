# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong answers of a server, and a run that is repeated with each of them for each of its requests."""

from __future__ import annotations

import fnmatch
import typing as t

from tests.unit.support.scripted_server import CLOSED, CUT, RESET, Scripted

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


def sweep(
    fake: Scripted, make: t.Callable[[], None], run: t.Callable[[], Json], may: t.Collection[str], faults: t.Collection[str] = FAULTS
) -> list[str]:
    """Repeat a run with each fault for each request; return what is wrong with the results.

    `may` are the requests on which a success does not depend, and, as `REQUEST: FAULT`, answers that the server may give.
    """
    scripted = dict(fake.replies)
    make()
    good = run()
    assert not good.get("failed"), good
    requests = list(dict.fromkeys(f"{asked.method} {asked.path}" for asked in fake.asked))
    assert requests
    wrong = []
    for request in requests:
        replies = [("cut", (CUT, _last(fake, make, request))), *((name, FAULTS[name]) for name in faults)]
        for name, reply in replies:
            fake.replies = dict(scripted)
            make()
            fake.on(request, reply)
            result = run()
            what = f"{request}: {name}"
            fitting = request in may or any(fnmatch.fnmatchcase(what, pattern) for pattern in (*GENUINE, *may))
            wrong += _judge(what, result, fitting)
    return wrong


def _last(fake: Scripted, make: t.Callable[[], None], request: str) -> t.Any:
    make()
    # An empty body has no half.
    return fake.replies[request][-1][1] or "{}"


def _judge(what: str, result: Json, may: bool) -> list[str]:
    if result.get("failed"):
        sensible = result.get("failure", {}).get("kind") and result["msg"] and "<" not in result["msg"]
        return [] if sensible else [f"{what}: {result}"]
    return [] if may else [f"{what}: a success: {result}"]
