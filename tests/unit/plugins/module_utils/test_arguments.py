# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules and plugins have the same options."""

from __future__ import annotations

import yaml
from ansible_collections.notailcar.nomad.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.notailcar.nomad.plugins.module_utils import _arguments


def test_modules_and_plugins_have_the_same_options_of_connection():
    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    sources = yaml.safe_load(ModuleDocFragment.PLUGINS)["options"]
    assert list(options) == list(sources) == list(_arguments.connection())
    for name, spec in _arguments.connection().items():
        (variable,) = spec["fallback"][1]
        assert sources[name] == {"env": [{"name": variable}], "vars": [{"name": f"notailcar_nomad_{name}"}]}
        assert f"E({variable})" in " ".join(options[name]["description"])
        assert (options[name]["type"], options[name].get("default")) == (spec["type"], spec.get("default"))
