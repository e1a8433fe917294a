# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy between a task and a Nomad server that does something at the very moment of a request."""

from __future__ import annotations

import http.server
import ssl
import threading
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

# An answer's status, headers and body.
Reply = tuple[int, list[tuple[str, str]], bytes]
Forward = t.Callable[[], Reply]


class MeddlingProxy:
    """Hands every request on to a server; the first PUT to `path` only as `meddle` does it, which may return None for no answer.

    As a context manager it gives the address for the task.
    """

    def __init__(self, server: str, ca: Path, path: str, meddle: t.Callable[[Forward], Reply | None]) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca))
        )
        self._server = server
        self._path = path
        self._meddle = meddle
        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.met = False

    def __enter__(self) -> str:
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return f"http://127.0.0.1:{self._listener.server_port}"

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()

    def _reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        request = urllib.request.Request(self._server + path, body or None, headers, method=method)
        if self.met or method != "PUT" or path.partition("?")[0] != self._path:
            return self._forward(request)
        self.met = True
        return self._meddle(lambda: self._forward(request))

    def _forward(self, request: urllib.request.Request) -> Reply:
        try:
            answer = self._opener.open(request, timeout=60)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            return answer.status, answer.headers.items(), answer.read()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        reply = self._reply

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                answer = reply(self.command, self.path, headers, body)
                if answer:
                    status, headers, body = answer
                    self.send_response_only(status)
                    for name, value in headers:
                        if name not in ("Connection", "Content-Length", "Transfer-Encoding"):
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_PUT = do_DELETE = handle_one

        return Handler
