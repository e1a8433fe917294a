# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options with which the keys of a workload are made."""

from __future__ import annotations

DOCUMENTATION = r"""
name: minting_options
short_description: Read how the auth keys of a workload are made
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns options of the module M(notailcar.nomad.tailscale_key) from the inputs of a role, inside the roles. A plan does not hold them,
    because the credentials of the control plane are among them.
options:
  _terms:
    description:
      - V(control) for those that say how the control plane is reached, which M(notailcar.nomad.tailnet_device) takes, too.
      - V(key) for these and all that say which key the job needs.
    type: list
    elements: str
    choices: [key, control]
    required: true
  plan:
    description: The result of M(notailcar.nomad.workload_plan).
    type: dict
    required: true
notes:
  - What a lookup returns is no secret to Ansible. Use C(no_log) where a task would show it.
seealso:
  - module: notailcar.nomad.workload_plan
"""

EXAMPLES = r"""
- name: Revoke a key, inside the role
  notailcar.nomad.tailscale_key:
    state: absent
    id: kABC
  module_defaults:
    notailcar.nomad.tailscale_key: "{{ lookup('notailcar.nomad.minting_options', 'control', plan=workload_plan) }}"
"""

RETURN = r"""
_list:
  description: The options.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.contents import control_options, key_request

PARTS = {"control": control_options, "key": key_request}


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[dict[str, t.Any]]:
        """Return the value that DOCUMENTATION describes."""
        if unknown := [term for term in terms if term not in PARTS]:
            raise AnsibleLookupError(f"notailcar.nomad.minting_options knows {' and '.join(PARTS)}, not {unknown[0]}.")
        try:
            declaration = declare(given["plan"]["declaration"]["role"], variables, self._templar)
        except InvalidInput as error:
            raise AnsibleLookupError(str(error)) from None
        return [PARTS[term](declaration) for term in terms]
