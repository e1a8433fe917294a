# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Nomad Variables in playbooks and templates."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments
from ansible_collections.notailcar.nomad.plugins.module_utils._client import Client
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import NomadError
from ansible_collections.notailcar.nomad.plugins.module_utils._variable import checked_path, find


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[t.Any]:
        """Return what DOCUMENTATION says, for each path."""
        names = _arguments.connection().keys()
        unknown = given.keys() - names - {"key", "default"}
        if unknown:
            raise AnsibleLookupError(f"notailcar.nomad.variable has no option {', '.join(sorted(unknown))}.")
        self.set_options(var_options=self._templated(variables or {}), direct=given)
        params = {name: self.get_option(name) for name in names}
        try:
            client = Client.of(params)
            return [self._one(client.inside(client.namespace or "default"), str(term)) for term in terms]
        except NomadError as error:
            secrets = {params[name] for name in ("token", "http_auth") if params[name]}
            raise AnsibleLookupError(remove_values(str(error), secrets)) from None

    def _templated(self, variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the variables that hold options; Ansible would take `{{ vault_nomad_token }}` as it is written."""
        names = [f"notailcar_nomad_{name}" for name in _arguments.connection()]
        templar: t.Any = self._templar
        return {name: templar.template(variables[name]) for name in names if name in variables}

    def _one(self, client: Client, path: str) -> t.Any:
        path = checked_path(path)
        key, default = self.get_option("key"), self.get_option("default")
        variable = find(client, path)
        items = variable["Items"] if variable else None
        if items is not None and (key is None or key in items):
            return items if key is None else items[key]
        if default is not None:
            return default
        if items is None:
            raise AnsibleLookupError(f"There is no variable {path} in namespace {client.namespace}. Write it, or give a default.")
        raise AnsibleLookupError(f"The variable {path} has no key {key}; it has {', '.join(sorted(items))}. Write it, or give a default.")
