# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs that every role with a sidecar has: the job, its node on the tailnet, its tasks."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.allocations import ALLOC_INDEX, SHORT_ALLOC_ID
from ansible_collections.notailcar.nomad.plugins.module_utils._tailnet.names import LABEL, TAG

from .files import file_problems
from .secrets import login_problems, secret_problems

Inputs = Mapping[str, t.Any]

# With it the variable's path has at most 128 characters, and the name of the health check's service 63.
JOB = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
LOGIN_SERVER = re.compile(r"https?://\S+")
# As Nomad writes them.
NOMAD_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|0")
CHECK_INDEX = re.compile(r"[0-9]+(-[0-9]+)*")
BELOW_LOCAL = re.compile(r"local/(?!.*\.\.).*")
ENVIRONMENT_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED_TASKS = ("app", "gate", "tailscale")


def node_problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield what is wrong with the job and its node on the tailnet."""
    count, hostname = inputs["count"], inputs["hostname"]
    if not JOB.fullmatch(inputs["name"]):
        yield f"name '{inputs['name']}' is no DNS label: use a-z, 0-9 and -, at most 53 characters"
    if not LABEL.fullmatch(example_hostname(hostname)):
        yield f"hostname '{hostname}' is no DNS label: use a-z, 0-9 and -, at most 63 characters"
    if count < 1:
        yield "count must be at least 1"
    elif count > 1 and example_hostname(hostname) == hostname:
        yield f"hostname '{hostname}' would be that of {count} nodes: give each its own, for example '{inputs['name']}-{ALLOC_INDEX}'"
    if strange := [tag for tag in inputs["tags"] if not TAG.fullmatch(tag)]:
        yield f"tags: '{quoted(strange)}' must be of the form tag:name"
    if inputs["login_server"] and not LOGIN_SERVER.fullmatch(inputs["login_server"]):
        yield f"login_server '{inputs['login_server']}' is no URL"
    yield from _placement_problems(inputs)
    yield from login_problems(inputs)


def _placement_problems(inputs: Inputs) -> t.Iterator[str]:
    """Where the job may run, and before which others."""
    for name in ("constraints", "affinities", "spreads"):
        for number, one in enumerate(inputs[name]):
            if not one.get("attribute") and one.get("operator") != "distinct_hosts":
                yield f"{name}[{number}] needs its attribute, for example ${{attr.kernel.name}}"
    for number, one in enumerate(inputs["affinities"]):
        if not -100 <= one.get("weight", 50) <= 100:
            yield f"affinities[{number}].weight must lie between -100 and 100"
    for number, one in enumerate(inputs["spreads"]):
        if not 0 <= one.get("weight", 50) <= 100:
            yield f"spreads[{number}].weight must lie between 0 and 100"
        if sum(target.get("percent", 0) for target in one.get("targets") or ()) > 100:
            yield f"spreads[{number}].targets are more than 100 percent together"
    if inputs["priority"] is not None and not 1 <= inputs["priority"] <= 100:
        yield "priority must lie between 1 and 100"
    for name in ("healthy_deadline", "min_healthy_time"):
        if not NOMAD_DURATION.fullmatch(inputs[name]):
            yield f"{name} '{inputs[name]}' is no duration: for example 30s or 2m"
    if inputs["check_index"] and not CHECK_INDEX.fullmatch(inputs["check_index"]):
        yield f"check_index '{inputs['check_index']}' is no index of a plan: give the check_index of its result, for example 214-211"
    if inputs["timeout"] < 0:
        yield "timeout must be 0 or more seconds"


def task_problems(inputs: Inputs, tasks: t.Sequence[Inputs], role: str) -> t.Iterator[str]:
    """Yield what is wrong with the tasks next to the sidecar; the first of `tasks` is the app, whose inputs are those of the role."""
    by_nomad = inputs["vault"].get("secrets") or {}
    if unfit := [name for name in by_nomad if not ENVIRONMENT_VARIABLE.fullmatch(name)]:
        yield f"vault.secrets: '{quoted(unfit)}' cannot be the name of an environment variable"
    if twice := [name for name in by_nomad if name in inputs["secrets"]]:
        yield f"secrets: '{quoted(twice)}' would come from two sources, secrets and vault.secrets"
    volumes = [str(volume.get("name")) for volume in inputs["volumes"]]
    if "tailscale-state" in volumes or len(set(volumes)) < len(volumes):
        yield "volumes: each needs a name of its own, other than tailscale-state"
    names = [str(task.get("name")) for task in inputs["tasks"]]
    if taken := [name for name in names if name in RESERVED_TASKS or names.count(name) > 1]:
        yield f"tasks: the name '{taken[0]}' is taken"
    for number, task in enumerate(tasks):
        where = f"tasks[{number - 1}]." if number else ""
        mounted = [str(mount.get("name")) for mount in task.get("volumes") or ()]
        if number and (unknown := [name for name in mounted if name not in volumes]):
            yield f"{where}volumes: '{quoted(unknown)}' is not named in {role}_volumes"
        yield from (f"{where}{sentence}" for sentence in _one_task_problems(task, inputs["state"]))


def _one_task_problems(task: Inputs, state: str) -> t.Iterator[str]:
    paths = [str(file.get("path")) for file in task.get("files") or ()]
    if outside := [path for path in paths if not BELOW_LOCAL.fullmatch(path)]:
        yield f"files: '{quoted(outside)}' must lie below local/"
    secrets, kill_timeout = task.get("secrets") or {}, task.get("kill_timeout")
    if kill_timeout and not NOMAD_DURATION.fullmatch(kill_timeout):
        yield f"kill_timeout '{kill_timeout}' is no duration: for example 30s or 2m"
    if unfit := [name for name in secrets if not ENVIRONMENT_VARIABLE.fullmatch(name)]:
        yield f"secrets: '{quoted(unfit)}' cannot be the name of an environment variable"
    for name, value in (task.get("env") or {}).items():
        if isinstance(value, (list, Mapping)):
            yield f"env.{name} must be a text, not a {'list' if isinstance(value, list) else 'mapping'}"
        elif value is None:
            yield f"env.{name} has no value: give it one, or an empty text"
    for name, secret in secrets.items() if state == "present" else ():
        yield from (f"secrets.{name} {sentence}" for sentence in secret_problems(secret))
    for number, path in enumerate((task.get("env_files") or ()) if state != "absent" else ()):
        yield from (f"env_files[{number}] {sentence}" for sentence in file_problems(path))


def program_problems(tasks: t.Sequence[Inputs], driver: str) -> t.Iterator[str]:
    """Yield what is wrong with what each task runs: an image, or a command of the client."""
    needed, unfit = ("image", None) if driver == "docker" else ("command", "image")
    for number, task in enumerate(tasks):
        where = f"tasks[{number - 1}]." if number else ""
        if not task.get(needed):
            yield f"{where}{needed} is required"
        if unfit and task.get(unfit):
            yield f"{where}{unfit} belongs to docker, not to {driver}"


def example_hostname(hostname: str) -> str:
    """Return it as Nomad may fill it in."""
    return hostname.replace(ALLOC_INDEX, "0").replace(SHORT_ALLOC_ID, "01234567")


def quoted(words: t.Iterable[str]) -> str:
    return "', '".join(words)
