# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the declaration of a verified egress."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.egress import has_every_address, is_address, is_network

from ...plugin_utils import _endpoints

EXIT_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]*")
# In the evidence it is between quotes.
ECHO_URL = re.compile(r"https?://[^\s\"\\]+")
# Instead of addresses.
WAIVED = ("differs", "any")
# Lists of addresses for the lock, and why they are useless without it.
KERNEL_ONLY = {"dns": "names go through the proxy", "peers": "the policy of the tailnet alone decides what the proxy reaches"}
# Attributes of docker that lead out of the allocation's namespace.
WAYS_OUT = ("network_mode", "networking_config", "pid_mode", "privileged", "userns_mode")
# Attributes of docker to which the role adds.
LISTS = ("cap_drop", "mounts")
# The capabilities that docker gives every container, without net_raw: no other may be added.
CAPABILITIES = (
    *("audit_write", "chown", "dac_override", "fowner", "fsetid", "kill", "mknod"),
    *("net_bind_service", "setfcap", "setgid", "setpcap", "setuid", "sys_chroot"),
)
# Those whose containers have the kernel of the client. Others, such as gVisor and Kata, have a network stack of their own.
RUNTIMES = ("crun", "io.containerd.runc.v2", "nvidia", "runc")
KILL_TIMEOUT = re.compile(r"^\s*kill_timeout\b", re.MULTILINE)


def egress_problems(egress: t.Mapping[str, t.Any], mode: str, identity: object = None) -> t.Iterator[str]:
    """Yield a sentence for each problem; the level of `egress` may still be auto, and so may `mode`."""
    lists = {name: egress.get(name) or [] for name in ("exit_nodes", "expect", "echo", "dns", "peers")}
    yield from (f"{name} is required" for name in ("exit_nodes", "expect", "echo") if not lists[name])
    for name, form in (("exit_nodes", EXIT_NODE), ("echo", ECHO_URL)):
        if unfit := [value for value in lists[name] if not form.fullmatch(value)]:
            yield f"{name}: '{unfit[0]}' is no {'URL' if form is ECHO_URL else 'name, address or tag'}"
    if any(value in WAIVED for value in lists["expect"]) and len(lists["expect"]) > 1:
        yield "expect: differs and any stand alone"
    elif unfit := [value for value in lists["expect"] if value not in WAIVED and not is_network(value)]:
        yield f"expect: '{unfit[0]}' is neither an address nor a CIDR, nor differs or any"
    elif wide := [value for value in lists["expect"] if has_every_address(value)]:
        yield f"expect: '{wide[0]}' has every address, which proves nothing: name the addresses of the exit nodes, or differs or any"
    if not 1 <= egress["quorum"] <= max(1, len(lists["echo"])):
        yield f"quorum must lie between 1 and the number of echo URLs, {len(lists['echo'])}"
    if not 1 <= egress["interval"] <= 15:
        yield "interval must lie between 1 and 15 seconds"
    if not _endpoints.as_port(egress["proxy_port"]):
        yield f"proxy_port '{egress['proxy_port']}' is no port, from 1 to 65535"
    level = egress.get("level")
    if identity and level != "monitored":
        yield "level must be monitored for a workload_identity: at the others only tailscaled gets out, and not what shows the identity"
    if level == "locked" and mode == "userspace":
        yield "level locked needs kernel mode: tailscaled marks its packets only there"
    if level == "monitored" and mode == "kernel":
        yield "level monitored is for userspace mode: in kernel mode locked costs nothing more"
    if level in ("auto", "isolated") and "differs" in lists["expect"]:
        yield "expect: differs needs the level locked or monitored: where the network is isolated nobody can tell the direct address"
    for name, otherwise in KERNEL_ONLY.items():
        if unfit := [value for value in lists[name] if not is_address(value)]:
            yield f"{name}: '{unfit[0]}' is no address"
        if lists[name] and mode != "kernel" and not (mode == "auto" and level == "locked"):
            yield f"{name} is for kernel mode, so for level locked or mode kernel: in userspace mode {otherwise}"


def bypass_problems(tasks: t.Iterable[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """Yield a sentence for each attribute by which a task would get around its sidecar; `config` is that of the docker driver."""
    for number, task in enumerate(tasks):
        config = task.get("config") or {}
        if unfit := [name for name in LISTS if not isinstance(config.get(name) or [], list)]:
            yield f"config: {unfit[0]} of {task['name']} must be a list"
        ways = [name for name in WAYS_OUT if config.get(name)]
        ways += [f"cap_add {cap}" for cap in _listed(config.get("cap_add")) if str(cap).lower().removeprefix("cap_") not in CAPABILITIES]
        if ways:
            yield f"config: {ways[0]} of {task['name']} would be a way past the exit node"
        # The docker driver accepts both names.
        mounts = [*_listed(config.get("mounts")), *_listed(config.get("mount"))]
        sources = [*_listed(config.get("volumes")), *(mount.get("source") if isinstance(mount, Mapping) else mount for mount in mounts)]
        if reaching := [str(source) for source in sources if ".." in str(source).partition(":")[0].split("/")]:
            yield f"config: '{reaching[0]}' of {task['name']} would reach into another task"
        if task.get("kill_timeout") or KILL_TIMEOUT.search(task.get("extra") or ""):
            where = f"tasks[{number - 1}]." if number else "extra_task: " if KILL_TIMEOUT.search(task.get("extra") or "") else ""
            yield f"{where}kill_timeout is set by the promise of the guard to stop the task at once: leave it out"


def runtime_problems(tasks: t.Iterable[t.Mapping[str, t.Any]], mode: str, level: str | None = None) -> t.Iterator[str]:
    """Yield a sentence for each task that the firewall of the namespace would not bind, if the job relies on it; arguments as above."""
    if mode != "kernel" and not (mode == "auto" and level in ("auto", "locked")):
        return
    for task in tasks:
        runtime = str((task.get("config") or {}).get("runtime") or "runc")
        if runtime not in RUNTIMES:
            yield (
                f"config: runtime {runtime} of {task['name']} is unfit for kernel mode: its packets may pass the firewall of the network "
                f"namespace. Known to obey it are {', '.join(RUNTIMES)}"
            )


def _listed(value: t.Any) -> list[t.Any]:
    """The driver decides what its attributes are; one thing where it takes several is one of them."""
    return value if isinstance(value, list) else [value] if value else []
