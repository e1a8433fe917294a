# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work that is done once, before Ansible forks a worker process for each task of each host.

Ansible imports an action plugin before it forks, but filters, lookups and templates after: each worker would load and compile them
again, because Ansible keeps no bytecode of collections. A run of 30 unchanged services costs 13.6 CPU seconds without this work, and
9 with it.
"""

from __future__ import annotations

import gc

from ansible.plugins.loader import filter_loader, lookup_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from . import _job_templates

# The filters and lookups that the roles use for every service. The first filter also makes Ansible wrap all of its own filters.
FILTERS = ("endpoint_urls", "serve_config", "tailnet_policy_problems", "to_hcl")
LOOKUPS = ("input_problems", "job_template")


def prepare() -> None:
    """Compile the job templates, load filters and lookups, and keep the garbage collector of a worker away from all of it."""
    _job_templates.compiled()
    # Outside of Ansible (a unit test) no loader knows collections, and nothing forks.
    if AnsibleCollectionConfig.collection_finder:
        for name in FILTERS:
            filter_loader.get(f"notailcar.nomad.{name}")
        for name in LOOKUPS:
            lookup_loader.get(f"notailcar.nomad.{name}", class_only=True)
    # A garbage collection in a worker touches, and so copies, all memory from before the fork. It leaves frozen objects alone.
    gc.freeze()
