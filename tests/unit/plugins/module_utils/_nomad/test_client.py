# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors between us and Nomad, and what is tried again."""

from __future__ import annotations

import base64
import email.utils
import http.server
import json
import os
import socketserver
import threading

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils import _http

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


@pytest.fixture(params=["in_process", "packaged"])
def call(request):
    """Both ways in which a task may run."""
    return request.getfixturevalue(request.param)


def test_the_user_of_the_address_is_sent_and_never_shown(nomad, call, monkeypatch):
    """As the `nomad` command does: the address comes before NOMAD_HTTP_AUTH."""
    nomad.on(f"GET {URL}", FOUND)
    place = os.environ["NOMAD_ADDR"].removeprefix("http://")
    monkeypatch.setenv("NOMAD_HTTP_AUTH", "me:other")
    result = call("variable", address=f"http://us%20er:hid%40den-word@{place}/", **ARGS)
    assert not result["changed"], result
    assert nomad.asked[0].headers["Authorization"] == "Basic " + base64.b64encode(b"us er:hid@den-word").decode()
    said = [result]
    nomad.on(f"GET {URL}", (503, "hid@den-word hid%40den-word"), (200, "<html>"))
    said.append(call("variable", address=f"http://me:hid%40den-word@{place}", **ARGS))
    said.append(call("variable", address="http://me:hid%40den-word@127.0.0.1:1", **ARGS))
    said.append(call("variable", address="http://me:hid%40den-word@127.0.0.1:port", **ARGS))
    said.append(call("variable", address="http://me:hid/den-word@127.0.0.1:1", **ARGS))
    said.append(call("posture_info", address="http://me:hid%40den-word@127.0.0.1:1"))
    assert all(one["failed"] for one in said[1:])
    assert "den-word" not in json.dumps(said)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://nomad.example", "begins with http://, https://, unix://, not ftp://"),
        ("http://nomad.example:port", "is not an address"),
        ("http://[::1", "is not an address"),
        ("http://", "no host"),
        ("https://nomad.example/?region=eu", "behind ? or #"),
        ("unix://run/api.sock", "whole path of a socket"),
        ("unix://", "whole path of a socket"),
    ],
)
def test_an_address_that_is_none(nomad, in_process, address, words):
    result = in_process("variable", address=address, **ARGS)
    assert failure(result)["kind"] == "invalid_input"
    assert words in result["msg"]


@pytest.mark.parametrize("address", ["{place}", " http://{place}/ ", "HTTP://{place}"])
def test_ways_to_write_an_address(nomad, in_process, address):
    nomad.on(f"GET {URL}", FOUND)
    place = os.environ["NOMAD_ADDR"].removeprefix("http://")
    assert not in_process("variable", address=address.replace("{place}", place), **ARGS)["changed"]


