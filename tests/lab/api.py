# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a server's JSON API."""

from __future__ import annotations

import functools
import json
import ssl
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

from .errors import LabError


def call(
    url: str, *, method: str | None = None, body: object = None, headers: t.Mapping[str, str] | None = None, ca: Path | None = None
) -> t.Any:
    """The decoded answer, None for an empty one; any refusal or unreachable server is a LabError with what was said."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
    context = _trust(ca.read_text()) if ca else None
    # No proxy of the person's environment: these servers are on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise LabError(f"{url}: {error.code} {error.read().decode(errors='replace')}") from error
    except (OSError, json.JSONDecodeError) as error:
        raise LabError(f"{url}: {error}") from error


@functools.lru_cache
def _trust(authority: str) -> ssl.SSLContext:
    """To read the machine's own authorities for each request would cost more than the request."""
    return ssl.create_default_context(cadata=authority)
