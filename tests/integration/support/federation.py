# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a tailnet with workload identity federation.

federation.py ADDRESS PORT CERTIFICATE KEY CA JWKS CONTROL HEADSCALE...

It trusts one federated identity, the tasks of JOB with AUDIENCE in their token. The two calls of the hosted API it answers itself: the
token exchange by verifying the token with Nomad's own keys, the new key by having headscale make one. All other connections go on to
headscale.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.parse
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT_ID, AUDIENCE, JOB = "k-lab", "api.tailscale.example/k-lab", "federated"
API = "/api/v2/"


class Refused(Exception):
    """What the answer says."""


class Tailnet:
    """The two calls of the hosted API."""

    def __init__(self, ca: str, keys_url: str, headscale: list[str]) -> None:
        self._trust = ssl.create_default_context(cafile=ca)
        self._keys_url = keys_url
        self._headscale = headscale
        self._tokens: set[str] = set()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> dict[str, t.Any]:
        if path == f"{API}oauth/token-exchange":
            given = dict(urllib.parse.parse_qsl(body.decode()))
            if given.get("client_id") != CLIENT_ID:
                raise Refused("unknown client")
            self._verify(given["jwt"])
            self._tokens.add(token := secrets.token_hex())
            return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        # The client shows the token as the user of a login without a password.
        token = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode().removesuffix(":")
        if path != f"{API}tailnet/-/keys" or token not in self._tokens:
            raise Refused("no such call, or no token")
        wanted = json.loads(body)["capabilities"]["devices"]["create"]
        kinds = [f"--{name}" for name in ("reusable", "ephemeral") if wanted[name]]
        tags = ",".join(wanted["tags"])
        command = ["preauthkeys", "create", "--user", "1", "--expiration", "5m", "--tags", tags, *kinds, "--output", "json"]
        made = json.loads(subprocess.run([*self._headscale, *command], check=True, capture_output=True).stdout)
        print(f"key for {tags}", flush=True)
        return {"id": str(made["id"]), "key": made["key"], "capabilities": {"devices": {"create": wanted}}}

    def _verify(self, token: str) -> None:
        head, claims, signature = token.split(".")
        with urllib.request.urlopen(self._keys_url, context=self._trust) as answer:
            keys = {key["kid"]: key for key in json.load(answer)["keys"]}
        key = keys[json.loads(_bytes(head))["kid"]]
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        public.verify(_bytes(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
        said = json.loads(_bytes(claims))
        audience = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
        if AUDIENCE not in audience or said["nomad_job_id"] != JOB or said["exp"] < time.time():
            raise Refused("the token is not for this identity")
        print(f"token of {said['sub']}", flush=True)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


async def serve(tailnet: Tailnet, control: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        request, *lines = head.decode().split("\r\n")
        _method, path, _version = request.split()
        if not path.startswith(API):
            await _hand_on(control, head, reader, writer)
            return
        headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        try:
            status, said = "200 OK", tailnet.answer(path, headers, body)
        except (Refused, InvalidSignature, KeyError, ValueError) as error:
            status, said = "403 Forbidden", {"message": str(error) or type(error).__name__}
        text = json.dumps(said).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 {status}\r\n{kind}\r\n\r\n".encode() + text)
        await writer.drain()


async def _hand_on(control: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    there_reader, there_writer = await asyncio.open_connection(control, 443, ssl=trust)
    there_writer.write(head)
    with contextlib.closing(there_writer):
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1 << 16):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def main(address: str, port: str, certificate: str, key: str, ca: str, keys_url: str, control: str, *headscale: str) -> None:
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(certificate, key)
    tailnet = Tailnet(ca, keys_url, list(headscale))
    server = await asyncio.start_server(lambda reader, writer: serve(tailnet, control, reader, writer), address, int(port), ssl=identity)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
