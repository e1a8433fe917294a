# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices a tailnet has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tailnet_device_info
short_description: Ask which devices a tailnet has
version_added: 0.4.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns the devices of a tailnet, at Tailscale or at headscale, or those with a name and with tags.
options:
  hostname:
    description:
      - Only devices that got this name, or this name with the suffix that the control plane gives to the next device when a name is taken,
        at Tailscale C(-1), C(-2) and so on, at headscale C(-) and eight letters and digits.
      - What looks like a suffix may be a part of a whole name. RV(devices[].hostname) tells what a node asked for.
    type: str
  tags:
    description:
      - Only devices that have all of these tags.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - notailcar.nomad.control
  - notailcar.nomad.attributes
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  check_mode:
    details:
      - Nothing is ever changed.
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - It takes the OAuth scope C(devices:core:read), or an API access token, or an API key of headscale.
seealso:
  - module: notailcar.nomad.tailnet_device
"""

EXAMPLES = r"""
- name: See who has the name
  notailcar.nomad.tailnet_device_info:
    hostname: whoami
  register: found

- name: One device, and by its own name
  ansible.builtin.assert:
    that: found.devices | map(attribute="given_name") == ["whoami"]
"""

RETURN = r"""
devices:
  description: The devices, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the device. At Tailscale it has two, this is the older one.
      type: str
      sample: "92960230385"
    node_id:
      description: ID of the node, as C(tailscale status --json) shows it in C(Self.ID).
      type: str
      sample: n292kg92CNTRL
    name:
      description: Its whole DNS name. headscale does not tell what it ends with, so there it is RV(devices[].given_name).
      type: str
      sample: whoami-1.tailfe8c.ts.net
    hostname:
      description: The name that the node asked for.
      type: str
      sample: whoami
    given_name:
      description: The name that it got.
      type: str
      sample: whoami-1
    addresses:
      description: Its addresses in the tailnet.
      type: list
      elements: str
      sample: [100.87.74.78]
    tags:
      description: Its tags, sorted.
      type: list
      elements: str
      sample: ["tag:service"]
    ephemeral:
      description: Whether it is forgotten some time after it went offline.
      type: bool
      sample: true
    online:
      description: Whether the control plane sees it.
      type: bool
      sample: false
    authorized:
      description: Whether it is approved. At headscale every device is.
      type: bool
      sample: true
    created:
      description: When it was first in.
      type: str
      sample: "2027-05-20T09:00:00Z"
    last_seen:
      description: When it was seen last. Tailscale does not tell it of a device that is online.
      type: str
      sample: "2027-05-20T10:00:00Z"
    expires:
      description: When it has to log in again, null for never.
      type: str
      sample: null
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(not_found), V(refused), V(server).
      type: str
      sample: denied
    scope:
      description: The scope that the OAuth client lacks.
      returned: when an OAuth client is denied
      type: str
      sample: devices:core
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailnet_device_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
