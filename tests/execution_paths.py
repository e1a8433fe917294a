# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks through every execution path of a module: in the process of the Ansible worker, or packaged in one of several manners."""

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
class ExecutionPath:
    """Keywords that send a task this way, and what Ansible then, and not otherwise, prints with -vvv."""

    keywords: Json
    sign: str


IN_PROCESS = "in process"
EXECUTION_PATHS = {
    IN_PROCESS: ExecutionPath({}, ""),
    "async": ExecutionPath({"async": 60, "poll": 1}, "ASYNC OK on localhost"),
    "async later": ExecutionPath({"async": 60, "poll": 0}, "/async_wrapper.py"),
    "become": ExecutionPath({"become": True, "become_method": "ansible.builtin.su"}, "BECOME-SUCCESS"),
    "other host": ExecutionPath({"delegate_to": "other"}, "<other> SSH: EXEC"),
}
# What only some execution paths have: bookkeeping of async, the arguments again, the interpreter that was found.
PATH_SPECIFIC = (
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
    path: str, rows: t.Mapping[str, Row], directory: Path, environment: t.Mapping[str, str], *options: str, **keywords: t.Any
) -> Played:
    """Run the rows in their order as one playbook on this execution path; `keywords` are the play's."""
    directory.mkdir()
    tasks = [task for number, (name, row) in enumerate(rows.items()) for task in _tasks(path, name, row, f"result_{number}")]
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
            # Without it Ansible ignores `become` where root is to become root, and does not take that path.
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
        },
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.exists(), done.stdout + done.stderr
    return Played(json.loads(written.read_text()), done.stdout, done.stderr)


def _tasks(path: str, name: str, row: Row, variable: str) -> t.Iterator[Json]:
    common = {"register": variable, "ignore_errors": True}
    extra = EXECUTION_PATHS[path].keywords
    yield {"name": name, f"notailcar.nomad.{row.module}": row.arguments, **common, **extra, **row.keywords}
    if extra.get("poll") == 0:
        jid = {"jid": f"{{{{ {variable}.ansible_job_id }}}}"}
        yield {"ansible.builtin.async_status": jid, **common, "until": f"{variable}.finished", "retries": 100, "delay": 0.5}


def ended(result: Json) -> str:
    """How a task ended."""
    return "failed" if result.get("failed") else "changed" if result["changed"] else "ok"


def comparable(result: Json) -> Json:
    """A result without what only some execution paths have."""
    kept = {name: value for name, value in result.items() if name not in PATH_SPECIFIC}
    for prefix in PREFIXES:
        kept["msg"] = kept.get("msg", "").removeprefix(prefix)
    return kept