def test_the_socket_of_an_agent(nomad, call, monkeypatch, tmp_path):
    """`unix://`, as the `nomad` command takes it; no proxy is asked for it, and one connection serves all requests."""
    answers = iter([FOUND | {"Items": {"key": "old"}}, FOUND])
    asked, path = [], tmp_path / "api.sock"

    class Agent(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            asked.append("connection")
            super().setup()

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(f"{self.command} {self.path} {self.headers['Host']} {self.headers['X-Nomad-Token']}")
            body = json.dumps(next(answers, {"AccessorID": "a"})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def address_string(self):
            return "agent"

        def log_message(self, *_args):
            """Keep the test's output clean."""

    monkeypatch.setenv("http_proxy", os.environ["NOMAD_ADDR"])
    monkeypatch.setenv("NOMAD_ADDR", f"unix://{path}")

    class Agents(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        """A connection that is kept open keeps none of the others waiting, and not the end of the test."""

        daemon_threads = True
        block_on_close = False

    with Agents(str(path), Agent) as agent:
        threading.Thread(target=agent.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        result = call("variable", token="t0ken", **ARGS)
        _http._opener.cache_clear()
        agent.shutdown()
    assert result["changed"], result
    assert asked[:2] == ["connection", "GET /v1/var/x?namespace=default 127.0.0.1 t0ken"]
    assert asked.count("connection") == 1
    assert not nomad.asked
    missing = call("variable", address=f"unix://{tmp_path}/none.sock", **ARGS)
    assert failure(missing)["kind"] == "unreachable"
    assert f"unix://{tmp_path}/none.sock does not answer" in missing["msg"]


@pytest.mark.parametrize("job", ["..", ".", "a//b", "/a", "a/", "a/../b", "a/./b"])
def test_a_job_that_no_path_can_name(nomad, in_process, job):
    for module, args in (
        ("job", {"name": job, "state": "absent"}),
        ("job", {"spec": {"ID": job, "TaskGroups": []}}),
        ("tailscale_health", {"job": job, "timeout": 0}),
        ("egress_verify", {"job": job, "timeout": 0}),
        ("deployment", {"job": job, "state": "failed"}),
        ("job_dispatch", {"job": job}),
    ):
        result = in_process(module, **args)
        assert failure(result)["kind"] == "invalid_input", (module, result)
        assert "cannot be asked for it" in result["msg"]
    assert not nomad.asked


def test_names_that_no_path_can_hold(nomad, in_process):
    for module, args in (
        ("variable", {"path": "a//b", "state": "absent"}),
        ("variable_info", {"path": "a//b"}),
        ("acl_policy", {"name": "..", "state": "absent"}),
        ("acl_policy", {"name": "a/b", "state": "absent"}),
    ):
        result = in_process(module, **args)
        assert failure(result)["kind"] == "invalid_input", (module, result)
    assert not nomad.asked


@pytest.fixture
def slept(nomad, monkeypatch):
    """The pauses, in seconds; none passes."""
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def test_the_pause_that_a_server_asks_for(nomad, in_process, slept):
    nomad.clock = 1_800_000_000
    date = email.utils.formatdate(nomad.clock + 9, usegmt=True)
    replies = [{"Retry-After": "7"}, {"Retry-After": date}, {"Retry-After": "soon"}]
    nomad.on(f"GET {URL}", *[(429, "too many", headers) for headers in replies], FOUND)
    assert not in_process("variable", **ARGS)["changed"]
    assert slept == [7, 9, 2.5]


def test_a_long_pause_is_not_waited_for(nomad, in_process, slept):
    nomad.on(f"GET {URL}", (429, "too many", {"Retry-After": "3600"}))
    result = in_process("variable", **ARGS)
    assert failure(result)["retry_after"] == 3600
    assert "3600 s" in result["msg"]
    assert nomad.count(f"GET {URL}") == 1
    assert slept == []


def test_a_wait_pauses_as_long_as_it_is_asked_to(nomad, in_process, slept):
    job = {"ID": "whoami", "Stop": False, "Status": "running", "Type": "service"}
    nomad.on("GET /v1/job/whoami", job)
    nomad.on("DELETE /v1/job/whoami", (429, "too many", {"Retry-After": "40"}), {"EvalID": "e"})
    nomad.on("GET /v1/job/whoami/allocations", [])
    assert in_process("job", name="whoami", state="absent", timeout=300)["changed"]
    assert slept == [40]


@pytest.mark.parametrize("index", [None, "0", "many", "\u00b2"])
def test_without_an_index_a_wait_asks_once_a_second(nomad, in_process, slept, index):
    nomad.on("GET /v1/job/whoami", {"ID": "whoami", "Stop": True, "Status": "dead", "Type": "service"})
    running = {"ID": "a0a0a0a0-0000", "Name": "whoami.app[0]", "CreateIndex": 5, "ClientStatus": "running"}
    replies = [(200, [{**running, "ClientStatus": status}], {"X-Nomad-Index": index}) for status in ["running"] * 5 + ["complete"]]
    nomad.on("GET /v1/job/whoami/allocations", *replies)
    assert not in_process("job", name="whoami", state="absent", timeout=300)["changed"]
    assert slept == [1] * 5
    assert all("index" not in asked.query for asked in nomad.all("GET /v1/job/whoami/allocations"))


@pytest.mark.parametrize("date", ["yesterday", "Thu, 99 Foo 2026 25:00:00 GMT", None])
def test_a_server_without_a_clock(nomad, in_process, date):
    nomad.on(f"GET {URL}", (200, FOUND, {"Date": date}))
    assert not in_process("variable", **ARGS)["changed"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_page_that_wants_a_login_is_not_nomads(nomad, in_process, status):
    nomad.on(f"GET {URL}", (status, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"))
    result = in_process("variable", token="t0ken", **ARGS)
    assert failure(result)["kind"] == "refused"
    assert f"the answer is {status} and a page, Sign in, not Nomad's" in result["msg"]
    assert "NOMAD_HTTP_AUTH" in result["msg"]
