# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The community collections that tests and bench use, with their Python packages: in the user's cache, not in the project's environment."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from tests.lab.topology import CACHE

REQUIREMENTS = Path(__file__).with_name("community_collections.txt")
# Of the wheel `ansible` only what is used.
COLLECTIONS = ("general", "hashi_vault")
EXTRACTED = (*(f"ansible_collections/community/{name}/" for name in COLLECTIONS), "ansible_collections/__init__.py")


def fetch() -> Path:
    """Return the directory with `ansible_collections` and `site` (Python packages); download what is not there."""
    pins = REQUIREMENTS.read_text()
    target = CACHE / f"community-collections-{sha256(pins.encode()).hexdigest()[:12]}"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    ansible, *packages = (line for line in pins.splitlines() if not line.startswith("#"))
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        made = Path(scratch) / "collections"
        _pip("download", "--no-deps", "--dest", scratch, ansible)
        with zipfile.ZipFile(next(Path(scratch).glob("ansible-*.whl"))) as wheel:
            wheel.extractall(made, [name for name in wheel.namelist() if name.startswith(EXTRACTED)])
        _pip("install", "--target", str(made / "site"), *packages)
        made.rename(target)
    return target


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)
