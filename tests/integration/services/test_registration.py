# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service stands in a catalog under its name on the tailnet as long as it runs."""

from __future__ import annotations

import json
import typing as t

from tests.integration.support import play
from tests.lab import api
from tests.lab.site import Site


def test_in_nomads_own_catalog(site: Site, declare) -> None:
    service = declare("cataloged", registration={"port": 80, "tags": ["private"]})
    assert service.deploy().returncode == 0
    (found,) = json.loads(play.nomad(site, "service", "info", "-json", "cataloged"))
    assert (found["Address"], found["Port"], found["Tags"]) == (f"cataloged.{site.tailnet}", 80, ["private"])
    assert service.play(state="absent").returncode == 0
    assert play.run(site, "nomad", "service", "info", "cataloged").returncode != 0


def test_in_consuls_catalog(site: Site, consul: str, declare) -> None:
    def listed() -> list[dict[str, t.Any]]:
        return list(api.call(f"{consul}/v1/catalog/service/in-consul"))

    registration = {"provider": "consul", "name": "in-consul", "port": 80, "tags": ["private"], "meta": {"owner": "platform"}}
    service = declare("consulted", registration=registration)
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = listed()
    assert (found["ServiceAddress"], found["ServicePort"], found["ServiceTags"]) == (f"consulted.{site.tailnet}", 80, ["private"])
    assert found["ServiceMeta"]["owner"] == "platform"
    health = api.call(f"{consul}/v1/health/checks/consulted-tailscale")
    assert [check["Status"] for check in health] == ["passing"]
    assert service.play(state="absent").returncode == 0
    assert listed() == []
