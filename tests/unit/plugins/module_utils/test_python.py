# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target whose Python is too old is told so in one sentence."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[4] / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "module_utils/_modules").glob("*.py"))
# A module, as an older Python runs it: none is at hand in every environment.
AS_OLDER = """\
import importlib, sys
sys.version_info = (3, 8, 18, "final", 0)
module = importlib.import_module("ansible_collections.notailcar.nomad.plugins.modules." + sys.argv[1])
try:
    module.main()
finally:
    mine = [name.rpartition(".")[2] for name in sys.modules if ".plugins.module_utils." in name]
    print(*mine, file=sys.stderr)
"""


def test_a_module_ends_with_one_sentence() -> None:
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS.parent / "collections")}
    done = subprocess.run([sys.executable, "-c", AS_OLDER, "variable"], env=environment, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    assert (done.returncode, said["failed"], done.stderr) == (1, True, "_python\n")
    assert "need Python 3.9 or newer on the target" in said["msg"]
    assert "is Python 3.8: install a newer one" in said["msg"]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_asks_before_it_imports_anything_else(name: str) -> None:
    tree = ast.parse((PLUGINS / "modules" / f"{name}.py").read_text(), feature_version=(3, 8))
    (main,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    first, second, *_others = main.body
    assert ast.unparse(first) == "from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python"
    assert ast.unparse(second) == "require_python()"


def test_an_older_python_can_read_the_check_itself() -> None:
    ast.parse((PLUGINS / "module_utils/_python.py").read_text(), feature_version=(3, 8))
