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
from tests.lab.topology import DATA, KEYS, LOGS, NUMBER, STATE

# One place for all lanes; a person's single test has its laboratory's.
HOME = Path(os.environ.get("LAB_LEAVINGS") or STATE)
KEPT = HOME / "leavings"
CANARIES = HOME / "canaries"
# The auth keys of the laboratories that the lanes have taken down.
KEYS_SEEN = HOME / "keys-seen"
# A file for each lane that is at work.
LANES = HOME / "lanes"
# What Nomad reports, also of jobs that have ended. It was asked about purged jobs before they went.
NOMAD_PATHS = ("/v1/jobs?meta=true", "/v1/evaluations?", "/v1/deployments?", "/v1/allocations?task_states=true")
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
    # At once, so that nothing of another lane comes between.
    with (KEPT / kind).open("ab", buffering=0) as file:
        file.write(text.encode())


@contextlib.contextmanager
def lane() -> t.Iterator[None]:
    """A laboratory is at work; when the block has ended, all that it shows is kept."""
    LANES.mkdir(exist_ok=True)
    working = LANES / str(NUMBER)
    working.touch()
    yield
    keep_laboratory()
    working.unlink()


def other_lanes_ended() -> bool:
    """Whether no laboratory but this one is at work."""
    return {file.name for file in LANES.glob("*")} <= {str(NUMBER)}


def keep_laboratory() -> None:
    """Keep what Nomad reports, what the allocations show, and the logs of the servers; and the keys that must not be in it."""
    for path in NOMAD_PATHS:
        keep(f"nomad-{NUMBER}", json.dumps(FIRST.ask(f"{path}&namespace=*")))
    for home in (DATA / CLIENT.name / "alloc").iterdir():
        _keep_allocation(home)
    for file in files(LOGS):
        _keep_file(file, KEPT / f"log-{NUMBER}" / file.relative_to(LOGS))
    with KEYS_SEEN.open("a") as seen:
        seen.writelines(f"{file.read_text().strip()}\n" for file in KEYS.iterdir())


def _keep_allocation(home: Path) -> None:
    for file in open_files(home):
        _keep_file(file, KEPT / "allocations" / home.name / file.relative_to(home))


def _keep_file(file: Path, copied: Path) -> None:
    copied.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(file, copied)


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
        _keep_allocation(DATA / CLIENT.name / "alloc" / ident)


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
