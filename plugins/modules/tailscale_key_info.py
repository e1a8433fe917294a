# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What auth keys a tailnet has."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tailscale_key_info
short_description: Ask which auth keys a tailnet has
version_added: 0.4.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns one auth key, or those that the control plane lists. Never the keys themselves.
  - Tailscale lists the keys that nodes can log in with; headscale lists those of one user, also those that have ended.
  - A key that does not exist is not an error; the list is empty then.
options:
  id:
    description: ID of the key.
    type: str
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
  - It takes the OAuth scope C(auth_keys:read), or an API access token, or an API key of headscale.
seealso:
  - module: notailcar.nomad.tailscale_key
"""

EXAMPLES = r"""
- name: See which keys there are
  notailcar.nomad.tailscale_key_info:
  register: found

- name: None of them may be for many nodes and long
  ansible.builtin.assert:
    that: not item.reusable or item.expires < "2027-06-01"
  loop: "{{ found.auth_keys }}"
"""

RETURN = r"""
auth_keys:
  description: The keys, in the order of the control plane. Of a key that has ended Tailscale tells little.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the key.
      type: str
      sample: k123456CNTRL
    description:
      description: What it is for, empty at headscale.
      type: str
      sample: nomad whoami
    created:
      description: When it was made.
      type: str
      sample: "2027-05-20T09:00:00Z"
    expires:
      description: Until when nodes can log in with it.
      type: str
      sample: "2027-05-20T10:00:00Z"
    expired:
      description: Whether that is over, by the clock of the control plane.
      type: bool
      sample: false
    revoked:
      description: Whether it was revoked. headscale lets a key expire instead.
      type: bool
      sample: false
    used:
      description: Whether a node has logged in with it. Tailscale does not say it of a key that is good for more nodes.
      type: bool
      sample: false
    reusable:
      description: Whether more than one node may log in with it.
      type: bool
      sample: true
    ephemeral:
      description: Whether its nodes are forgotten some time after they went offline.
      type: bool
      sample: true
    preauthorized:
      description: Whether its nodes need no approval.
      type: bool
      sample: true
    tags:
      description: Tags of its nodes, sorted.
      type: list
      elements: str
      sample: ["tag:service"]
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
      sample: auth_keys
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailscale_key_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
