# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of a private service: deployed, called from the tailnet, silent everywhere else, idempotent, removed."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from functools import partial

import yaml

from tests.integration.support import play
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import ROOT, Service, changed
from tests.lab.command import wait_until
from tests.lab.site import Site

EXAMPLES = ROOT / "examples"
SITE_ADDRESS = "198.51.100.10"


@dataclass(frozen=True)
class Call:
    """What the client sends, and a part of what it must get back. TCP ports get the text as it is."""

    url: str
    answer: str
    text: str = ""


# Ports on which the apps listen inside their allocations, and what the tailnet gets.
CALLS: dict[str, tuple[tuple[int, ...], list[Call]]] = {
    "private-http-service": ((8080,), [Call("http://whoami/get?a=b", '"a"')]),
    "private-dashboard": (
        (8080,),
        [
            Call("http://dashboard/", "Only the tailnet sees this page"),
            Call("http://dashboard/about", "Served by Tailscale itself."),
            Call("http://dashboard/health", "well"),
        ],
    ),
    "private-api-service": ((8080,), [Call("http://api/v1/get?a=b", '"a"'), Call("http://api/", "/v1/get")]),
    "private-multi-port-service": (
        (8080, 9090),
        [
            Call("http://multi/", "the site"),
            Call("http://multi/api/get?a=b", '"a"'),
            Call("http://multi:8000/get?a=b", '"a"'),
            Call("http://multi:9000/", "the site"),
        ],
    ),
    "private-tcp-service": ((7007,), [Call("telnet://echo:5432", "hello over tcp", "hello over tcp\n")]),
    "private-serve-config": (
        (8080,),
        [
            Call("http://whole/", "See /bin/get"),
            Call("http://whole/bin/get?a=b", '"a"'),
            Call("http://whole:8081/get?a=b", '"a"'),
        ],
    ),
    "private-service-acl": ((8080,), [Call("http://guarded/get?a=b", '"a"')]),
    "consul-service-registration": ((8080,), [Call("http://found/get?a=b", '"a"')]),
}


def example(site: Site, name: str) -> dict[str, t.Any]:
    """The inputs of an example, without their prefix, with the laboratory's images instead of the public ones."""
    text = (EXAMPLES / name / "service.yml").read_text()
    for public, local in (
        ("mccutchen/go-httpbin:v2.15.0", site.httpbin_image),
        ("caddy:2.10", site.caddy_image),
        ("busybox:1.37", site.busybox_image),
    ):
        text = text.replace(f" {public}\n", f" {local}\n")
    declared = yaml.safe_load(text)
    return {key.removeprefix("private_service_"): value for key, value in declared.items()}


def deployed(site: Site, name: str) -> Service:
    inputs = example(site, name)
    # Without what every other service of the tests has.
    blank: dict[str, t.Any] = {"command": None, "args": []}
    return Service(site, inputs["name"], {**blank, **inputs, **play.laboratory(site), "auth_key": site.auth_key("service")})


def test_every_example_of_a_private_service_is_called() -> None:
    found = {path.parent.name for path in EXAMPLES.glob("*/service.yml")}
    assert found == set(CALLS)


def test_examples(site: Site, consul: str) -> None:
    in_parallel(lambda name: called(site, name), CALLS)


def called(site: Site, name: str) -> None:
    app_ports, calls = CALLS[name]
    service = deployed(site, name)
    service.remove()
    try:
        done = service.deploy(environment={"API_TOKEN": "itest-canary-token"})
        assert done.returncode == 0, done.stdout + done.stderr
        assert "itest-canary-token" not in done.stdout + done.stderr
        for call in calls:
            wait_until(partial(answered, site, call), f"the answer to {call}")
        only_the_tailnet(site, service, app_ports)
        outsider = site.fetch("outsider", f"http://{service.evidence()['status']['TailscaleIPs'][0]}/", seconds=3)
        assert outsider.returncode == 28, "nobody answers whom the tailnet's policy does not let in"
        again = service.deploy("--diff", environment={"API_TOKEN": "itest-canary-token"})
        assert again.returncode == 0, again.stdout + again.stderr
        assert changed(again) == 0, again.stdout
    finally:
        service.remove()
    assert service.nodes() == []
    assert play.run(site, "nomad", "job", "inspect", service.name).returncode != 0


def answered(site: Site, call: Call) -> bool:
    return call.answer in said(site, call)


def said(site: Site, call: Call) -> str:
    """What the permitted client gets; the name in the URL is the node's first label."""
    scheme, _separator, rest = call.url.partition("://")
    host, slash, path = rest.partition("/")
    name, colon, port = host.partition(":")
    url = f"{scheme}://{name}.{site.tailnet}{colon}{port}{slash}{path}"
    if call.text:
        script = f"printf '{call.text}' | curl -sS --max-time 3 --proxy {site.client_proxy} {url}"
        return site.run_in("client", ["sh", "-c", script]).stdout
    return site.fetch("client", url).stdout


def only_the_tailnet(site: Site, service: Service, app_ports: t.Sequence[int]) -> None:
    """Neither the machine's own address nor the allocation's answers, except the allocation's for health, and for checks by Nomad."""
    checks = {check.get("port", service.inputs["port"]) for check in service.inputs.get("checks", [])}
    status = json.loads(play.nomad(site, "alloc", "status", "-json", service.allocation()))
    for address in (SITE_ADDRESS, status["NetworkStatus"]["Address"]):
        for port in (80, *app_ports):
            if address == SITE_ADDRESS or port not in checks:
                answer = site.run_in("site", ["curl", "-sS", "--max-time", "5", f"http://{address}:{port}/"])
                assert answer.returncode == 7, f"{address}:{port} {answer.stdout}{answer.stderr}"
