# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook run and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from tests.lab.site import Site

ROOT = Path(__file__).parents[2]
Json = dict[str, t.Any]


class BenchError(Exception):
    """Something could not be measured."""


@dataclass(frozen=True)
class Cost:
    """Wall time and CPU time in seconds, the greatest resident memory of one process in MiB, and each task's end."""

    wall: float
    cpu: float
    memory: float
    tasks: list[Json]

    @property
    def playing(self) -> float:
        """Seconds from the begin of the first task to the end of the last one: the wall time without Ansible's start."""
        return float(max(task["end"] for task in self.tasks) - min(task["begin"] for task in self.tasks))


class Player:
    """Runs playbooks on the laboratory, with the peers at hand."""

    def __init__(self, site: Site, peers: Path, scratch: Path) -> None:
        self.scratch = scratch
        self._clock = scratch / "clock.jsonl"
        self.environment = {
            **site.child_environment(),
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'collections'}:{peers}",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "clock",
            "ANSIBLE_HOME": str(scratch / "ansible"),
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "BENCH_CLOCK": str(self._clock),
            "PYTHONPATH": str(peers / "site"),
            "REQUESTS_CA_BUNDLE": str(site.ca),
        }

        self._localhost = self.inventory("localhost", {"localhost": {}})

    def inventory(self, name: str, hosts: t.Mapping[str, Json]) -> Path:
        """Write an inventory in which every host is a service; its variables may hold an auth key."""
        everyone = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        file = self.scratch / f"{name}.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"all": {"vars": everyone, "hosts": dict(hosts)}}))
        return file

    def play(self, playbook: str | list[Json], inventory: Path | None = None, forks: int = 20, **options: t.Any) -> Cost:
        """Run a playbook, a file of the repository or plays; every task must be well."""
        if not isinstance(playbook, str):
            file = self.scratch / "playbook.json"
            file.write_text(json.dumps(playbook))
            playbook = str(file)
        extra = self.scratch / "extra.json"
        extra.write_text(json.dumps(options))
        self._clock.unlink(missing_ok=True)
        argv = [
            "ansible-playbook",
            playbook,
            "-i",
            str(inventory or self._localhost),
            "--forks",
            str(forks),
            "-e",
            f"@{extra}",
        ]
        with (self.scratch / "output.log").open("w+") as log:
            begin = time.monotonic()
            child = subprocess.Popen(argv, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            # Not subprocess's own wait: the usage that comes with it includes the workers.
            _pid, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            if child.returncode:
                lines = log.read().splitlines()
                # The recap of many hosts would hide why.
                shown = [line for line in lines if line.startswith(("fatal:", "[ERROR]"))][:5] or lines[-20:]
                raise BenchError("\n".join([f"{playbook} failed:", *shown]))
        tasks = [json.loads(line) for line in self._clock.read_text().splitlines()] if self._clock.exists() else []
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, tasks)
