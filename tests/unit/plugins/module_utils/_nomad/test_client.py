# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors between us and Nomad, and what is tried again."""

from __future__ import annotations

import json
import os
import socketserver
import threading

import pytest

URL = "/v1/var/x"
FOUND = {"Path": "x", "ModifyIndex": 3, "Items": {"key": "value"}}
ARGS = {"path": "x", "items": {"key": "value"}}


def failure(result):
    assert result["failed"]
    return result["failure"]


def test_no_token(nomad, in_process):
    nomad.on(f"GET {URL}", (403, "Permission denied"))
    result = in_process("variable", **ARGS)
    assert failure(result)["kind"] == "denied"
    assert "no token was given" in result["msg"]
    assert "NOMAD_TOKEN" in result["msg"]


@pytest.mark.parametrize("known", [(403, "Permission denied"), (500, "failed to parse signed token: invalid character")])
def test_unknown_token(nomad, in_process, known):
    nomad.on(f"GET {URL}", (403, "Permission denied"))
    nomad.on("GET /v1/acl/token/self", known)
    result = in_process("variable", token="0000", **ARGS)
    assert "does not know this token" in result["msg"]


def test_a_token_may_end_with_its_line(nomad, in_process):
    nomad.on(f"GET {URL}", FOUND)
    assert not in_process("variable", token="a-token-of-mine\n", **ARGS)["changed"]
    assert nomad.asked[0].headers["X-Nomad-Token"] == "a-token-of-mine"


def test_what_http_cannot_carry_is_not_repeated(nomad, in_process):
    result = in_process("variable", token="a-token\nof-mine", **ARGS)
    assert failure(result)["kind"] == "invalid_input"
    assert "of-mine" not in json.dumps(result)


def test_missing_capability(nomad, in_process):
    nomad.on(f"GET {URL}", (403, "Permission denied"))
    nomad.on("GET /v1/acl/token/self", {"AccessorID": "a"})
    result = in_process("variable", token="0000", **ARGS)
    assert failure(result)["capability"] == "variables read"
    assert "lacks the capability variables read" in result["msg"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_read_is_tried_again(nomad, in_process, status):
    nomad.on(f"GET {URL}", (status, "busy"), (status, "busy"), FOUND)
    assert not in_process("variable", **ARGS)["changed"]


@pytest.mark.parametrize(("status", "kind"), [(429, "server"), (500, "refused"), (503, "server")])
def test_not_for_ever(nomad, in_process, status, kind):
    nomad.on(f"GET {URL}", (status, "busy"))
    assert failure(in_process("variable", **ARGS))["kind"] == kind
    assert nomad.count(f"GET {URL}") == 4


def test_a_refusal_is_not_tried_again(nomad, in_process):
    nomad.on(f"GET {URL}", (400, "no"))
    assert failure(in_process("variable", **ARGS))["kind"] == "refused"
    assert nomad.count(f"GET {URL}") == 1


def test_a_servers_words_on_one_line_without_credentials(nomad, in_process):
    said = "1 error occurred:\n\t* Task group g validation failed: 1 error occurred:\n\t* bad source https://u:hunter2@h/x\n\n"
    nomad.on(f"GET {URL}", (400, said))
    words = "Task group g validation failed: bad source https://u:…@h/x"
    result = in_process("variable", **ARGS)
    assert result["msg"].endswith(f"answered 400: {words}")
    assert failure(result)["server"] == words


def test_unreachable(nomad, in_process):
    result = in_process("variable", address="http://127.0.0.1:1", **ARGS)
    assert failure(result)["kind"] == "unreachable"
    assert "NOMAD_ADDR" in result["msg"]


def test_a_proxy_closes_the_connection_to_a_server_that_has_ended(nomad, in_process):
    arrived = []

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self):
            arrived.append(self.request.recv(4096))

    with socketserver.TCPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}).start()
        result = in_process("variable", address=f"https://127.0.0.1:{proxy.server_address[1]}", **ARGS)
        proxy.shutdown()
    assert failure(result)["kind"] == "unreachable"
    assert len(arrived) == 4


def test_https_where_http_is_spoken(nomad, in_process, monkeypatch):
    monkeypatch.setenv("NOMAD_ADDR", "https://127.0.0.1:" + nomad_port(nomad, in_process))
    assert failure(in_process("variable", **ARGS))["kind"] == "tls"


def nomad_port(nomad, in_process):
    """Learn the port from a request that arrived."""
    nomad.on(f"GET {URL}", FOUND)
    in_process("variable", **ARGS)
    return nomad.asked[0].headers["Host"].rpartition(":")[2]


def test_what_is_sent(nomad, in_process):
    nomad.on(f"GET {URL}", FOUND)
    in_process("variable", token="t0ken", namespace="team", region="eu", http_auth="me:pass", **ARGS)
    asked = nomad.asked[0]
    assert asked.query == {"namespace": "team", "region": "eu"}
    assert asked.headers["X-Nomad-Token"] == "t0ken"
    assert asked.headers["Authorization"] == "Basic bWU6cGFzcw=="


def test_empty_is_not_given(nomad, in_process, monkeypatch):
    """AWX sets the variables of a credential also where the person left a field empty."""
    nomad.on(f"GET {URL}", FOUND)
    for name in ("NOMAD_TOKEN", "NOMAD_REGION", "NOMAD_SKIP_VERIFY", "NOMAD_CACERT"):
        monkeypatch.setenv(name, "")
    assert not in_process("variable", namespace="", region="", **ARGS)["changed"]
    assert nomad.asked[0].query == {"namespace": "default"}
    assert "X-Nomad-Token" not in nomad.asked[0].headers


def test_a_proxy_of_the_environment_is_used(nomad, in_process, monkeypatch):
    nomad.on(f"GET {URL}", FOUND)
    monkeypatch.setenv("http_proxy", os.environ["NOMAD_ADDR"])
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    assert not in_process("variable", address="http://nomad.example:4646", **ARGS)["changed"]
    assert nomad.asked[0].headers["Host"] == "nomad.example:4646"


def test_a_redirect_does_not_carry_the_token_away(nomad, in_process):
    nomad.on(f"GET {URL}", (307, "elsewhere"))
    result = in_process("variable", token="t0ken", **ARGS)
    assert "redirects" in result["msg"]
    assert len(nomad.asked) == 1


def test_not_nomad_at_all(nomad, in_process):
    nomad.on(f"GET {URL}", "<html>")
    assert "not JSON" in in_process("variable", **ARGS)["msg"]


def test_certificates_that_do_not_exist(nomad, in_process):
    result = in_process("variable", address="https://127.0.0.1:1", ca_cert="/does/not/exist.pem", **ARGS)
    assert "ca_cert=/does/not/exist.pem" in result["msg"]
