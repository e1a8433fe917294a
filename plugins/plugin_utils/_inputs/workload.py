# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs that every role with a sidecar has: the job, its node on the tailnet, its tasks."""

from __future__ import annotations

import re
import typing as t
from collections import ChainMap
from collections.abc import Mapping

from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.allocations import ALLOC_INDEX, SHORT_ALLOC_ID
from ansible_collections.notailcar.nomad.plugins.module_utils._tailnet.names import LABEL, TAG

from .secrets import login_problems, secret_problems

Inputs = Mapping[str, t.Any]

# With it the variable's path has at most 128 characters, and the name of the health check's service 63.
JOB = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
LOGIN_SERVER = re.compile(r"https?://\S+")
BELOW_LOCAL = re.compile(r"local/(?!.*\.\.).*")
ENVIRONMENT_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED_TASKS = ("app", "gate", "tailscale")

LIST: tuple[type, str] = (list, "must be a list")
MAPPING: tuple[type, str] = (dict, "must be a mapping")
# A value from `-e name=value` is a string. The argument specification would accept it as a list or mapping; a template would not.
SHAPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("args", "constraints", "datacenters", "env_files", "files", "tags", "tasks", "volumes"), LIST),
    **dict.fromkeys(("env", "resources", "minted_key", "secrets", "vault", "workload_identity"), MAPPING),
}


def well_shaped(inputs: Inputs, shapes: Mapping[str, tuple[type, str]]) -> tuple[list[str], Inputs]:
    """Return a sentence for each input that is no list or mapping, and the inputs with empty ones in their places."""
    misshapen = {name: f"{name} {must}" for name, (kind, must) in shapes.items() if not isinstance(inputs[name], kind)}
    empty = {name: shapes[name][0]() for name in misshapen}
    return list(misshapen.values()), ChainMap(empty, t.cast("dict[str, t.Any]", inputs))


def node_problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield what is wrong with the job and its node on the tailnet."""
    count, hostname = inputs["count"], str(inputs["hostname"])
    if not JOB.fullmatch(str(inputs["name"])):
        yield f"name '{inputs['name']}' is no DNS label: use a-z, 0-9 and -, at most 53 characters"
    if not LABEL.fullmatch(example_hostname(hostname)):
        yield f"hostname '{hostname}' is no DNS label: use a-z, 0-9 and -, at most 63 characters"
    if not is_number(count, 1):
        yield "count must be at least 1"
    elif int(count) > 1 and example_hostname(hostname) == hostname:
        yield f"hostname '{hostname}' would be that of {count} nodes: give each its own, for example '{inputs['name']}-{ALLOC_INDEX}'"
    if strange := [str(tag) for tag in inputs["tags"] if not TAG.fullmatch(str(tag))]:
        yield f"tags: '{quoted(strange)}' must be of the form tag:name"
    if inputs["login_server"] and not LOGIN_SERVER.fullmatch(inputs["login_server"]):
        yield f"login_server '{inputs['login_server']}' is no URL"
    yield from login_problems(inputs)


def task_problems(inputs: Inputs, role: str) -> t.Iterator[str]:
    """Yield what is wrong with the tasks next to the sidecar."""
    if outside := [file["path"] for file in inputs["files"] if not BELOW_LOCAL.fullmatch(file["path"])]:
        yield f"files: '{quoted(outside)}' must lie below local/"
    by_nomad = inputs["vault"].get("secrets") or {}
    if unfit := [str(name) for name in [*inputs["secrets"], *by_nomad] if not ENVIRONMENT_VARIABLE.fullmatch(str(name))]:
        yield f"secrets: '{quoted(unfit)}' cannot be the name of an environment variable"
    if twice := [name for name in by_nomad if name in inputs["secrets"]]:
        yield f"secrets: '{quoted(twice)}' would come from two sources, secrets and vault.secrets"
    if inputs["state"] == "present":
        for name, secret in inputs["secrets"].items():
            yield from (f"secrets: {name} {sentence}" for sentence in secret_problems(secret))
    volumes = [str(volume["name"]) for volume in inputs["volumes"]]
    if "tailscale-state" in volumes or len(set(volumes)) < len(volumes):
        yield "volumes: each needs a name of its own, other than tailscale-state"
    names = [str(task["name"]) for task in inputs["tasks"]]
    if taken := [name for name in names if name in RESERVED_TASKS or names.count(name) > 1]:
        yield f"tasks: the name '{taken[0]}' is taken"
    for task in inputs["tasks"]:
        if unknown := [str(mount["name"]) for mount in task.get("volumes") or () if mount["name"] not in volumes]:
            yield f"tasks: {task['name']} mounts '{quoted(unknown)}', which {role}_volumes does not name"


def program_problems(inputs: Inputs, driver: str) -> t.Iterator[str]:
    """Yield what is wrong with what each task runs: an image, or a command of the client."""
    needed, unfit = ("image", None) if driver == "docker" else ("command", "image")
    if not inputs[needed]:
        yield f"{needed} is required"
    if unfit and inputs[unfit]:
        yield f"{unfit} belongs to docker, not to {driver}"
    for task in inputs["tasks"]:
        if not task.get(needed):
            yield f"tasks: {task['name']} needs its {needed}"


def example_hostname(hostname: str) -> str:
    """Return it as Nomad may fill it in."""
    return hostname.replace(ALLOC_INDEX, "0").replace(SHORT_ALLOC_ID, "01234567")


def quoted(words: t.Iterable[str]) -> str:
    return "', '".join(words)


def is_number(value: t.Any, least: int) -> bool:
    return str(value).isdecimal() and int(value) >= least
