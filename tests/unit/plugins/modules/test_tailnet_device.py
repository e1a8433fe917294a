# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices are told of, and those that a job left behind are removed: these, and never another's."""

from __future__ import annotations

import pytest

from tests.unit.support.control_planes import DAY, HOUR, TAGS, Device, at

STALE = {"state": "absent", "hostname": "web", "tags": TAGS}


def names(devices):
    return [device["given_name"] for device in devices]


def test_what_is_told(control_plane, ask):
    control_plane.has_devices(
        Device(given_name=f"web{control_plane.suffix}", tags=("tag:b", "tag:a")), Device(id="12", given_name="api", online=True)
    )
    result = ask("tailnet_device_info", **control_plane.args)
    assert not result["changed"]
    api, web = result["devices"]
    assert api["online"]
    assert web == {
        **web,
        "node_id": "11",
        "hostname": "web",
        "given_name": f"web{control_plane.suffix}",
        "addresses": ["100.64.0.1"],
        "tags": ["tag:a", "tag:b"],
        "ephemeral": False,
        "online": False,
        "authorized": True,
        "created": at(-DAY),
        "last_seen": at(-HOUR),
        "expires": None,
    }


def test_what_tailscale_is_asked(tailscale, ask):
    """As the operation listTailnetDevices and the schema Device of the API description have it."""
    device = {
        **tailscale.device(Device()),
        "name": "web.tail0123.ts.net.",
        "isEphemeral": True,
        "keyExpiryDisabled": False,
        "expires": at(DAY),
    }
    tailscale.fake.on(f"GET {tailscale.DEVICES}", {"devices": [device]})
    (found,) = ask("tailnet_device_info")["devices"]
    assert tailscale.fake.asked[0].query == {"fields": "all"}
    assert (found["id"], found["node_id"], found["name"]) == ("911", "11", "web.tail0123.ts.net")
    assert (found["ephemeral"], found["expires"]) == (True, at(DAY))


def test_what_headscale_tells(headscale, ask):
    """As the message Node has it: the name asked for is `name`, the one that it got `givenName`."""
    node = headscale.device(Device(given_name="web-82yrzelo"))
    headscale.fake.on("GET /api/v1/node", {"nodes": [{**node, "preAuthKey": {**node["preAuthKey"], "ephemeral": True}, "expiry": at(DAY)}]})
    (found,) = ask("tailnet_device_info", **headscale.args)["devices"]
    assert (found["id"], found["name"], found["hostname"]) == ("11", "web-82yrzelo", "web")
    assert (found["ephemeral"], found["expires"]) == (True, at(DAY))


def test_the_devices_of_a_user(headscale, ask):
    headscale.has_devices(Device(), Device(id="12", user="other"))
    for user, found in (("ops", ["11"]), ("2", ["12"]), ("", ["11", "12"])):
        result = ask("tailnet_device_info", control="headscale", user=user)
        assert [one["node_id"] for one in result["devices"]] == found


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"hostname": "web"}, ["web", "web-suffix"]),
        ({"hostname": "WEB", "tags": ["tag:b"]}, ["web-suffix"]),
        ({"tags": ["tag:b"]}, ["api", "web-suffix"]),
        ({"tags": ["tag:a", "tag:b"]}, ["api"]),
    ],
)
def test_some_devices(control_plane, ask, more, wanted):
    suffixed = f"web{control_plane.suffix}"
    control_plane.has_devices(
        Device(),
        Device(id="12", given_name=suffixed, tags=("tag:b",)),
        Device(id="13", given_name="api", tags=("tag:b", "tag:a")),
        *(
            Device(id=str(20 + number), given_name=name)
            for number, name in enumerate(("webs", "web-x", "my-web", "web-82yrzelox", "web-01"))
        ),
    )
    found = names(ask("tailnet_device_info", **control_plane.args, **more)["devices"])
    assert found == [name.replace("web-suffix", suffixed) for name in wanted]


def test_what_is_stale_is_removed(control_plane, ask):
    suffixed = f"web{control_plane.suffix}"
    control_plane.has_devices(Device(), Device(id="12", given_name=suffixed), Device(id="13", given_name=suffixed, online=True))
    args = {**control_plane.args, **STALE}
    checked = ask("tailnet_device", check=True, **args)
    assert control_plane.removals() == []
    result = ask("tailnet_device", **args)
    for one in (checked, result):
        assert one["changed"]
        assert names(one["removed"]) == ["web", suffixed]
        assert [device["reason"] for device in one["kept"]] == ["it is online"]
        assert one["diff"]["before"] == f"web\n{suffixed}\n{suffixed}\n"
        assert one["diff"]["after"] == f"{suffixed}\n"
    assert control_plane.removals() == ["11", "12"]


