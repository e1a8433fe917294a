# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service answers, and what was restarted for it."""

from __future__ import annotations

import time

from tests.integration.support.play import Service
from tests.lab import nomad
from tests.lab.command import wait_until
from tests.lab.site import Site


def answers(site: Site, service: Service, seconds: float = 60) -> float:
    """Seconds until the service answers under its name."""
    begin = time.monotonic()
    wait_until(lambda: answering(site, service), f"{service.url} to answer", seconds)
    return time.monotonic() - begin


def answering(site: Site, service: Service) -> bool:
    return site.fetch("client", f"{service.url}/get", seconds=3).returncode == 0


def healthy(site: Site, service: Service, allocation: str) -> bool:
    checks = nomad.FIRST.ask(f"/v1/client/allocation/{allocation}/checks")
    return all(check["Status"] == "success" for check in checks.values())


def restarts(site: Site, allocation: str) -> dict[str, int]:
    """How often each task of the allocation was restarted; one that is being restarted does not count yet."""
    tasks = nomad.FIRST.ask(f"/v1/allocation/{allocation}")["TaskStates"]
    return {name: task["Restarts"] for name, task in tasks.items() if task["State"] == "running" or name == "gate"}


def client_status() -> str:
    (client,) = nomad.FIRST.ask("/v1/nodes")
    return str(client["Status"])


def only_client() -> str:
    (client,) = nomad.FIRST.ask("/v1/nodes")
    return str(client["ID"])
