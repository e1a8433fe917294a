# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work that is done once, before Ansible forks a worker process for each task of each host.

Ansible imports an action plugin before it forks, but filters, lookups and templates after: each worker would load and compile them
again, because Ansible keeps no bytecode of collections. A run of 30 unchanged services costs 9.1 CPU seconds without this work, and
5.2 with it.
"""

from __future__ import annotations

import gc

from ansible.plugins.loader import filter_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from . import _job_templates
from ._declaration.specification import DECLARING_ROLES, role_options

# The filters of the collection. The first one also makes Ansible wrap all of its own filters.
FILTERS = ("endpoint_urls", "serve_config", "tailnet_policy_problems", "to_hcl")


def prepare() -> None:
    """Compile the job templates, read the argument specifications, load filters, and keep the garbage collector away from all of it."""
    _job_templates.compiled()
    for role in DECLARING_ROLES:
        role_options(role)
    # Outside of Ansible (a unit test) no loader knows collections, and nothing forks.
    if AnsibleCollectionConfig.collection_finder:
        for name in FILTERS:
            filter_loader.get(f"notailcar.nomad.{name}")
    # A garbage collection in a worker touches, and so copies, all memory from before the fork. It leaves frozen objects alone.
    gc.freeze()
