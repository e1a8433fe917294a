# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of a plan: each is a module of this collection in check mode, so a plan and a run judge by the same code."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments
from ansible_collections.notailcar.nomad.plugins.module_utils._address import address_secrets
from ansible_collections.notailcar.nomad.plugins.module_utils._entry import Entry, Run
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput
from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json
from ansible_collections.notailcar.nomad.plugins.module_utils._modules import (
    egress_level_info,
    egress_verify,
    job,
    job_info,
    tailnet_device,
    tailscale_health,
    tailscale_key,
    variable,
    variable_info,
)

MODULES: dict[str, Entry] = {
    "egress_level_info": egress_level_info.ENTRY,
    "egress_verify": egress_verify.ENTRY,
    "job": job.ENTRY,
    "job_info": job_info.ENTRY,
    "tailnet_device": tailnet_device.ENTRY,
    "tailscale_health": tailscale_health.ENTRY,
    "tailscale_key": tailscale_key.ENTRY,
    "variable": variable.ENTRY,
    "variable_info": variable_info.ENTRY,
}


@dataclass(frozen=True)
class Questions:
    """Asks modules in check mode.

    `connection` are the options of the connection to Nomad, `defaults` gives the `module_defaults` of a module, and `warn` takes warnings.
    """

    connection: Json
    defaults: t.Callable[[str], Json]
    warn: t.Callable[[str], None]

    def ask(self, module: str, **options: t.Any) -> Json:
        """Return the result of a module without its secrets; raise NomadError where it fails."""
        entry = MODULES[module]
        of_nomad = self.connection if "address" in entry.arguments else {}
        given = {name: value for name, value in {**of_nomad, **options}.items() if value is not None}
        checked = ArgumentSpecValidator(entry.arguments, **entry.relations).validate({**self.defaults(module), **given})
        if checked.error_messages:
            raise InvalidInput(f"{module}: {checked.errors.msg}")
        secrets: set[str] = checked._no_log_values | address_secrets(checked.validated_parameters)
        result = entry.logic(checked.validated_parameters, Run(check=True, warn=self.warn, secrets=secrets))
        return t.cast("Json", remove_values(json.loads(json.dumps(result)), secrets))


def of_connection(params: Json, namespace: str | None, region: str | None) -> Json:
    """Return the options of the connection in `params`; the namespace and the region of a declaration come before them."""
    given = {name: params[name] for name in _arguments.connection()}
    return {**given, "namespace": namespace or given["namespace"], "region": region or given["region"]}
