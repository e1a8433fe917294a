# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite leaves, kept for the one scan at its end (tools/test_leavings.py), and the secrets that it then looks for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import threading
import typing as t
import urllib.parse
import uuid
from pathlib import Path

from tests.lab.docker_engine import CLIENT as DOCKER
from tests.lab.nomad import CLIENT, FIRST
from tests.lab.topology import DATA, STATE

KEPT = STATE / "leavings"
CANARIES = STATE / "canaries"
# The directories of an allocation that other tasks, or readers of Nomad's API, can see.
OPEN_DIRECTORIES = ("alloc", "*/local")
# The tasks that have nothing to do with the secrets of an app.
SIDECAR_TASKS = ("tailscale", "gate")


def canary() -> str:
    """A secret that must be found nowhere at the end."""
    secret = uuid.uuid4().hex
    seek(secret)
    return secret


def seek(secret: str) -> None:
    """Look for this one too at the end."""
    with CANARIES.open("a") as file:
        file.write(f"{secret}\n")


def keep(kind: str, text: str) -> None:
    KEPT.mkdir(mode=0o700, exist_ok=True)
    with (KEPT / kind).open("a") as file:
        file.write(text)


def caches() -> dict[str, str]:
    """Ansible's settings with which its log and its cache of facts are kept."""
    KEPT.mkdir(mode=0o700, exist_ok=True)
    facts = {"ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(KEPT / "facts")}
    return {**facts, "ANSIBLE_LOG_PATH": str(KEPT / "ansible.log")}


def keep_job(name: str) -> None:
    """What Nomad tells of a job that is about to go, and of its runs, what its allocations show, and its sidecar's environment."""
    for job in FIRST.ask(f"/v1/jobs?prefix={name}"):
        if job["ID"] == name or job["ID"].startswith(f"{name}/"):
            _keep_job(urllib.parse.quote(job["ID"], safe=""))


def _keep_job(quoted: str) -> None:
    for what in ("versions?diffs=true", "evaluations", "deployments"):
        keep("job", json.dumps(FIRST.ask(f"/v1/job/{quoted}/{what}")))
    for allocation in FIRST.ask(f"/v1/job/{quoted}/allocations?all=true"):
        ident = allocation["ID"]
        keep("job", json.dumps(FIRST.ask(f"/v1/allocation/{ident}")))
        # Docker knows those that run, and not for ever those that have ended.
        inspect = [*DOCKER, "inspect", "--format", "{{json .Config}}", *(f"{task}-{ident}" for task in SIDECAR_TASKS)]
        keep("containers", subprocess.run(inspect, capture_output=True, text=True, check=False).stdout)
        home = DATA / CLIENT.name / "alloc" / ident
        for file in open_files(home):
            copied = KEPT / "allocations" / ident / file.relative_to(home)
            copied.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(file, copied)


def open_files(home: Path) -> t.Iterator[Path]:
    """The files of an allocation that other tasks, or readers of Nomad's API, can see."""
    for directory in (found for pattern in OPEN_DIRECTORIES for found in home.glob(pattern)):
        yield from files(directory)


def files(directory: Path) -> t.Iterator[Path]:
    """Regular files only: a log's pipe would never end. What goes away meanwhile is not missed."""
    for parent, _directories, names in os.walk(directory):
        for file in (Path(parent, name) for name in names):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISREG(file.lstat().st_mode):
                    yield file


@contextlib.contextmanager
def every_argv() -> t.Iterator[set[str]]:
    """The arguments of all processes of the machine, also of those that live for a moment only, while the block runs."""
    arguments: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                        arguments.add((process / "cmdline").read_text(errors="replace"))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield arguments
    finally:
        over.set()
        looker.join()
        keep("arguments", "\n".join(arguments))
