# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what of a site is weaker than it need be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: posture_info
short_description: Report weak keys, broad variables and open doors
version_added: 0.4.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Looks at Nomad, at the jobs that have a sidecar of this collection, at the variables that their tasks read, and at auth keys that it is
    given.
  - It reports; with O(strict) it fails when it finds something that is not accepted.
options:
  keys:
    description: Auth keys as M(notailcar.nomad.tailscale_key_info) returns them. Those that are revoked or have expired are left out.
    type: list
    elements: dict
    default: []
  max_key_days:
    description: How many days from its creation a key may be good for.
    type: int
    default: 30
  accept:
    description:
      - Kinds of findings that are reported and do not fail - V(http), V(acls_off), V(broad_variable), V(image_latest), V(key_reusable),
        V(key_not_ephemeral), V(key_untagged), V(key_long_lived).
    type: list
    elements: str
    default: []
  strict:
    description: Whether to fail when something is found whose kind is not in O(accept).
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
attributes:
  check_mode:
    details:
      - Nothing is ever changed. In check mode O(strict) does not fail.
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - The token needs the capabilities C(list-jobs) and C(read-job), and C(list) on the variables; values are not read. Of variables that it
    may not list Nomad says nothing.
  - With O(namespace=*) it looks at all namespaces.
seealso:
  - module: notailcar.nomad.variable
"""

EXAMPLES = r"""
- name: Report what is weaker than it need be
  notailcar.nomad.posture_info:
  register: posture

- name: Ask which auth keys there are
  notailcar.nomad.tailscale_key_info:
  register: tailnet

- name: Fail for anything but reusable keys
  notailcar.nomad.posture_info:
    keys: "{{ tailnet.auth_keys }}"
    accept: [key_reusable]
    strict: true
"""

RETURN = r"""
findings:
  description: What was found, sorted by kind and subject.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: See O(accept).
      type: str
      sample: key_reusable
    subject:
      description: Key, variable, task or address.
      type: str
      sample: key kHq3TnG2CNTRL (whoami)
    text:
      description: What is weak about it.
      type: str
      sample: who finds it adds any number of nodes until it expires
    accepted:
      description: Whether O(accept) has its kind.
      type: bool
      sample: true
jobs:
  description: IDs of the jobs that were looked at.
  returned: success
  type: list
  elements: str
  sample: [whoami]
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(failed), V(invalid_input), V(unreachable), V(tls), V(denied), V(refused), V(server).
      type: str
      sample: failed
    findings:
      description: As RV(findings), when it fails for them.
      type: list
      elements: dict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.posture_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
