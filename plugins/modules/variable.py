# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a Nomad Variable as wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: variable
short_description: Write and delete a Nomad Variable
version_added: 0.1.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Writes a variable when its items differ from the wanted ones, and deletes it.
  - A variable that someone else changes between reading and writing is not overwritten (check-and-set); the task fails then.
  - Values are never shown, neither in results nor in diffs nor in errors. Names of keys are.
options:
  state:
    description:
      - With V(present) the variable has exactly O(items); keys that are not named are removed, unless O(merge).
      - With V(absent) the variable does not exist.
    type: str
    choices:
      - present
      - absent
    default: present
  path:
    description:
      - Path of the variable, 1 to 128 letters, digits and C(-), C(_), C(~), C(/).
      - Without a policy a task can read V(nomad/jobs), V(nomad/jobs/<job>), V(nomad/jobs/<job>/<group>) and
        V(nomad/jobs/<job>/<group>/<task>).
    type: str
    required: true
  items:
    description:
      - Keys and their values, texts. Numbers and booleans become texts (V(true), V(false)).
      - Keys and values together are limited to 64 KiB.
      - Required with O(state=present).
    type: dict
  keep:
    description:
      - Keys of O(items) that are written only where they are missing; a value that is there stays.
      - So something can be made once, for example a password, and then belongs to the variable.
    type: list
    elements: str
    default: []
    version_added: 0.3.0
  merge:
    description: Whether keys that O(items) does not name stay as they are.
    type: bool
    default: false
    version_added: 0.4.0
  check_index:
    description:
      - Index that the variable must still have, as RV(ignore:modify_index) of M(notailcar.nomad.variable_info) was; V(0) when it must not
        exist. With any other nothing is written, and the task fails.
      - So what was decided from its items is not written over what somebody else has decided meanwhile.
    type: int
    version_added: 0.4.0
  return_previous:
    description:
      - Return what the variable held before, so that another task can write it back.
      - The task's result is then not shown, as with C(no_log), and it cannot be asynchronous.
    type: bool
    default: false
    version_added: 0.5.0
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
attributes:
  diff_mode:
    support: full
    details:
      - Shows names of keys, never values.
notes:
  - The token needs the capabilities C(read), C(write) and C(destroy) on the variable's path in its namespace.
  - Without ACLs every job reads every variable; a write warns of that.
seealso:
  - module: notailcar.nomad.job
"""

EXAMPLES = r"""
- name: Give the auth key to the sidecar alone
  notailcar.nomad.variable:
    path: nomad/jobs/whoami/app/tailscale
    items:
      auth_key: "{{ vault_tailscale_auth_key }}"
      serve_config: "{{ whoami_serve_config | ansible.builtin.to_json }}"

- name: A password that is made once
  notailcar.nomad.variable:
    path: nomad/jobs/shop/shop/database
    items:
      user: shop
      password: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"
    keep: [password]

- name: Take it away again
  notailcar.nomad.variable:
    path: nomad/jobs/whoami/app/tailscale
    state: absent
"""

RETURN = r"""
path:
  description: Path of the variable.
  returned: success
  type: str
  sample: nomad/jobs/whoami/app/tailscale
namespace:
  description: Namespace of the variable.
  returned: success
  type: str
  sample: default
modify_index:
  description: Index of the variable after the task, V(0) when it does not exist. In check mode the index as it is.
  returned: success
  type: int
  sample: 214
keys:
  description: Names of the keys that differ.
  returned: success
  type: dict
  contains:
    added:
      description: Keys that were not there.
      type: list
      elements: str
      sample: [serve_config]
    changed:
      description: Keys with another value.
      type: list
      elements: str
      sample: [auth_key]
    removed:
      description: Keys that are not wanted.
      type: list
      elements: str
      sample: []
    others:
      description: Keys that stay and that O(items) does not name, with O(merge).
      type: list
      elements: str
      sample: []
previous:
  description: Keys and values before the task, empty when there was no variable.
  returned: success, with O(return_previous=true)
  type: dict
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(conflict), V(refused), V(server).
      type: str
      sample: conflict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.variable import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
