# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role private_service: what is wrong with its inputs beyond their types, and the declaration that they make."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from ansible_collections.notailcar.nomad.plugins.module_utils._durations import DURATION
from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.allocations import SHORT_ALLOC_ID
from ansible_collections.notailcar.nomad.plugins.module_utils._tailnet.names import LABEL

from ...plugin_utils import _endpoints, _tailnet_policy
from .declared_workload import declared_tasks, declared_workload
from .egress_options import bypass_problems, egress_problems, runtime_problems
from .files import file_problems
from .workload import Inputs, example_hostname, node_problems, program_problems, task_problems

# Inputs of this role alone that the declaration has as they are.
OWN = ("canary", "canary_tasks", "checks", "driver", "ephemeral", "forget_nodes_after", "network", "registration", "state_volume")
SERVICE = re.compile(f"svc:{LABEL.pattern}")


def problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield a sentence for each problem, without the role's prefix."""
    yield from _node(inputs)
    yield from _app(inputs)
    yield from _reach(inputs)
    yield from _access(inputs)


def declared(inputs: Inputs) -> Json:
    """Return the declaration of a service without problems, as the role workload takes it."""
    service, config = inputs["tailscale_service"], inputs["serve_config"]
    return {
        **declared_workload(inputs, "private_service"),
        **{name: inputs[name] for name in OWN},
        "egress": _egress(inputs),
        "serve_config": config or _endpoints.serve_config(inputs["endpoints"], service),
        "endpoints": [] if config or inputs["state"] == "absent" else inputs["endpoints"],
    }


def _egress(inputs: Inputs) -> Json:
    level = "locked" if inputs["mode"] == "kernel" else "monitored"
    return {"level": level, **inputs["egress"]} if inputs["egress"] else {}


def _node(inputs: Inputs) -> t.Iterator[str]:
    """The job, its node on the tailnet, and where both run."""
    yield from node_problems(inputs)
    hostname = example_hostname(inputs["hostname"])
    if inputs["canary"] and LABEL.fullmatch(hostname) and not LABEL.fullmatch(f"{hostname}-canary"):
        yield f"hostname '{inputs['hostname']}' is too long for a canary: at most 56 characters"
    if inputs["canary_tasks"] and inputs["state"] == "present":
        yield from (f"canary_tasks {sentence}" for sentence in file_problems(inputs["canary_tasks"]))
    if inputs["network"] == "host" and inputs["mode"] == "kernel":
        yield "mode kernel needs a network namespace of its own, not that of the host"
    if inputs["driver"] != "docker" and inputs["mode"] == "kernel":
        yield f"mode kernel needs docker: with {inputs['driver']} the sidecar cannot make a network interface"
    if inputs["driver"] == "raw_exec" and inputs["network"] != "host":
        yield "driver raw_exec shares the network of the client: it needs private_service_network: host"
    if inputs["state_volume"] and inputs["ephemeral"]:
        yield "state_volume keeps the node: it needs private_service_ephemeral: false and a key that is not ephemeral"
    if inputs["state_volume"] and not inputs["state_volume"].get("source"):
        yield "state_volume needs the source of a volume"
    if inputs["forget_nodes_after"]:
        yield from _forgetting_problems(inputs["forget_nodes_after"], inputs)
    tasks = declared_tasks(inputs)
    if inputs["state"] != "absent":
        yield from runtime_problems(tasks, inputs["mode"])
    if inputs["egress"]:
        yield from (f"egress.{sentence}" for sentence in egress_problems(_egress(inputs), inputs["mode"], inputs["workload_identity"]))
        yield from bypass_problems(tasks)
        if inputs["canary"]:
            yield "egress and canary exclude each other: a canary logs in anew for its name, and has no exit node meanwhile"
        if inputs["mode"] == "userspace" and inputs["port"] == inputs["egress"].get("proxy_port"):
            yield f"egress.proxy_port {inputs['port']} is the app's own"
        if inputs["network"] == "host":
            yield "egress needs a network namespace of its own, not that of the host: others would reach its proxy, and it their ways out"
        if inputs["driver"] != "docker":
            yield f"egress needs docker: with {inputs['driver']} the guard has not been proved"


def _forgetting_problems(after: str, inputs: Inputs) -> t.Iterator[str]:
    if not DURATION.fullmatch(after):
        yield f"forget_nodes_after '{after}' is not a duration: for example 5m or 24h"
    if not inputs["minted_key"]:
        yield "forget_nodes_after needs private_service_minted_key: that says how the control plane is reached"
    if SHORT_ALLOC_ID in str(inputs["hostname"]):
        yield f"forget_nodes_after is for names that come back, and no other node ever asks for a name with {SHORT_ALLOC_ID}"


def _app(inputs: Inputs) -> t.Iterator[str]:
    """The tasks next to the sidecar."""
    tasks = declared_tasks(inputs)
    yield from task_problems(inputs, tasks, "private_service")
    if inputs["state"] != "absent":
        yield from program_problems(tasks, inputs["driver"])
        if inputs["network"] == "host" and inputs["port"]:
            yield "port is chosen by Nomad with host networking: leave it out, and let the app listen on 127.0.0.1:${NOMAD_PORT_app}"
        if inputs["network"] != "host" and not _endpoints.as_port(inputs["port"]):
            yield "port is required, from 1 to 65535"
    checks = [check["name"] for check in inputs["checks"]]
    if len(set(checks)) < len(checks):
        yield "checks: each needs a name of its own"
    if long := [name for name in checks if not LABEL.fullmatch(f"{inputs['name']}-{name}") or name == "tailscale"]:
        yield f"checks: '{long[0]}' does not make the name of a service: use a-z, 0-9 and -, other than tailscale"


def _reach(inputs: Inputs) -> t.Iterator[str]:
    """The endpoints that the tailnet reaches."""
    service, registration = inputs["tailscale_service"], inputs["registration"]
    kernel, app_port = inputs["mode"] == "kernel", _endpoints.as_port(inputs["port"])
    if not isinstance(inputs["serve_config"].get("TCP") or {}, dict):
        yield "serve_config.TCP must be a mapping of ports to handlers, as tailscale serve status --json shows it"
    if not inputs["serve_config"]:
        yield from _endpoints.endpoint_problems(inputs["endpoints"], service)
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
    unreadable = list(file_problems(file))
    yield from (f"policy_file {sentence}" for sentence in unreadable)
    if unreadable:
        return
    policy = Path(file).expanduser().read_text(encoding="utf-8")
    # Without an endpoint it is the app itself that the tailnet reaches.
    ports = _ports(inputs) if inputs["serve_config"] or inputs["endpoints"] else [_endpoints.as_port(inputs["port"])]
    service = None if inputs["serve_config"] else inputs["tailscale_service"]
    for sentence in _tailnet_policy.policy_text_problems(policy, inputs["tags"], inputs["sources"], ports, service):
        yield f"policy_file: {sentence}"


def _ports(inputs: Inputs) -> list[int]:
    """Where Serve answers on the tailnet."""
    config = inputs["serve_config"]
    ports = _declared_ports(config) if config else [_endpoints.Endpoint.of(one).port for one in inputs["endpoints"]]
    return [port for port in map(_endpoints.as_port, ports) if port]


def _declared_ports(config: Json) -> t.Iterable[t.Any]:
    tcp = config.get("TCP")
    return tcp if isinstance(tcp, dict) else ()
