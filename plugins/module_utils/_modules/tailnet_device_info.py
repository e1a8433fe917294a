# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `tailnet_device_info`: which devices a tailnet has."""

from __future__ import annotations

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._json import Json
from .._tailnet.control_plane import control_plane_of
from .._tailnet.names import checked_hostname, checked_tags


def logic(params: Json, run: Run) -> Json:
    """Return the devices, or those of a name and with some tags."""
    control = control_plane_of(params, run.secrets)
    tags = set(checked_tags(params["tags"]))
    names = control.given(checked_hostname(params["hostname"])) if params["hostname"] else None
    found = [device for device in control.devices() if tags <= set(device.tags) and (names is None or names.fullmatch(device.given_name))]
    return {
        "changed": False,
        "devices": [device.shown() for device in sorted(found, key=lambda device: (device.given_name, device.node_id))],
    }


ENTRY = Entry(
    arguments={
        **_arguments.control(),
        "hostname": {"type": "str"},
        "tags": {"type": "list", "elements": "str", "default": []},
    },
    logic=logic,
)
