# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a play, of which there must be some."""

from __future__ import annotations

DOCUMENTATION = r"""
name: matching_hosts
short_description: List the hosts that match a pattern, and fail when there is none
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Ansible skips a play whose pattern matches no host, and the run succeeds. With this lookup as the C(hosts) of a play it fails.
options:
  _terms:
    description: Patterns of hosts, as C(hosts) of a play takes them.
    type: list
    elements: str
    required: true
seealso:
  - plugin: ansible.builtin.inventory_hostnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Deploy what is in the group
  hosts: "{{ query('notailcar.nomad.matching_hosts', 'services') }}"
  connection: local
  gather_facts: false
  tasks:
    - name: Deploy
      ansible.builtin.import_role:
        name: notailcar.nomad.private_service
        rolespec_validate: false
"""

RETURN = r"""
_list:
  description: Names of the hosts.
  type: list
  elements: str
"""

import typing as t

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Any = None, **given: t.Any) -> list[str]:
        """Return the value that DOCUMENTATION describes."""
        patterns = [str(part) for term in terms for part in (term if isinstance(term, list) else [term])]
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        found: list[str] = lookup.run([",".join(patterns)], variables=variables)
        # A check of the syntax has no need for an inventory.
        if not found and not context.CLIARGS.get("syntax"):
            raise AnsibleLookupError(
                f"No host of the inventory matches the pattern '{','.join(patterns)}', so there is nothing to do. Give the inventory with "
                "-i, or correct the pattern."
            )
        return found or patterns
