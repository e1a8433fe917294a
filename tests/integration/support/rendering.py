# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job specification of a declaration, rendered as the role does it, without a playbook around it.

`rendered` runs this file in a process of its own: Ansible's plugin loader does not go together with pytest's imports.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
Json = dict[str, t.Any]


def rendered(declarations: t.Iterable[Json]) -> list[Json]:
    """For each declaration (the inputs without their prefix) its `spec`, or the `error` with which it was refused."""
    given = "\n".join(json.dumps(one) for one in declarations)
    done = subprocess.run([sys.executable, __file__], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _main() -> None:
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar, trust_as_template

    init_plugin_loader([str(ROOT / "collections")])
    from ansible_collections.notailcar.nomad.plugins.module_utils._errors import NomadError
    from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import declare
    from ansible_collections.notailcar.nomad.plugins.plugin_utils._job_templates import render_job

    defaults = yaml.safe_load((ROOT / "roles/private_service/defaults/main.yml").read_text())
    # What stands in a role is a template; what a declaration holds here is text and nothing else.
    defaults = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in defaults.items()}
    for line in sys.stdin:
        # Rendered, because that needs no key.
        variables = {
            **defaults,
            "private_service_state": "rendered",
            **{f"private_service_{name}": value for name, value in json.loads(line).items()},
        }
        try:
            plain = declare("private_service", variables, Templar(loader=DataLoader(), variables=variables)).plain
            answer = {"spec": render_job(plain).spec}
        except NomadError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer))


if __name__ == "__main__":
    _main()
