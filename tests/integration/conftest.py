# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory for all tests, and services that each test declares for itself."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

from tests import in_process
from tests.integration.support import leavings, optional
from tests.integration.support.lab_command import lab
from tests.integration.support.parallel import in_parallel
from tests.integration.support.play import Service
from tests.lab.command import wait_until
from tests.lab.consul import ADDRESS
from tests.lab.docker_engine import CLIENT as DOCKER
from tests.lab.docker_engine import SOCKET
from tests.lab.errors import LabError
from tests.lab.nomad import FIRST
from tests.lab.site import Site
from tests.lab.topology import NUMBER


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> t.Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the sidecars said and which nodes the tailnet has, before the test's end removes them."""
    report = yield
    if report.failed and report.when != "teardown":
        report.sections += [("Sidecars", sidecars_log()), ("Nodes", nodes_log())]
    return report


def nodes_log() -> str:
    """What headscale knows of each node; nothing where there is no laboratory."""
    try:
        return "\n".join(
            f"{node['given_name']}: {'online' if node.get('online') else 'offline'}" for node in Site.running().headscale_nodes()
        )
    except LabError:
        return ""


def sidecars_log() -> str:
    def docker(*argv: str) -> list[str]:
        done = subprocess.run([*DOCKER, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()

    told = []
    for name in docker("ps", "--all", "--filter=name=tailscale-", "--format={{.Names}}") if SOCKET.exists() else []:
        log = docker("logs", "--timestamps", name)
        told += [f"{name}:", *(line for line in log if " sidecar: " in line), *log[-5:]]
    return "\n".join(told)


@pytest.fixture(scope="session")
def laboratory() -> t.Iterator[None]:
    """A lane's laboratory: a new one for its first test, away after its last one. A person's stays as it is."""
    if not NUMBER:
        yield
        return
    for command in ("down", "up"):
        done = lab(command)
        assert done.returncode == 0, done.stdout + done.stderr
    with leavings.lane():
        yield
    down, check = lab("down"), lab("check")
    assert check.returncode == 0, down.stdout + down.stderr + check.stdout + check.stderr


@pytest.fixture(scope="module")
def site(laboratory: None) -> Site:
    """The laboratory as it is now: tests before may have made a new one, or added a part to it."""
    try:
        return Site.running()
    except LabError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def declare(site: Site) -> t.Iterator[t.Callable[..., Service]]:
    """A service, or worker, of the test's own; removed before, when an aborted run left it, and after."""
    declared: list[Service] = []

    def declare(name: str, kind: type[Service] = Service, **inputs: t.Any) -> Service:
        service = kind(site, name, inputs)
        if service.exists():
            service.remove()
        declared.append(service)
        return service

    yield declare
    # The last of each name, whose inputs are those of what is there.
    in_parallel(Service.remove, [service for service in {one.name: one for one in declared}.values() if service.exists()])


@pytest.fixture(scope="module")
def httpbin(site: Site) -> t.Iterator[Service]:
    """One deployed go-httpbin for the tests that only look."""
    service = Service(site, "httpbin")
    service.remove()
    done = service.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    yield service
    service.remove()


@pytest.fixture(scope="module")
def consul(site: Site) -> t.Iterator[str]:
    """The address of the laboratory's Consul, as soon as Nomad's client knows of it."""

    def known() -> bool:
        nodes = [FIRST.ask(f"/v1/node/{node['ID']}") for node in FIRST.ask("/v1/nodes")]
        return any("consul.version" in node["Attributes"] for node in nodes)

    with optional.part(site, "consul"):
        wait_until(known, "Nomad's client to find Consul")
        yield ADDRESS


@pytest.fixture(scope="module")
def control(site: Site) -> dict[str, str]:
    """How the controller reaches headscale's API: the options of the modules for control planes."""
    leavings.seek(site.headscale_api_key)
    connection = {"control": "headscale", "control_url": site.headscale_api, "control_ca_cert": str(site.ca), "user": "lab"}
    return {**connection, "api_key": site.headscale_api_key}


@pytest.fixture
def nomad_environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The laboratory's environment in this very process."""
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)


class Caller:
    """Calls modules in this process, as the Ansible worker does; `lines` and `warnings` are what the last call showed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def __call__(self, module: str, /, check: bool = False, **args: t.Any) -> in_process.Result:
        screen = in_process.Screen()
        self.lines, self.warnings = screen.lines, screen.warnings
        return in_process.call(screen, module, args, check)


@pytest.fixture
def called(nomad_environment: None) -> Caller:
    return Caller()


@pytest.fixture
def purge(called: Caller) -> t.Callable[[str], None]:
    """Remove a job of the test, whatever became of it."""

    def purge(name: str) -> None:
        done = called("job", name=name, state="absent", purge=True)
        assert not done.get("failed"), done

    return purge
