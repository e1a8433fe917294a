# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the server's own words prove that something is not there: a 404 of a proxy proves nothing."""

from __future__ import annotations

import pytest

from tests.unit.support.control_planes import TAGS, Device, Key

PAGE = "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr>nginx</body></html>"
FOREIGN = [PAGE, "404 page not found", "not found", '{"error": "no route"}', ""]


@pytest.mark.parametrize("words", FOREIGN)
@pytest.mark.parametrize(
    ("request_", "module", "args"),
    [
        ("GET /v1/job/whoami", "job", {"name": "whoami", "state": "absent"}),
        ("GET /v1/var/whoami", "variable", {"path": "whoami", "state": "absent"}),
        ("GET /v1/var/whoami", "variable_info", {"path": "whoami"}),
        ("GET /v1/acl/policy/whoami", "acl_policy", {"name": "whoami", "state": "absent"}),
    ],
)
def test_a_404_of_something_else_than_nomad(nomad, in_process, request_, module, args, words):
    assert not in_process(module, **args)["changed"]
    nomad.on(request_, (404, words))
    result = in_process(module, **args)
    assert result["failed"], result
    assert result["failure"]["kind"] == "refused"
    assert result["failure"]["status"] == 404
    assert "404" in result["msg"]
    assert "proxy" in result["msg"]
    assert "<" not in result["msg"]


@pytest.mark.parametrize("words", FOREIGN)
def test_a_404_of_something_else_than_the_control_plane(control_plane, ask, words):
    control_plane.has_keys(Key())
    for request in list(control_plane.fake.replies):
        control_plane.fake.on(request, (404, words))
    result = ask("tailscale_key", **control_plane.args, state="absent", id="7")
    assert result["failed"], result
    assert result["failure"]["kind"] == "refused"
    assert "404" in result["msg"]
    assert "<" not in result["msg"]


def test_a_key_that_is_not_found_is_looked_for_in_the_list(tailscale, ask):
    """A wrong tailnet is not found as a key is not found; and a list that has the key contradicts the other answer."""
    args = {"state": "absent", "id": "7"}
    tailscale.has_keys(Key(id="8"))
    assert not ask("tailscale_key", **args)["changed"]
    tailscale.has_keys(Key())
    tailscale.fake.on(f"GET {tailscale.KEYS}/7", (404, {"message": "not found"}))
    assert "the list has it" in ask("tailscale_key", **args)["msg"]
    tailscale.fake.on(f"GET {tailscale.KEYS}", (404, {"message": "tailnet not found"}))
    result = ask("tailscale_key", **args)
    assert result["failed"]
    assert "TAILSCALE_TAILNET" in result["msg"]


def test_a_list_without_its_field_is_no_empty_list(control_plane, ask):
    control_plane.has_keys()
    control_plane.has_devices()
    for request in list(control_plane.fake.replies):
        if request not in ("GET /api/v1/user",):
            control_plane.fake.on(request, {})
    for module, more in (
        ("tailscale_key", {"state": "absent", "id": "7"}),
        ("tailscale_key_info", {}),
        ("tailnet_device_info", {}),
        ("tailnet_device", {"state": "absent", "hostname": "web", "tags": TAGS}),
    ):
        result = ask(module, **control_plane.args, **more)
        assert result["failed"], (module, result)
        assert result["failure"]["kind"] == "refused"


@pytest.mark.parametrize("reply", [(200, PAGE), (404, PAGE), (200, [])])
def test_an_answer_of_something_else_removes_nothing(control_plane, ask, reply):
    control_plane.has_keys(Key())
    control_plane.has_devices(Device())
    for request in list(control_plane.fake.replies):
        if not request.startswith("GET"):
            control_plane.fake.on(request, reply)
    for module, more in (
        ("tailscale_key", {"state": "absent", "id": "7"}),
        ("tailnet_device", {"state": "absent", "hostname": "web", "tags": TAGS}),
    ):
        result = ask(module, **control_plane.args, **more)
        assert result["failed"], (module, result)
        assert result["failure"]["kind"] == "refused"


def test_headscale_that_does_not_show_the_text_of_a_key_cannot_revoke_it(headscale, ask):
    headscale.fake.on("GET /api/v1/preauthkey", {"preAuthKeys": [{**headscale.key(Key()), "key": ""}]})
    result = ask("tailscale_key", **headscale.args, state="absent", id="7")
    assert result["failed"]
    assert "revoke the auth key 7" in result["msg"]
