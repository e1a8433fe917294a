# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors between us and a control plane, what is tried again, and how it is reached."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils import _http

from tests.unit.support.control_planes import API_KEY, CLIENT, CLIENT_SECRET, NEW_TEXT, TAGS, TOKEN, Device

DEVICES = {"tailscale": "GET /api/v2/tailnet/-/devices", "headscale": "GET /api/v1/node"}
KEYS = {"tailscale": "POST /api/v2/tailnet/-/keys", "headscale": "POST /api/v1/preauthkey"}
OAUTH = {"api_key": "", "oauth_client_id": CLIENT, "oauth_client_secret": CLIENT_SECRET}


@pytest.fixture
def devices(control_plane):
    """The request that lists the devices."""
    return DEVICES[control_plane.args.get("control", "tailscale")]


def failure(result):
    assert result["failed"]
    return result["failure"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_read_is_tried_again(control_plane, ask, devices, status):
    control_plane.has_devices(Device())
    found = control_plane.fake.replies[devices][0]
    control_plane.fake.on(devices, (status, {"message": "busy"}), (status, "busy"), found)
    assert len(ask("tailnet_device_info", **control_plane.args)["devices"]) == 1


@pytest.mark.parametrize(("status", "words"), [(429, "limits requests"), (500, "is not able to answer"), (503, "is not able to answer")])
def test_not_for_ever(control_plane, ask, devices, status, words):
    control_plane.fake.on(devices, (status, {"message": "so busy"}))
    result = ask("tailnet_device_info", **control_plane.args)
    assert failure(result)["kind"] == "server"
    assert failure(result)["status"] == status
    assert f"Could not list the devices: {control_plane.args.get('control', 'Tailscale')} {words} ({status}: so busy)" in result["msg"]
    assert control_plane.fake.count(devices) == 4


def test_a_key_is_not_made_twice(control_plane, ask):
    request = KEYS[control_plane.args.get("control", "tailscale")]
    control_plane.fake.on(request, (503, "busy"))
    assert failure(ask("tailscale_key", **control_plane.args, tags=TAGS))["kind"] == "server"
    assert control_plane.fake.count(request) == 1


def test_a_refusal_is_not_tried_again(control_plane, ask):
    request = KEYS[control_plane.args.get("control", "tailscale")]
    control_plane.fake.on(request, (400, {"message": "requested tags are invalid"}))
    result = ask("tailscale_key", **control_plane.args, tags=TAGS)
    assert failure(result)["kind"] == "refused"
    assert result["msg"].endswith("answered 400: requested tags are invalid")
    assert control_plane.fake.count(request) == 1


def test_what_the_server_says_of_our_credential_is_scrubbed(control_plane, ask, devices):
    control_plane.fake.on(devices, (401, {"message": f"{API_KEY} is over"}))
    result = ask("tailnet_device_info", **control_plane.args)
    assert "******** is over" in result["msg"]
    assert failure(result)["kind"] == "denied"


def test_a_credential_is_scrubbed_before_it_is_used(ask):
    result = ask("tailnet_device", state=API_KEY, hostname="web", tags=TAGS, api_key=API_KEY)
    assert "one of: absent" in result["msg"]


@pytest.mark.parametrize("end", ["\n", "\r\n", " "])
def test_a_credential_may_end_with_its_line(control_plane, ask, devices, end):
    control_plane.has_devices()
    assert ask("tailnet_device_info", **control_plane.args, api_key=API_KEY + end)["devices"] == []
    control_plane.fake.on(devices, (401, {"message": f"{API_KEY}: over"}))
    assert "********: over" in ask("tailnet_device_info", **control_plane.args, api_key=API_KEY + end)["msg"]


def test_what_http_cannot_carry_is_not_repeated(control_plane, ask):
    result = ask("tailnet_device_info", **control_plane.args, api_key=f"{API_KEY}\nmore")
    assert failure(result)["kind"] == "invalid_input"
    assert "in the credential is something that HTTP cannot carry" in result["msg"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://[::1", "is not an address"),
        ("https://me:{secret}@headscale.example", "contains a user or a password"),
        ("https://me:{secret}@headscale.example:port", "is not an address"),
        ("ftp://me:{secret}@headscale.example", "begins with http://, https://, not ftp://"),
        ("unix:///run/headscale.sock", "begins with http://, https://, not unix://"),
        ("https://headscale.example?x={secret}", "behind ? or #"),
    ],
)
def test_an_address_that_is_none(control_plane, ask, address, words):
    result = ask("tailnet_device_info", **control_plane.args, control_url=address.replace("{secret}", NEW_TEXT[::-1]))
    assert failure(result)["kind"] == "invalid_input"
    assert words in result["msg"]
    assert "control_url" in result["msg"]
    assert "x=" in address or NEW_TEXT[::-1] not in str(result)


def test_an_api_token_that_is_not_known(tailscale, ask):
    tailscale.fake.on(DEVICES["tailscale"], (401, {"message": "API token invalid"}))
    result = ask("tailnet_device_info")
    assert "does not accept the credential (401: API token invalid)" in result["msg"]
    assert "TAILSCALE_API_KEY" in result["msg"]
    assert "scope" not in failure(result)


