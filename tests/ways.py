# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks through every way in which Ansible runs a module: in its own process, or packaged in one of several manners."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
Json = dict[str, t.Any]


@dataclass(frozen=True)
class Way:
    """Keywords that send a task this way, and what Ansible then, and not otherwise, says with -vvv."""

    keywords: Json
    sign: str


IN_PROCESS = "in process"
WAYS = {
    IN_PROCESS: Way({}, ""),
    "async": Way({"async": 60, "poll": 1}, "ASYNC OK on localhost"),
    "async later": Way({"async": 60, "poll": 0}, "/async_wrapper.py"),
    "become": Way({"become": True, "become_method": "ansible.builtin.su"}, "BECOME-SUCCESS"),
    "other host": Way({"delegate_to": "other"}, "<other> SSH: EXEC"),
}
# What only some ways have: bookkeeping of async, the arguments again, the interpreter that was found.
OWN = (
    "ansible_job_id",
    "finished",
    "started",
    "results_file",
    "stdout",
    "stdout_lines",
    "stderr",
    "stderr_lines",
    "attempts",
    "invocation",
    "exception",
)
PREFIXES = ("Task failed: ", "Action failed: ", "Module failed: ")


@dataclass(frozen=True)
class Row:
    """One task, how it ends (ok, changed or failed), and what its message says."""

    module: str
    arguments: Json
    ends: str
    says: str = ""
    keywords: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """The results of a playbook's tasks by the names of their rows, and what was printed."""

    results: dict[str, Json]
    out: str
    err: str


def play(
    way: str, rows: t.Mapping[str, Row], directory: Path, environment: t.Mapping[str, str], *options: str, **keywords: t.Any
) -> Played:
    """Run the rows in their order as one playbook that goes this way; `keywords` are the play's."""
    directory.mkdir()
    tasks = [task for number, (name, row) in enumerate(rows.items()) for task in _tasks(way, name, row, f"result_{number}")]
    found = ", ".join(f"'{name}': result_{number}" for number, name in enumerate(rows))
    written = directory / "results.json"
    tasks.append({"ansible.builtin.copy": {"dest": str(written), "content": f"{{{{ {{{found}}} | to_json }}}}", "mode": "0600"}})
    playbook = directory / "playbook.json"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks, **keywords}]))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), *options],
        env={
            **environment,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_ASYNC_DIR": str(directory / "async"),
            # Otherwise root who is to become root stays what it is, and that way would be none.
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
        },
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.exists(), done.stdout + done.stderr
    return Played(json.loads(written.read_text()), done.stdout, done.stderr)


def _tasks(way: str, name: str, row: Row, variable: str) -> t.Iterator[Json]:
    common = {"register": variable, "ignore_errors": True}
    extra = WAYS[way].keywords
    yield {"name": name, f"notailcar.nomad.{row.module}": row.arguments, **common, **extra, **row.keywords}
    if extra.get("poll") == 0:
        jid = {"jid": f"{{{{ {variable}.ansible_job_id }}}}"}
        yield {"ansible.builtin.async_status": jid, **common, "until": f"{variable}.finished", "retries": 100, "delay": 0.5}


def ended(result: Json) -> str:
    """How a task ended."""
    return "failed" if result.get("failed") else "changed" if result["changed"] else "ok"


def comparable(result: Json) -> Json:
    """A result without what only some ways have."""
    kept = {name: value for name, value in result.items() if name not in OWN}
    for prefix in PREFIXES:
        kept["msg"] = kept.get("msg", "").removeprefix(prefix)
    return kept
