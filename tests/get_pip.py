# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ansible-test's environments get pip: from Python itself, so that no script is fetched.

Called without arguments it puts itself where ansible-test looks before it asks the network; ansible-test then calls it with what
its environments need.
"""

from __future__ import annotations

import ensurepip
import os
import runpy
import shutil
import sys
import sysconfig
from pathlib import Path


def place() -> None:
    # Not at the top: ansible-test's environments do not have it.
    from ansible_test._internal.host_configs import NativePythonConfig
    from ansible_test._internal.python_requirements import get_venv_packages

    pip = get_venv_packages(NativePythonConfig(version=sysconfig.get_python_version()))["pip"]
    cached = Path.home() / f".ansible/test/cache/get_pip_{pip.replace('.', '_')}.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(__file__, cached)


def install(packages: list[str]) -> None:
    ensurepip.bootstrap()
    # Left behind by the bootstrap, it would hide the settings of the machine's pip.
    os.environ.pop("PIP_CONFIG_FILE", None)
    sys.argv = ["pip", "install", *packages]
    runpy.run_module("pip", run_name="__main__")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
    if arguments:
        install(arguments)
    else:
        place()
