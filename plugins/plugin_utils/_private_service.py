# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the inputs of the role private_service, beyond the types of its argument specification."""

from __future__ import annotations

import re
import typing as t
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.notailcar.nomad.plugins.module_utils._allocations import INDEX

from . import _endpoints, _tailnet_policy

Inputs = Mapping[str, t.Any]

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# With it the variable's path has at most 128 characters, and the name of the health check's service 63.
JOB = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
TAG = re.compile(r"tag:[a-zA-Z][a-zA-Z0-9-]*")
SERVICE = re.compile(r"svc:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
URL = re.compile(r"https?://\S+")
BELOW_LOCAL = re.compile(r"local/(?!.*\.\.).*")
ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOUSE_TASKS = ("app", "gate", "tailscale")

# What comes from `-e name=value` is text, which the argument specification would take for a list or mapping; a template would not.
SHAPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(
        ("args", "checks", "constraints", "datacenters", "endpoints", "env_files", "files", "sources", "tags", "tasks", "volumes"),
        (list, "must be a list"),
    ),
    **dict.fromkeys(("env", "registration", "resources", "secrets", "serve_config", "state_volume"), (dict, "must be a mapping")),
}


def problems(inputs: Inputs) -> list[str]:
    """Return a sentence for each problem; `inputs` are the role's variables by their names without the role's prefix."""
    misshapen = {name: f"{name} {must}" for name, (kind, must) in SHAPES.items() if not isinstance(inputs[name], kind)}
    well_shaped = ChainMap({name: SHAPES[name][0]() for name in misshapen}, t.cast("dict[str, t.Any]", inputs))
    sentences = [*misshapen.values(), *_node(well_shaped), *_app(well_shaped), *_reach(well_shaped), *_access(well_shaped)]
    return [f"private_service_{sentence}" for sentence in sentences]


def _node(inputs: Inputs) -> t.Iterator[str]:
    """The job and its node on the tailnet."""
    count, hostname = inputs["count"], str(inputs["hostname"])
    if not JOB.fullmatch(str(inputs["name"])):
        yield f"name '{inputs['name']}' is no DNS label: use a-z, 0-9 and -, at most 53 characters"
    if not LABEL.fullmatch(hostname.replace(INDEX, "0")):
        yield f"hostname '{hostname}' is no DNS label: use a-z, 0-9 and -, at most 63 characters"
    elif _endpoints.is_true(inputs["canary"]) and not LABEL.fullmatch(f"{hostname.replace(INDEX, '0')}-canary"):
        yield f"hostname '{hostname}' is too long for a canary: at most 56 characters"
    if not _is_number(count, 1):
        yield "count must be at least 1"
    elif int(count) > 1 and INDEX not in hostname:
        yield f"hostname '{hostname}' would be that of {count} nodes: give each its own, for example '{inputs['name']}-{INDEX}'"
    if strange := [str(tag) for tag in inputs["tags"] if not TAG.fullmatch(str(tag))]:
        yield f"tags: '{_quoted(strange)}' must be of the form tag:name"
    if inputs["login_server"] and not URL.fullmatch(inputs["login_server"]):
        yield f"login_server '{inputs['login_server']}' is no URL"
    if inputs["network"] == "host" and inputs["mode"] == "kernel":
        yield "mode kernel needs a network namespace of its own, not that of the host"
    if inputs["driver"] != "docker" and inputs["mode"] == "kernel":
        yield f"mode kernel needs docker: with {inputs['driver']} the sidecar cannot make a network interface"
    if inputs["driver"] == "raw_exec" and inputs["network"] != "host":
        yield "driver raw_exec shares the network of the client: it needs private_service_network: host"
    if inputs["state_volume"] and _endpoints.is_true(inputs["ephemeral"]):
        yield "state_volume keeps the node: it needs private_service_ephemeral: false and a key that is not ephemeral"
    if inputs["state_volume"] and not inputs["state_volume"].get("source"):
        yield "state_volume needs the source of a volume"
    if inputs["state"] == "present" and not (inputs["auth_key"] or "").strip():
        yield "auth_key is required: a reusable, ephemeral auth key of your tailnet"


