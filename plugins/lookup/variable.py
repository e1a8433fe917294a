# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Nomad Variables in playbooks and templates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: variable
short_description: Read a Nomad Variable
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns the items of a Nomad Variable, or the value of one key.
  - A variable or key that does not exist is an error, unless there is a O(default).
options:
  _terms:
    description: Paths of variables.
    type: list
    elements: str
    required: true
  key:
    description: Return the value of this key. Without it the result is a mapping of all keys and values.
    type: str
  default:
    description: Returned for a variable or key that does not exist.
    type: raw
extends_documentation_fragment:
  - notailcar.nomad.connection
  - notailcar.nomad.connection.plugins
notes:
  - The token needs the capability C(read) on the variable's path in its namespace.
  - Lookups run on the controller. They do not see a task's C(environment) nor C(module_defaults); set the variables named at each option.
  - What a lookup returns is no secret to Ansible. Use C(no_log) where a task would show it.
seealso:
  - module: notailcar.nomad.variable
  - module: notailcar.nomad.variable_info
"""

EXAMPLES = r"""
- name: Give a password to a task
  ansible.builtin.uri:
    url: https://whoami.example.com/
    url_username: admin
    url_password: "{{ lookup('notailcar.nomad.variable', 'nomad/jobs/whoami/app', key='password') }}"
  no_log: true

- name: Copy a variable to another namespace
  notailcar.nomad.variable:
    path: nomad/jobs/whoami
    items: "{{ lookup('notailcar.nomad.variable', 'nomad/jobs/whoami', namespace='staging') }}"
    namespace: production

- name: Something else where there is none
  ansible.builtin.debug:
    msg: "{{ lookup('notailcar.nomad.variable', 'nomad/jobs/whoami', key='greeting', default='hello') }}"
"""

RETURN = r"""
_list:
  description: For each path the mapping of keys and values, or the value of O(key), or O(default).
  type: list
  elements: raw
  sample: ["correct horse battery staple"]
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments
from ansible_collections.notailcar.nomad.plugins.module_utils._address import address_secrets
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import NomadError
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.variables import checked_variable_path, find_variable


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[t.Any]:
        """Return the value that DOCUMENTATION describes, for each path."""
        names = _arguments.connection().keys()
        unknown = given.keys() - names - {"key", "default"}
        if unknown:
            raise AnsibleLookupError(f"notailcar.nomad.variable has no option {', '.join(sorted(unknown))}.")
        self.set_options(var_options=self._templated(variables or {}), direct=given)
        params = {name: self.get_option(name) for name in names}
        try:
            client = Client.from_options(params)
            return [self._one(client, str(term)) for term in terms]
        except NomadError as error:
            secrets = {params[name] for name in ("token", "http_auth") if params[name]} | address_secrets(params)
            raise AnsibleLookupError(remove_values(str(error), secrets)) from None

    def _templated(self, variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the variables that hold options; Ansible would take `{{ vault_nomad_token }}` as it is written."""
        names = [f"notailcar_nomad_{name}" for name in _arguments.connection()]
        templar: t.Any = self._templar
        return {name: templar.template(variables[name]) for name in names if name in variables}

    def _one(self, client: Client, path: str) -> t.Any:
        path = checked_variable_path(path)
        client = client.for_one(f"variable {path}")
        key, default = self.get_option("key"), self.get_option("default")
        variable = find_variable(client, path)
        items = variable["Items"] if variable else None
        if items is not None and (key is None or key in items):
            return items if key is None else items[key]
        if default is not None:
            return default
        if items is None:
            raise AnsibleLookupError(f"There is no variable {path} in namespace {client.namespace}. Write it, or give a default.")
        raise AnsibleLookupError(f"The variable {path} has no key {key}; it has {', '.join(sorted(items))}. Write it, or give a default.")