@pytest.mark.parametrize(
    ("module", "args", "scope"),
    [
        ("tailscale_key", {"tags": TAGS}, "auth_keys"),
        ("tailscale_key_info", {}, "auth_keys:read"),
        ("tailnet_device_info", {}, "devices:core:read"),
    ],
)
def test_an_oauth_client_without_the_scope(tailscale, ask, module, args, scope):
    tailscale.fake.on("POST /api/v2/oauth/token", {"access_token": TOKEN})
    denied = (403, {"message": f"calling actor {TOKEN} does not have enough permissions"})
    for request in (KEYS["tailscale"], DEVICES["tailscale"], "GET /api/v2/tailnet/-/keys"):
        tailscale.fake.on(request, denied)
    result = ask(module, **OAUTH, **args)
    assert failure(result)["kind"] == "denied"
    assert failure(result)["scope"] == scope
    assert "does not permit it (403: calling actor" in result["msg"]
    assert f"needs the scope {scope}" in result["msg"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_oauth_client_that_is_not_known(tailscale, ask, status):
    tailscale.fake.on("POST /api/v2/oauth/token", (status, {"error": "invalid_client", "error_description": f"not {CLIENT_SECRET}"}))
    result = ask("tailnet_device_info", **OAUTH)
    assert failure(result)["kind"] == "denied"
    assert "Could not get a token for the OAuth client" in result["msg"]
    assert "TAILSCALE_OAUTH_CLIENT_SECRET" in result["msg"]
    assert tailscale.fake.count(DEVICES["tailscale"]) == 0


def test_no_token_for_the_oauth_client(tailscale, ask):
    tailscale.fake.on("POST /api/v2/oauth/token", (503, ""), {})
    assert "answered without one" in ask("tailnet_device_info", **OAUTH)["msg"]


def test_an_api_key_that_headscale_does_not_know(headscale, ask):
    headscale.fake.on("GET /api/v1/user", (401, "Unauthorized"))
    result = ask("tailscale_key_info", **headscale.args)
    assert "does not accept the credential (401: Unauthorized)" in result["msg"]
    assert "HEADSCALE_CLI_API_KEY" in result["msg"]
    assert "scope" not in failure(result)


def test_a_tailnet_that_is_not_known(tailscale, ask):
    result = ask("tailnet_device_info", tailnet="else.example")
    assert failure(result)["kind"] == "not_found"
    assert "TAILSCALE_TAILNET" in result["msg"]


def test_an_address_of_something_else(control_plane, ask, devices):
    control_plane.fake.on(devices, "<html>")
    result = ask("tailnet_device_info", **control_plane.args)
    assert failure(result)["kind"] == "refused"
    assert "does not answer like" in result["msg"]
    assert "control_url" in result["msg"]


def test_unreachable(control_plane, ask):
    result = ask("tailnet_device_info", control_url="http://127.0.0.1:1", **control_plane.args)
    assert failure(result)["kind"] == "unreachable"
    assert "Check control_url" in result["msg"]


def test_https_where_http_is_spoken(control_plane, ask):
    address = control_plane.address.replace("http:", "https:")
    result = ask("tailnet_device_info", control_url=address, **control_plane.args)
    assert failure(result)["kind"] == "tls"
    # Without a scheme it is https as well: no credential goes out in clear because a word was left out.
    assert ask("tailnet_device_info", control_url=address[8:], **control_plane.args)["msg"] == result["msg"]
    assert not control_plane.fake.asked


def test_a_certificate_that_is_not_trusted(control_plane, ask, monkeypatch):
    def distrust(*_args, **_more):
        error = ssl.SSLCertVerificationError("no")
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr(_http, "_ask", distrust)
    result = ask("tailnet_device_info", **control_plane.args)
    assert failure(result)["kind"] == "tls"
    assert "not trusted (self-signed certificate). Name its authority in control_ca_cert." in result["msg"]


def test_an_authority_that_is_not_there(control_plane, ask):
    result = ask("tailnet_device_info", control_url="https://127.0.0.1:1", control_ca_cert="/does/not/exist.pem", **control_plane.args)
    assert "ca_cert=/does/not/exist.pem" in result["msg"]


def test_a_redirect_does_not_carry_the_credential_away(control_plane, ask, devices):
    control_plane.fake.on(devices, (307, "elsewhere"))
    result = ask("tailnet_device_info", **control_plane.args)
    assert "redirects" in result["msg"]
    assert len(control_plane.fake.asked) == 1


@pytest.mark.parametrize("variables", [("TAILSCALE_API_KEY",), ("TAILSCALE_API_KEY", "TAILSCALE_BASE_URL")])
def test_without_a_credential(tailscale, ask, monkeypatch, variables):
    """AWX sets the variables of a credential also where the person left a field empty."""
    for name in (*variables, "TAILSCALE_OAUTH_CLIENT_ID", "TAILSCALE_TAILNET"):
        monkeypatch.setenv(name, "")
    result = ask("tailnet_device_info", oauth_client_secret=CLIENT_SECRET)
    assert failure(result)["kind"] == "invalid_input"
    assert "no credential" in result["msg"]
    assert not tailscale.fake.asked


def test_each_control_plane_has_its_own_variables(headscale, ask, monkeypatch):
    monkeypatch.setenv("TAILSCALE_API_KEY", "another-key")
    monkeypatch.setenv("TAILSCALE_BASE_URL", "http://127.0.0.1:1")
    headscale.has_devices()
    assert ask("tailnet_device_info", **headscale.args)["devices"] == []
    assert headscale.fake.asked[0].headers["Authorization"] == f"Bearer {API_KEY}"


def test_options_come_before_the_environment(control_plane, ask):
    control_plane.has_devices()
    ask("tailnet_device_info", api_key=NEW_TEXT[::-1], control_url=control_plane.address + "/", **control_plane.args)
    assert control_plane.fake.asked[0].headers["Authorization"] == f"Bearer {NEW_TEXT[::-1]}"
