# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a Tailscale Service, as far as a node goes: no control plane of the laboratory has Services."""

from __future__ import annotations

import json
import typing as t

from tests.integration.support import play
from tests.integration.support.play import Service, changed
from tests.lab.command import wait_until
from tests.lab.site import Site


def test_each_allocation_advertises_the_service_and_drains_it(site: Site, declare) -> None:
    service = declare("hosts", count=2, hostname="hosts-${NOMAD_ALLOC_INDEX}", tailscale_service="svc:web")
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = service.running()
    for allocation in (first, second):
        wait_until(advertises(service, allocation, ["svc:web"]), "the service to be advertised")
        assert service.evidence(allocation)["serve_config"] == {
            "Services": {
                "svc:web": {
                    "TCP": {"80": {"HTTP": True}},
                    "Web": {f"web.{site.tailnet}:80": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:8080"}}}},
                }
            }
        }
    again = service.deploy("--diff")
    assert again.returncode == 0, again.stdout + again.stderr
    assert changed(again) == 0, again.stdout
    play.nomad(site, "alloc", "stop", "-detach", first)
    wait_until(advertises(service, first, []), "the first host to be drained")
    assert service.evidence(first)["phase"] == "stopping", "it is on the tailnet still"
    wait_until(lambda: service.evidence(first)["phase"] == "logged_out", "the first host to leave")
    wait_until(advertises(service, second, ["svc:web"]), "the second host to go on")


def advertises(hosts: Service, allocation: str, services: list[str]) -> t.Callable[[], bool]:
    """Whether tailscaled advertises these services."""

    def found() -> bool:
        said = hosts.inside("tailscale", "tailscale", "--socket=/tmp/tailscaled.sock", "debug", "prefs", allocation=allocation).stdout
        return bool(said) and (json.loads(said)["AdvertiseServices"] or []) == services

    return found
