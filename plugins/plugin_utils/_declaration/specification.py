# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specification of a role: `meta/argument_specs.yml`, read once."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

ROLES = Path(__file__).parents[3] / "roles"
Option = t.Mapping[str, t.Any]
Options = t.Mapping[str, Option]
# The roles that have inputs; `workload` takes the plan of one of them.
DECLARING_ROLES = ("acl_policies", "egress_network", "egress_worker", "private_service")


@functools.cache
def role_options(role: str) -> Options:
    """Return the options of a role by their names without the role's prefix."""
    text = (ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    options = yaml_load(text)["argument_specs"]["main"]["options"]
    return {name.removeprefix(f"{role}_"): option for name, option in options.items()}