def test_each_removal_is_shown(control_plane, in_process, screen):
    control_plane.has_devices(Device(), Device(id="12", online=True))
    in_process("tailnet_device", **control_plane.args, **STALE)
    assert screen.lines == ["web: device web removed"]


def test_nothing_is_stale(control_plane, ask):
    control_plane.has_devices(Device(online=True))
    result = ask("tailnet_device", **control_plane.args, **STALE)
    assert not result["changed"]
    assert result["removed"] == []
    assert control_plane.removals() == []


@pytest.mark.parametrize(
    ("device", "more", "reason"),
    [
        (Device(hostname="web-frontend"), {}, "it asked for the name web-frontend"),
        (Device(tags=()), {}, "its tags are none"),
        (Device(tags=(*TAGS, "tag:b")), {}, "its tags are tag:b, tag:service"),
        (Device(), {"tags": [*TAGS, "tag:b"]}, "its tags are tag:service"),
        (Device(), {"keep": ["11"]}, "it is in keep"),
        (Device(online=True, last_seen=-DAY), {}, "it is online"),
        (Device(last_seen=-300), {}, "it has not been offline for more than 300 s"),
        (Device(last_seen=-7200), {"offline_for": "2h"}, "it has not been offline for more than 7200 s"),
        (Device(last_seen=None), {"offline_for": "1d"}, "it has not been offline for more than 86400 s"),
    ],
)
def test_what_stays(control_plane, ask, device, more, reason):
    control_plane.has_devices(device)
    result = ask("tailnet_device", **{**control_plane.args, **STALE, **more})
    assert [one["reason"] for one in result["kept"]] == [reason]
    assert not result["changed"]
    assert control_plane.removals() == []


@pytest.mark.parametrize(
    ("device", "more"),
    [
        (Device(last_seen=-301), {}),
        (Device(last_seen=-7201), {"offline_for": "2h"}),
        (Device(last_seen=None), {}),
        (Device(hostname="Web"), {"hostname": "WEB"}),
        (Device(), {"keep": ["12"]}),
    ],
)
def test_what_goes(control_plane, ask, device, more):
    control_plane.has_devices(device)
    assert ask("tailnet_device", **{**control_plane.args, **STALE, **more})["changed"]
    assert control_plane.removals() == ["11"]


@pytest.mark.parametrize("name", ["api", "web-frontend-1", "myweb", "web-x"])
def test_another_name_is_not_even_looked_at(control_plane, ask, name):
    control_plane.has_devices(Device(given_name=name, hostname=name))
    result = ask("tailnet_device", **control_plane.args, **STALE)
    assert (result["changed"], result["kept"]) == (False, [])


def test_a_whole_name_that_looks_like_a_suffix_is_another_jobs(headscale, ask):
    headscale.has_devices(Device(given_name="web-frontend", hostname="web-frontend"))
    result = ask("tailnet_device", **headscale.args, **STALE)
    assert (result["changed"], names(result["kept"])) == (False, ["web-frontend"])


def test_headscale_cuts_a_long_name_before_the_suffix(headscale, ask):
    headscale.has_devices(Device(given_name="a" * 53 + "-82yrzelo", hostname="a" * 60))
    assert ask("tailnet_device", **headscale.args, **{**STALE, "hostname": "a" * 60})["changed"]


def test_tailscale_does_not_say_whether_it_is_online(tailscale, ask):
    device = {name: value for name, value in tailscale.device(Device()).items() if name != "connectedToControl"}
    tailscale.fake.on(f"GET {tailscale.DEVICES}", {"devices": [device]})
    assert [one["reason"] for one in ask("tailnet_device", **STALE)["kept"]] == ["it is online"]


def test_somebody_else_was_faster(control_plane, ask):
    control_plane.has_devices(Device())
    (request,) = [request for request in control_plane.fake.replies if request.startswith("DELETE")]
    control_plane.fake.on(request, (404, {"message": "not found"}))
    assert ask("tailnet_device", **control_plane.args, **STALE)["changed"]


def test_nobody_may_remove(control_plane, ask):
    control_plane.has_devices(Device())
    (request,) = [request for request in control_plane.fake.replies if request.startswith("DELETE")]
    control_plane.fake.on(request, (403, {"message": "no"}))
    result = ask("tailnet_device", **control_plane.args, **STALE)
    assert result["failure"]["kind"] == "denied"
    assert "Could not remove the device web" in result["msg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tags": []}, "tags is empty"),
        ({"tags": ["service"]}, "not a tag"),
        ({"hostname": "web.example.com"}, "not a name"),
        ({"hostname": ".*"}, "not a name"),
        ({"offline_for": "long"}, "not a duration"),
        ({"state": "present"}, "one of: absent"),
    ],
)
def test_what_cannot_work_is_said_without_asking(control_plane, ask, more, words):
    result = ask("tailnet_device", **{**control_plane.args, **STALE, **more})
    assert words in result["msg"]
    assert not control_plane.fake.asked
