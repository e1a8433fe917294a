# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `tailnet_device`: delete the devices that a job left in the tailnet, and no others."""

from __future__ import annotations

from ...module_utils import _arguments
from .._durations import seconds
from .._entry import Entry, Run
from .._errors import InvalidInput
from .._json import Json
from .._tailnet.control_plane import control_plane_of
from .._tailnet.devices import Device
from .._tailnet.names import checked_hostname, checked_tags


def logic(params: Json, run: Run) -> Json:
    """Remove the stale devices of a name and its tags, or in check mode report them."""
    hostname, tags = checked_hostname(params["hostname"]), set(checked_tags(params["tags"]))
    if not tags:
        raise InvalidInput("tags is empty: a device without tags is somebody's own, and never removed.")
    offline_for = seconds("offline_for", params["offline_for"])
    control = control_plane_of(params, run.secrets)
    names = control.given(hostname)
    named = sorted((one for one in control.devices() if names.fullmatch(one.given_name)), key=lambda one: (one.given_name, one.node_id))

    def reason(device: Device) -> str | None:
        return _stays(device, hostname, tags, set(params["keep"]), offline_for)

    stale = [device for device in named if not reason(device)]
    for device in stale if not run.check else ():
        control.remove(device)
        run.progress(f"{hostname}: device {device.given_name} removed")
    kept = [device for device in named if reason(device)]
    return {
        "changed": bool(stale),
        "removed": [device.shown() for device in stale],
        "kept": [{**device.shown(), "reason": reason(device)} for device in kept],
        "diff": {"before": _names(named), "after": _names(kept), "before_header": hostname, "after_header": hostname},
    }


def _stays(device: Device, hostname: str, tags: set[str], keep: set[str], offline_for: int) -> str | None:
    """Return why a device stays; None when it is stale."""
    if device.hostname.lower() != hostname:
        # A name that looks like this one with a suffix may be the whole name of another job.
        return f"it asked for the name {device.hostname}"
    if set(device.tags) != tags:
        return f"its tags are {', '.join(sorted(device.tags)) or 'none'}"
    if device.node_id in keep:
        return "it is in keep"
    if device.online:
        return "it is online"
    if device.offline_for is None or device.offline_for <= offline_for:
        return f"it has not been offline for more than {offline_for} s"
    return None


def _names(devices: list[Device]) -> str:
    return "".join(f"{device.given_name}\n" for device in devices)


ENTRY = Entry(
    arguments={
        **_arguments.control(),
        "state": {"type": "str", "choices": ["absent"], "required": True},
        "hostname": {"type": "str", "required": True},
        "tags": {"type": "list", "elements": "str", "required": True},
        "keep": {"type": "list", "elements": "str", "default": []},
        "offline_for": {"type": "str", "default": "5m"},
    },
    logic=logic,
)
