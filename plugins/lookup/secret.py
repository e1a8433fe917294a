# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret from the source that its declaration names."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
short_description: Read a secret from its source
version_added: 0.4.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns secrets as the inputs of the roles declare them - as text, or as a mapping with one of the keys C(env), C(file) and C(vault).
  - HashiCorp Vault is read by the lookups C(vault_kv1_get) and C(vault_kv2_get) of the collection C(community.hashi_vault), which needs the
    Python package C(hvac). Both are needed for that source only.
options:
  _terms:
    description:
      - A text is returned as it is.
      - C(env) is the name of an environment variable of the controller.
      - C(file) is the path of a file of the controller. A line break at its end does not count.
      - C(vault) is a mapping. Its C(path) and C(key) say which value of which secret, C(engine_version) (V(2) by default) of which kind of
        kv engine, and C(version) which version in an engine of kind 2. All else in it are options of these lookups, such as
        C(engine_mount_point), C(url), C(namespace), C(auth_method) and C(role_id). Their environment and Ansible variables apply.
    type: list
    elements: raw
    required: true
notes:
  - What a lookup returns is no secret to Ansible. Use C(no_log) where a task would show it.
seealso:
  - module: notailcar.nomad.variable
  - name: Lookup C(vault_kv2_get) of community.hashi_vault
    description: The options of the source C(vault).
    link: https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/vault_kv2_get_lookup.html
"""

EXAMPLES = r"""
- name: Store a password of Vault for a task
  notailcar.nomad.variable:
    path: nomad/jobs/shop/shop/app
    items:
      PASSWORD: "{{ lookup('notailcar.nomad.secret', {'vault': {'path': 'shop', 'key': 'password'}}) }}"

- name: Store a token of the environment
  notailcar.nomad.variable:
    path: nomad/jobs/shop/shop/app
    items:
      TOKEN: "{{ lookup('notailcar.nomad.secret', {'env': 'SHOP_TOKEN'}) }}"
"""

RETURN = r"""
_list:
  description: The secrets.
  type: list
  elements: str
  sample: ["correct horse battery staple"]
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.plugin_utils._secrets import SecretSources


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: t.Any = None, **given: t.Any) -> list[t.Any]:
        """Return the value that DOCUMENTATION describes, for each term."""
        sources = SecretSources(variables, self._loader, self._templar)
        try:
            return [sources.read(term) for term in terms]
        except InvalidInput as error:
            raise AnsibleLookupError(str(error)) from None
