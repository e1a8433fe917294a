# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen while a task waits, through a pipe, in a terminal and in AWX; and what nobody sees."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pty
import re
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.integration.support import play, runner
from tests.integration.support.jobs import ENDS_BADLY, RUNS, SECOND, Json, job
from tests.lab import nomad
from tests.lab.site import Site

NAME = "paths-progress"
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(play.ROOT / "collections")}
BRINGS_UP = f"{NAME}: deployment "


@pytest.fixture(autouse=True)
def no_job(purge: t.Callable[[str], None]) -> t.Iterator[None]:
    purge(NAME)
    yield
    purge(NAME)


def healthy_after(seconds: float, **more: t.Any) -> Json:
    return job(NAME, "service", RUNS, update={"MinHealthyTime": int(seconds * SECOND)}, **more)


def deployment_status() -> str:
    """What Nomad itself says of the job's deployment now."""
    return nomad.FIRST.ask(f"/v1/job/{NAME}/deployment")["Status"]


def shown(lines: t.Iterable[str]) -> list[str]:
    """The lines of progress until the result, without colours and indentation."""
    plain = (re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in lines)
    before = itertools.takewhile(lambda line: " => " not in line, plain)
    return [line.strip() for line in before if line.startswith("    ")]


@contextlib.contextmanager
def ansible(site: Site, spec: Json, *, terminal: bool) -> t.Iterator[tuple[t.IO[str], subprocess.Popen[str]]]:
    """`ansible -m notailcar.nomad.job` while it runs, and what it writes on stderr: into a pipe, or with all the rest on a terminal."""
    argv = ["ansible", "localhost", "-m", "notailcar.nomad.job", "-a", json.dumps({"spec": spec, "timeout": 60})]
    environment = {**site.child_environment(), **COLLECTIONS}
    screen, end = pty.openpty() if terminal else os.pipe()
    outputs = {"stdout": end if terminal else subprocess.PIPE, "stderr": end}
    with os.fdopen(screen) as lines, subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, text=True, **outputs) as process:
        os.close(end)
        yield lines, process


def lines_until_closed(lines: t.Iterable[str]) -> t.Iterator[str]:
    """All lines; a terminal whose last user has gone answers with an error instead of an end."""
    with contextlib.suppress(OSError):
        yield from lines


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 8), (False, 20)])
def test_each_change_is_shown_when_it_happens(site: Site, terminal: bool, seconds: int) -> None:
    with ansible(site, healthy_after(seconds), terminal=terminal) as (lines, process):
        output = lines_until_closed(lines)
        begin = next((line for line in output if BRINGS_UP in line), None)
        assert begin, "no line while it ran"
        assert deployment_status() == "running"
        assert process.poll() is None
        rest = list(output)
        out = "" if terminal else process.communicate()[0]
    progress = shown([begin, *rest])
    assert process.returncode == 0, rest
    assert all(line.startswith(f"{NAME}: ") for line in progress), "each line names its service"
    assert len(set(progress)) == len(progress), progress
    assert any(line.endswith("running: app 0/1 healthy") for line in progress), progress
    assert any("Task started by client" in line for line in progress), progress
    assert any(line.endswith("successful: app 1/1 healthy") for line in progress), progress
    total = re.fullmatch(rf"{NAME}: successful after (\d+\.\d) s", progress[-1])
    assert total, progress
    assert float(total[1]) >= seconds
    # A heartbeat: the same state again, with the time, once there was nothing new for a quarter of a minute.
    heartbeats = [line for line in progress if re.search(r" \(\d+ s\)$", line)]
    assert [line.rpartition(" (")[0] in progress for line in heartbeats] == ([] if terminal else [True])
    if not terminal:
        assert json.loads(out.partition(" => ")[2])["deployment"]["status"] == "successful", "nothing but the result"


def test_a_failure_ends_the_lines_and_no_line_has_a_secret(site: Site) -> None:
    """What Nomad says can have a secret in it: here the group's name is one, and every state of the deployment names it."""
    secret = site.nomad_token
    spec = job(NAME, "service", ENDS_BADLY)
    spec["TaskGroups"][0]["Name"] = secret
    result = play.call(site, "job", "-vvvv", spec=spec, timeout=60)
    assert result["failed"]
    assert any("******** 0/1 healthy" in line for line in result["progress"]), result["progress"]
    assert re.fullmatch(rf"{NAME}: failed after \d+\.\d s", result["progress"][-1])
    assert result["failure"]["allocations"][0]["name"] == f"{NAME}.********[0]"
    assert secret not in json.dumps(result)


def test_awx_shows_each_change_as_an_event_before_the_result(site: Site, tmp_path: Path) -> None:
    (tmp_path / "deploy.json").write_text(
        json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [{"notailcar.nomad.job": {"spec": healthy_after(8)}}]}])
    )
    statuses = []

    def look(event: runner.Event) -> None:
        if BRINGS_UP in event["stdout"]:
            statuses.append(deployment_status())

    environment = {**site.child_environment(), **COLLECTIONS}
    done = runner.run(tmp_path, "deploy.json", environment=environment, project=tmp_path, look=look)
    assert done.status == "successful", done.said
    kinds = [event["event"] for event in done.events]
    begin, end = kinds.index("runner_on_start"), kinds.index("runner_on_ok")
    assert set(kinds[begin + 1 : end]) == {"verbose"}
    told = [runner.text(event).strip() for event in done.events[begin + 1 : end]]
    # AWX knows neither host nor task of such an event: its text alone tells whose it is.
    assert all(line.startswith(f"{NAME}: ") for line in told), told
    assert told[-1].startswith(f"{NAME}: successful after ")
    assert statuses[0] == "running", "AWX had it while it lasted"
    assert done.events[end]["event_data"]["res"]["deployment"]["status"] == "successful"


@pytest.mark.parametrize("level", ["task", "play", "nowhere"])
def test_no_log_is_silent(site: Site, tmp_path: Path, level: str) -> None:
    silent = {"no_log": True}
    task = {"notailcar.nomad.job": {"spec": healthy_after(0.1)}, **(silent if level == "task" else {})}
    whole = {"hosts": "localhost", "gather_facts": False, "tasks": [task], **(silent if level == "play" else {})}
    playbook = tmp_path / "playbook.json"
    playbook.write_text(json.dumps([whole]))
    done = play.run(site, "ansible-playbook", "-vvv", str(playbook), **COLLECTIONS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert play.changed(done) == 1
    assert bool(shown(done.stderr.splitlines())) == (level == "nowhere"), done.stderr
