# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible as a person runs it, and Nomad as it then is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import typing as t
import urllib.parse
from pathlib import Path

from tests import in_process
from tests.integration.support import leavings
from tests.lab.nomad import FIRST
from tests.lab.site import Site
from tests.lab.topology import ECHO_IP, NAMESPACES

ROOT = Path(__file__).parents[3]
Done = subprocess.CompletedProcess[str]
# The options of a module that the environment of the laboratory gives.
CONNECTION = {"address": "NOMAD_ADDR", "ca_cert": "NOMAD_CACERT", "token": "NOMAD_TOKEN"}
# The clone's collection also outside of a playbook, which finds it beside itself.
AD_HOC: dict[str, t.Any] = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}


def run(site: Site, *argv: str, timeout: float = 400, cwd: Path = ROOT, **environment: str) -> Done:
    """A command with the laboratory's environment; an empty value takes a variable away."""
    full_environment = variables(site, environment)
    done = subprocess.run(argv, env=full_environment, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)
    if argv[0].startswith("ansible"):
        leavings.keep("output", done.stdout + done.stderr)
    return done


def variables(site: Site, more: t.Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in {**site.child_environment(), **leavings.caches(), **more}.items() if value != ""}


def nomad(site: Site, *argv: str) -> str:
    done = run(site, "nomad", *argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def purge(site: Site, prefix: str) -> None:
    """Make Nomad forget all jobs whose IDs begin so, in all namespaces, dispatched ones too."""
    for job in json.loads(nomad(site, "operator", "api", f"/v1/jobs?namespace=*&prefix={prefix}")):
        path = f"/v1/job/{urllib.parse.quote(job['ID'], safe='')}?namespace={job['Namespace']}&purge=true"
        nomad(site, "operator", "api", "-X", "DELETE", path)


def call(site: Site, module: str, *options: str, environment: t.Mapping[str, t.Any] | None = None, **arguments: t.Any) -> dict[str, t.Any]:
    """The result of one of our modules; `failed` and the lines of `progress` beside it.

    The module runs in this process, as it runs in an Ansible worker: to start Ansible costs seconds of the processor. With options of
    the command other than `--check`, it is called as a person calls it ad hoc.
    """
    if set(options) - {"--check"}:
        return returned(run(site, *ad_hoc(module, arguments, *options), **{**AD_HOC, **(environment or {})}))
    given = {**site.environment(), **(environment or {})}
    known = in_process.arguments(module)
    connection = {option: given[name] for option, name in CONNECTION.items() if option in known}
    screen = in_process.Screen()
    result = in_process.call(screen, module, {**connection, **arguments}, check="--check" in options)
    leavings.keep("output", "\n".join([*screen.lines, *screen.warnings, json.dumps(result)]))
    return {"failed": False, "progress": screen.lines, **result}


def ad_hoc(module: str, arguments: t.Mapping[str, t.Any], *options: str) -> tuple[str, ...]:
    return ("ansible", "localhost", *options, "-m", f"notailcar.nomad.{module}", "-a", json.dumps(arguments))


def returned(done: Done) -> dict[str, t.Any]:
    found = re.search(r"^\S+ \| ([A-Z]+)!? => (\{.*)", done.stdout, re.S | re.M)
    assert found, done.stdout + done.stderr
    progress = [line.strip() for line in done.stderr.splitlines() if line.startswith("    ")]
    return {"failed": found[1] == "FAILED", "progress": progress, **json.loads(found[2])}


@contextlib.contextmanager
def token_of(site: Site, policy: str) -> t.Iterator[str]:
    """A token that holds this policy and nothing else."""
    created = json.loads(nomad(site, "acl", "token", "create", "-name=test", f"-policy={policy}", "-json"))
    try:
        yield created["SecretID"]
    finally:
        nomad(site, "acl", "token", "delete", created["AccessorID"])


@contextlib.contextmanager
def token_with(site: Site, rules: str) -> t.Iterator[str]:
    """A token that holds these rules and nothing else."""
    name = f"test-{os.getpid()}"
    file = site.state / f"{name}.policy.hcl"
    file.write_text(rules)
    nomad(site, "acl", "policy", "apply", name, str(file))
    try:
        with token_of(site, name) as token:
            yield token
    finally:
        nomad(site, "acl", "policy", "delete", name)
        file.unlink()


def changed(done: Done) -> int:
    """How many tasks the recap of a playbook counts as changed."""
    found = re.search(r"changed=(\d+)", done.stdout)
    assert found, done.stdout + done.stderr
    return int(found[1])


def failure_output(done: Done) -> str:
    """What a playbook that failed printed."""
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


def laboratory(site: Site) -> dict[str, t.Any]:
    """The inputs of a role with a sidecar (without their prefix) that belong to the laboratory."""
    return {
        "tailnet": site.tailnet,
        "login_server": site.login_server,
        "tailscale_image": site.tailscale_image,
        "purge": True,
    }


class Service:
    """A private service on the laboratory: go-httpbin, unless the inputs (without their prefix) say otherwise."""

    role = "private_service"
    playbook = "deploy-private-service.yml"

    def __init__(self, site: Site, name: str, inputs: t.Mapping[str, t.Any] | None = None) -> None:
        self.site = site
        self.name = name
        self.inputs = {"name": name, **self.usual(), **laboratory(site), **(inputs or {})}

    def usual(self) -> dict[str, t.Any]:
        """What it is without inputs."""
        return {
            "image": self.site.httpbin_image,
            "command": "/bin/go-httpbin",
            "args": ["-host", "127.0.0.1", "-port", "8080"],
            "port": 8080,
            "tags": ["tag:service"],
            "auth_key": self.site.auth_key("service"),
        }

    @property
    def url(self) -> str:
        return f"http://{self.name}.{self.site.tailnet}"

    def play(self, *options: str, environment: t.Mapping[str, t.Any] | None = None, **inputs: t.Any) -> Done:
        """Run the playbook with the declaration, changed by `inputs`."""
        declaration = {f"{self.role}_{key}": value for key, value in {**self.inputs, **inputs}.items()}
        if inputs.get("state") == "absent":
            leavings.keep_job(self.name)
        file = self.site.state / f"{self.name}.test.json"
        file.write_text(json.dumps(declaration))
        file.chmod(0o600)
        argv = ("ansible-playbook", self.playbook, "-e", f"@{file}", *options)
        try:
            return run(self.site, *argv, **(environment or {}))
        finally:
            file.unlink()

    def deploy(self, *options: str, **inputs: t.Any) -> Done:
        return self.play(*options, **inputs)

    def remove(self) -> None:
        done = self.play(state="absent")
        assert done.returncode == 0, done.stdout + done.stderr

    def exists(self) -> bool:
        """Whether Nomad knows anything of it."""
        known = [f"/v1/jobs?prefix={self.name}", f"/v1/vars?prefix=nomad/jobs/{self.name}/"]
        return any(FIRST.ask(path) for path in known)

    def job(self) -> dict[str, t.Any]:
        job: dict[str, t.Any] = json.loads(nomad(self.site, "job", "inspect", self.name))["Job"]
        return job

    def running(self) -> list[str]:
        """The ids of the running allocations that are to run on; one that is being stopped runs for a while too."""
        found = FIRST.ask(f"/v1/job/{urllib.parse.quote(self.name, safe='')}/allocations")
        return [one["ID"] for one in found if (one["DesiredStatus"], one["ClientStatus"]) == ("run", "running")]

    def allocation(self) -> str:
        """The id of the one running allocation."""
        (running,) = self.running()
        return running

    def inside(self, task: str, *command: str, allocation: str | None = None, user: str = "") -> Done:
        """A command in a task's container, by default as its user. (What `nomad alloc exec` says gets lost now and then.)"""
        return run(self.site, "docker", "exec", f"--user={user}", f"{task}-{allocation or self.allocation()}", *command)

    def evidence(self, allocation: str | None = None) -> dict[str, t.Any]:
        """What the sidecar of an allocation wrote; by default of the one that runs."""
        file = f"/v1/client/fs/cat/{allocation or self.allocation()}?path=tailscale/local/run/evidence.json"
        evidence: dict[str, t.Any] = FIRST.ask(file)
        return evidence

    def nodes(self) -> list[str]:
        """The names of the tailnet's nodes that are, or once were, this service's."""
        names = [node["given_name"] for node in self.site.headscale_nodes()]
        return [name for name in names if re.fullmatch(rf"{self.name}(-\w+)?", name)]


class Worker(Service):
    """An egress worker on the laboratory that only sleeps, unless the inputs say otherwise."""

    role = "egress_worker"
    playbook = "deploy-egress-worker.yml"

    def usual(self) -> dict[str, t.Any]:
        return {
            "image": self.site.busybox_image,
            "command": "/bin/sleep",
            "args": ["1d"],
            "tags": ["tag:worker"],
            "auth_key": self.site.auth_key("worker"),
            "exit_nodes": ["exit1", "exit2"],
            "expect": [NAMESPACES["exit1"].address, NAMESPACES["exit2"].address],
            "echo": [f"http://{ECHO_IP}/"],
        }