def _app(inputs: Inputs) -> t.Iterator[str]:
    """The tasks beside the sidecar."""
    if outside := [file["path"] for file in inputs["files"] if not BELOW_LOCAL.fullmatch(file["path"])]:
        yield f"files: '{_quoted(outside)}' must lie below local/"
    if unfit := [str(name) for name in inputs["secrets"] if not ENVIRONMENT.fullmatch(str(name))]:
        yield f"secrets: '{_quoted(unfit)}' cannot be the name of an environment variable"
    volumes = [str(volume["name"]) for volume in inputs["volumes"]]
    if "tailscale-state" in volumes or len(set(volumes)) < len(volumes):
        yield "volumes: each needs a name of its own, other than tailscale-state"
    names = [str(task["name"]) for task in inputs["tasks"]]
    if taken := [name for name in names if name in HOUSE_TASKS or names.count(name) > 1]:
        yield f"tasks: the name '{taken[0]}' is taken"
    for task in inputs["tasks"]:
        if unknown := [str(mount["name"]) for mount in task.get("volumes") or () if mount["name"] not in volumes]:
            yield f"tasks: {task['name']} mounts '{_quoted(unknown)}', which private_service_volumes does not name"
    if inputs["state"] != "absent":
        yield from _programs(inputs)
        if inputs["network"] == "host" and inputs["port"]:
            yield "port is chosen by Nomad with host networking: leave it out, and let the app listen on 127.0.0.1:${NOMAD_PORT_app}"
        if inputs["network"] != "host" and not _endpoints.as_port(inputs["port"]):
            yield "port is required, from 1 to 65535"
    checks = [str(check.get("name", "app")) for check in inputs["checks"]]
    if len(set(checks)) < len(checks):
        yield "checks: each needs a name of its own"
    if long := [name for name in checks if not LABEL.fullmatch(f"{inputs['name']}-{name}") or name == "tailscale"]:
        yield f"checks: '{long[0]}' does not make the name of a service: use a-z, 0-9 and -, other than tailscale"


def _programs(inputs: Inputs) -> t.Iterator[str]:
    """What each task runs: an image, or a command of the client."""
    driver = inputs["driver"]
    needed, unfit = ("image", None) if driver == "docker" else ("command", "image")
    if not inputs[needed]:
        yield f"{needed} is required"
    if unfit and inputs[unfit]:
        yield f"{unfit} belongs to docker, not to {driver}"
    for task in inputs["tasks"]:
        if not task.get(needed):
            yield f"tasks: {task['name']} needs its {needed}"


def _reach(inputs: Inputs) -> t.Iterator[str]:
    """What of it is reached, and how."""
    service, registration = inputs["tailscale_service"], inputs["registration"]
    kernel, app_port = inputs["mode"] == "kernel", _endpoints.as_port(inputs["port"])
    if not inputs["serve_config"]:
        yield from _endpoints.problems(inputs["endpoints"], service)
        if not inputs["endpoints"] and (service or not kernel):
            yield "endpoints: without one nobody reaches the service"
    # tailscaled binds each of its ports on the node's addresses, too: whichever of the two comes second fails.
    if kernel and not service and app_port and app_port in _ports(inputs):
        yield (
            f"endpoints: port {app_port} is the app's own. In kernel mode the tailnet reaches the app there without an endpoint, and one "
            "of tailscaled can keep it from starting: leave that endpoint out, or give it another port"
        )
    if service and not SERVICE.fullmatch(service):
        yield f"tailscale_service '{service}' must be of the form svc:name"
    if service and not inputs["tags"]:
        yield "tailscale_service needs tags: only a tagged node can be the host of a Tailscale Service"
    if registration and not inputs["tailnet"] and "address" not in registration:
        yield "registration needs private_service_tailnet: the catalog is to hold the whole name"
    if registration and not _endpoints.as_port(registration.get("port")):
        yield "registration needs the port of an endpoint"


def _access(inputs: Inputs) -> t.Iterator[str]:
    """Whom the tailnet's policy lets reach it."""
    file = inputs["policy_file"]
    if inputs["state"] == "absent":
        return
    if not file:
        if inputs["sources"]:
            yield "sources needs private_service_policy_file, the policy that is to let them in"
        return
    try:
        policy = Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield f"policy_file '{file}' cannot be read: {error}"
        return
    # Without an endpoint it is the app itself that the tailnet reaches.
    ports = _ports(inputs) if inputs["serve_config"] or inputs["endpoints"] else [_endpoints.as_port(inputs["port"])]
    service = None if inputs["serve_config"] else inputs["tailscale_service"]
    for sentence in _tailnet_policy.text_problems(policy, inputs["tags"], inputs["sources"], ports, service):
        yield f"policy_file: {sentence}"


def _ports(inputs: Inputs) -> list[int]:
    """Where Serve answers on the tailnet."""
    config = inputs["serve_config"]
    ports = config.get("TCP") or () if config else [_endpoints.Endpoint.of(one).port for one in inputs["endpoints"]]
    return [port for port in map(_endpoints.as_port, ports) if port]


def _quoted(words: t.Iterable[str]) -> str:
    return "', '".join(words)


def _is_number(value: t.Any, least: int) -> bool:
    return str(value).isdecimal() and int(value) >= least
