# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of a workload's Nomad Variable."""

from __future__ import annotations

DOCUMENTATION = r"""
name: variable_items
short_description: Read what a Nomad Variable of a workload shall hold
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Reads the secrets of a task from the sources that the inputs of its role name, inside the roles. A plan holds no secrets, so each step
    that writes them reads them here.
options:
  _terms:
    description: Names of tasks of the job. V(tailscale) is the sidecar.
    type: list
    elements: str
    required: true
  plan:
    description: The result of M(notailcar.nomad.workload_plan).
    type: dict
    required: true
notes:
  - What a lookup returns is no secret to Ansible. Use C(no_log) where a task would show it.
seealso:
  - module: notailcar.nomad.workload_plan
  - plugin: notailcar.nomad.secret
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Store the secrets of the app, inside the role
  notailcar.nomad.variable:
    path: nomad/jobs/whoami/whoami/app
    items: "{{ lookup('notailcar.nomad.variable_items', 'app', plan=workload_plan) }}"
"""

RETURN = r"""
_list:
  description: For each task its items.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import declare
from ansible_collections.notailcar.nomad.plugins.plugin_utils._plan.contents import variable_items
from ansible_collections.notailcar.nomad.plugins.plugin_utils._secrets import SecretSources


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[dict[str, t.Any]]:
        """Return the value that DOCUMENTATION describes, for each task."""
        plan = given["plan"]
        sources = SecretSources(variables, self._loader, self._templar)
        try:
            declaration = declare(plan["declaration"]["role"], variables, self._templar)
            return [variable_items(declaration, task, sources, plan["holder"]) for task in terms]
        except InvalidInput as error:
            raise AnsibleLookupError(str(error)) from None
