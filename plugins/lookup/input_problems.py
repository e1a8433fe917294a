# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of a role."""

from __future__ import annotations

DOCUMENTATION = r"""
name: input_problems
short_description: Say what is wrong with the inputs of a role
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Checks what the types of the role's argument specification cannot say. The role refuses to touch anything as long as there are problems.
  - It is a lookup and no expression of the role, because compiling such an expression costs every service more than the check.
options:
  _terms:
    description: Names of roles of this collection. There are V(private_service), V(egress_worker) and V(egress_network).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Check the inputs of a service, inside the role
  ansible.builtin.assert:
    that: not query('notailcar.nomad.input_problems', 'private_service')
"""

RETURN = r"""
_list:
  description: A sentence for each problem; nothing if all is well.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.plugin_utils._inputs import egress_network, egress_worker, private_service

ROLES = {
    "egress_network": egress_network.problems,
    "egress_worker": egress_worker.problems,
    "private_service": private_service.problems,
}


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[str]:
        """Return the value that DOCUMENTATION describes, for each role."""
        if unknown := [term for term in terms if term not in ROLES]:
            raise AnsibleLookupError(f"notailcar.nomad.input_problems knows no role {unknown[0]}.")
        return [sentence for role in terms for sentence in ROLES[role](_Inputs(role, variables, self._templar))]


class _Inputs(dict[str, t.Any]):
    """The variables of a role by their names without its prefix, evaluated when they are asked for."""

    def __init__(self, role: str, variables: t.Mapping[str, t.Any], templar: t.Any) -> None:
        super().__init__()
        self._role, self._variables, self._templar = role, variables, templar

    def __missing__(self, name: str) -> t.Any:
        self[name] = self._templar.template(self._variables[f"{self._role}_{name}"])
        return self[name]
