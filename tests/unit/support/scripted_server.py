# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers from a script, over real HTTP on the loopback: a Nomad, or a control plane."""

from __future__ import annotations

import json
import socket
import struct
import threading
import typing as t
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[t.Any, ...]
# Instead of a status: no answer, a reset connection, and an answer that ends in its middle.
CLOSED, RESET, CUT = "closed", "reset", "cut"
# What Nomad and the control planes answer for something that they do not have, by the beginning of the path.
ABSENT = {
    "/v1/job/": "job not found",
    "/v1/var/": "variable not found",
    "/v1/acl/policy/": "ACL policy not found",
    "/v1/deployment/": "deployment not found",
    "/v1/evaluation/": "eval not found",
    "/v1/allocation/": "alloc not found",
    "/v1/client/": "stat: no such file or directory",
    "/api/": {"message": "not found"},
}


@dataclass
class Asked:
    """One request as it came; its body decoded, JSON or a form."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: t.Any


def decoded(body: bytes, kind: str | None) -> t.Any:
    """What a request says."""
    if kind == "application/x-www-form-urlencoded":
        return dict(urllib.parse.parse_qsl(body.decode()))
    return json.loads(body) if body else None


@dataclass
class Scripted:
    """Answers each `METHOD path` with its replies in turn; the last one stays. Everything else is 404.

    Like the real one it keeps connections open, unless it is told to hang up after each answer.
    """

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    clock: float | None = None
    connections: int = 0
    hangs_up: bool = False

    def on(self, request: str, *replies: t.Any) -> None:
        """Script the replies to `METHOD path`: data (then the status is 200), or `(status, data)`; text stays as it is.

        A third item is the token of the next page, or a mapping of headers; one whose value is None is left out. Data that is a function
        is what it returns at that moment.
        """
        self.replies[request] = [reply if isinstance(reply, tuple) else (200, reply) for reply in replies]

    def last(self, request: str) -> t.Any:
        """The data of the last reply to `METHOD path`."""
        data = self.replies[request][-1][1]
        return data() if callable(data) else data

    def count(self, request: str) -> int:
        """How often `METHOD path` was asked."""
        return len(self.all(request))

    def all(self, request: str) -> list[Asked]:
        """All requests for `METHOD path`."""
        return [asked for asked in self.asked if f"{asked.method} {asked.path}" == request]

    def answer(self, asked: Asked) -> Reply:
        """Take the next reply from the script."""
        self.asked.append(asked)
        replies = self.replies.get(f"{asked.method} {asked.path}")
        if not replies:
            return 404, next((words for path, words in ABSENT.items() if asked.path.startswith(path)), "")
        status, data, *more = replies.pop(0) if len(replies) > 1 else replies[0]
        return status, data() if callable(data) else data, *more

    def serve(self) -> ThreadingHTTPServer:
        """Start serving on a free port."""
        return serve(lambda _address: self)


def serve(script: t.Callable[[str], Scripted], address: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Start serving on a free port of this address; each connection is served by the script for the address that it was made to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        fake: Scripted

        def setup(self) -> None:
            super().setup()
            self.fake = script(self.connection.getsockname()[0])
            self.fake.connections += 1

        def _answer(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(urllib.parse.parse_qsl(url.query))
            sent = {name.title(): value for name, value in self.headers.items()}
            asked = Asked(self.command, url.path, query, sent, decoded(body, sent.get("Content-Type")))
            status, data, *more = self.fake.answer(asked)
            if status in (CLOSED, RESET):
                self.close_connection = True
                if status == RESET:
                    # Closed with data that nobody waits for: the other side gets a RST.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                return
            raw = data.encode() if isinstance(data, str) else json.dumps(data).encode()
            self.send_response_only(200 if status == CUT else status)
            headers = {"Content-Length": str(len(raw)), "X-Nomad-Index": "7", "Date": self.date_time_string()}
            for one in more:
                headers.update(one if isinstance(one, dict) else {"X-Nomad-NextToken": one})
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            if status == CUT:
                raw = raw[: len(raw) // 2]
                self.close_connection = True
            elif 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(raw)
            self.close_connection = self.close_connection or self.fake.hangs_up

        do_GET = do_PUT = do_POST = do_DELETE = _answer

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(self.fake.clock if timestamp is None else timestamp)

        def log_message(self, *_args: t.Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer((address, 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server
