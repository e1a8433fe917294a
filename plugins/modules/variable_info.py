# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nomad Variables there are."""

from __future__ import annotations

DOCUMENTATION = r"""
module: variable_info
short_description: Ask which Nomad Variables there are
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns one variable with the names of its keys, or all variables whose paths begin alike.
  - Values are not returned, but for those of O(reveal); the lookup P(notailcar.nomad.variable#lookup) reads them.
  - A variable that does not exist is not an error; the list is empty then.
options:
  path:
    description: Path of the variable.
    type: str
  prefix:
    description:
      - What the paths of the variables begin with. V(nomad/jobs/web) is also the beginning of V(nomad/jobs/webhook).
      - Without O(path) and O(prefix) all variables of the namespace are returned.
    type: str
  reveal:
    description: With O(path), names of keys whose values are no secret and are returned.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
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
      - Nothing is ever changed.
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - For O(path) the token needs the capability C(read) on that path, because Nomad tells the keys only together with their values.
    For O(prefix) it needs C(list); of variables that it may not list Nomad says nothing.
  - With O(prefix) the O(namespace) may be V(*).
seealso:
  - module: notailcar.nomad.variable
  - plugin: notailcar.nomad.variable
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: See whether the key of a service is there
  notailcar.nomad.variable_info:
    path: nomad/jobs/whoami/app/tailscale
  register: found

- name: Stop where it is not
  ansible.builtin.assert:
    that:
      - found.variables | length == 1
      - "'auth_key' in found.variables[0]['keys']"

- name: Find what jobs left behind
  notailcar.nomad.variable_info:
    prefix: nomad/jobs/
    namespace: "*"
"""

RETURN = r"""
variables:
  description: The variables, sorted by namespace and path.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path of the variable.
      type: str
      sample: nomad/jobs/whoami/app/tailscale
    namespace:
      description: Namespace of the variable.
      type: str
      sample: default
    modify_index:
      description: Index of the variable.
      type: int
      sample: 214
    create_time:
      description: When it was made, in seconds since 1970.
      type: int
      sample: 1795321396
    modify_time:
      description: When it was changed, in seconds since 1970.
      type: int
      sample: 1795321396
    keys:
      description: Names of its keys, sorted.
      returned: when O(path) is given
      type: list
      elements: str
      sample: [auth_key, serve_config]
    revealed:
      description: The keys of O(reveal) that it has, with their values.
      returned: when O(path) is given
      type: dict
      sample: {auth_key_id: kHq3TnG2CNTRL}
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(refused), V(server).
      type: str
      sample: denied
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.variable_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
