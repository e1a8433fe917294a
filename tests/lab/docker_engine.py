# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's own Docker, with containerd of its own (which it starts itself)."""

from __future__ import annotations

import json

from . import cgroups, process
from .command import succeeds
from .component import Component
from .topology import DATA, NAMESPACES, STATE

SOCKET = STATE / "docker.sock"
HOST = f"unix://{SOCKET}"
# Debian's, whatever else is called docker on PATH.
CLIENT = ["/usr/bin/docker", "--host", HOST]
DOCKER = Component("docker", f"{HOST} (site)", lambda: succeeds([*CLIENT, "info"]))


def start() -> None:
    """Start it in the site's namespaces, untouched by the machine's own Docker configuration."""
    settings = {
        "data-root": str(DATA / "docker"),
        "exec-root": str(STATE / "docker"),
        "pidfile": str(STATE / "docker.pid"),
        "hosts": [HOST],
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{cgroups.DOCKER}",
        "userland-proxy": False,
    }
    config = STATE / "docker.json"
    config.write_text(json.dumps(settings, indent=2))
    process.start("docker", ["/usr/sbin/dockerd", "--config-file", str(config)], NAMESPACES["site"])
    DOCKER.wait()
