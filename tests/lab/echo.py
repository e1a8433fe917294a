# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The echo server, "the internet": answers with the address that a request comes from.

Run as a program of its own: echo.py ADDRESS. `/json` answers with the request's headers too.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """Answers GET and POST with the caller's address; below /empty with nothing."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        caller = self.client_address[0]
        as_json = self.path.partition("?")[0] == "/json"
        text = json.dumps({"ip": caller, "path": self.path, "headers": dict(self.headers)}) if as_json else caller
        answer = b"" if self.path == "/empty" else f"{text}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if as_json else "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], 80), Echo).serve_forever()
