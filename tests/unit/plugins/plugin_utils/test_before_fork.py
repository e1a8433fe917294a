# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing an action plugin, which Ansible does before it forks, does all the work that each worker would otherwise repeat."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ansible_collections.notailcar.nomad.plugins.plugin_utils import _before_fork
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.specification import DECLARING_ROLES

from tests.unit.support.paths import ROOT

PLUGINS = "ansible_collections.notailcar.nomad.plugins"
# As a strategy of Ansible does it.
SCRIPT = f"""
import gc, json, sys
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
action_loader.get("notailcar.nomad.job", class_only=True)
from {PLUGINS}.plugin_utils import _job_templates
from {PLUGINS}.plugin_utils._declaration import specification
print(json.dumps({{
    "loaded": [name.removeprefix("{PLUGINS}.") for name in sys.modules if name.startswith("{PLUGINS}.")],
    "compilations": _job_templates.compiled.cache_info().misses,
    "templates": _job_templates.compiled().list_templates(),
    "compiled": len(_job_templates.compiled().cache),
    "specifications": specification.role_options.cache_info().misses,
    "frozen": gc.get_freeze_count(),
}}))
"""


def test_an_imported_action_has_loaded_compiled_and_frozen() -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert {f"filter.{name}" for name in _before_fork.FILTERS} <= set(found["loaded"])
    assert found["compilations"] == 1
    assert found["specifications"] == len(DECLARING_ROLES)
    # The scripts of the sidecar and the guard among them.
    assert found["compiled"] == len(found["templates"]) > 0
    assert {"job.nomad.hcl.j2", "sidecar/main.ash", "guard/guard.ash"} <= set(found["templates"])
    # So many that the modules of Ansible are among them, not only what Python itself needs.
    assert found["frozen"] > 10_000


def test_every_filter_is_loaded() -> None:
    assert sorted(_before_fork.FILTERS) == sorted(path.stem for path in (ROOT / "plugins/filter").glob("*.py"))


def test_every_role_with_inputs_has_its_specification_read() -> None:
    with_defaults = sorted(path.parents[1].name for path in (ROOT / "roles").glob("*/defaults/main.yml"))
    assert sorted(DECLARING_ROLES) == with_defaults
