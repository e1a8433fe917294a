# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a tailnet forget the stale devices of a job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tailnet_device
short_description: Remove the stale devices of a job from a tailnet
version_added: 0.4.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Removes the devices that an earlier node of a job left behind, at Tailscale or at headscale, so that its name is free again and the next
    one does not get a suffix.
  - A device is removed when all of this is true - it asked for the name O(hostname), and got it, with or without a suffix; it has exactly
    the tags O(tags); it is not in O(keep); it is offline, and for longer than O(offline_for).
  - A device without tags is never removed, and neither is one that is online.
options:
  state:
    description:
      - V(absent), there are no such devices.
    type: str
    choices:
      - absent
    required: true
  hostname:
    description:
      - The name that the job's nodes ask for, without a domain.
    type: str
    required: true
  tags:
    description:
      - The tags of the job's nodes, each with V(tag:). A device with one more or one less is another's.
    type: list
    elements: str
    required: true
  keep:
    description:
      - The C(node_id) of devices that stay, for example those of the allocations that run.
    type: list
    elements: str
    default: []
  offline_for:
    description:
      - How long a device has to be offline, in seconds or as V(5m), V(24h), V(30d), by the clock of the control plane.
    type: str
    default: 5m
extends_documentation_fragment:
  - notailcar.nomad.control
  - notailcar.nomad.attributes
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  diff_mode:
    support: full
    details:
      - Shows the names of the devices.
notes:
  - It takes the OAuth scope C(devices:core), or an API access token, or an API key of headscale.
  - Jobs with the same tags that ask for the same name are not told apart.
  - A node whose device was removed has to log in again when it comes back.
seealso:
  - module: notailcar.nomad.tailnet_device_info
  - module: notailcar.nomad.tailscale_health
"""

EXAMPLES = r"""
- name: Free the name of a service
  notailcar.nomad.tailnet_device:
    state: absent
    hostname: whoami
    tags: [tag:service]

- name: At headscale, and not those that run
  notailcar.nomad.tailnet_device:
    control: headscale
    control_url: https://headscale.example.com
    api_key: "{{ vault_headscale_api_key }}"
    state: absent
    hostname: whoami
    tags: [tag:service]
    keep: "{{ whoami_node_ids }}"
    offline_for: 1h
"""

RETURN = r"""
removed:
  description: The devices that were removed, or in check mode would be, sorted by name.
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
      description: Its whole DNS name. headscale does not tell what it ends with, so there it is RV(removed[].given_name).
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
kept:
  description: The devices that got the name, with or without a suffix, and stay.
  returned: success
  type: list
  elements: dict
  contains:
    reason:
      description: Why it stays.
      type: str
      sample: it is online
    node_id:
      description: ID of the node. The other fields are those of RV(removed).
      type: str
      sample: n292kg92CNTRL
    given_name:
      description: The name that it got.
      type: str
      sample: whoami
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
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailnet_device import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
