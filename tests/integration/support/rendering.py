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
ROLES = ROOT / "roles"
Json = dict[str, t.Any]


def rendered(declarations: t.Iterable[Json]) -> list[Json]:
    """For each declaration (the inputs without their prefix) its `spec`, or the `error` with which it was refused."""
    given = "\n".join(json.dumps(one) for one in declarations)
    done = subprocess.run([sys.executable, __file__], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _main() -> None:
    from ansible.errors import AnsibleError
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar, trust_as_template

    def trusted(value: t.Any) -> t.Any:
        """What stands in a role is a template; what a declaration holds here is text and nothing else."""
        if isinstance(value, dict):
            return {name: trusted(part) for name, part in value.items()}
        if isinstance(value, list):
            return [trusted(part) for part in value]
        return trust_as_template(value) if isinstance(value, str) else value

    init_plugin_loader([str(ROOT / "collections")])
    variables: Json = {"ansible_search_path": [str(ROLES / "workload")]}
    for role in ("workload", "private_service"):
        for part in ("defaults", "vars"):
            variables.update(trusted(yaml.safe_load((ROLES / role / part / "main.yml").read_text())))
    for task in yaml.safe_load((ROLES / "private_service/tasks/main.yml").read_text()):
        variables.update(trusted(task.get("vars", {})))
    for line in sys.stdin:
        inputs = {f"private_service_{name}": value for name, value in json.loads(line).items()}
        templar = Templar(loader=DataLoader(), variables={**variables, **inputs})
        try:
            answer = {"spec": str(templar.template(trust_as_template("{{ __workload_spec }}")))}
        except AnsibleError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer))


if __name__ == "__main__":
    _main()
