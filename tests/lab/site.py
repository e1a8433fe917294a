# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running laboratory as tests and scripts see it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import certificates, consul, docker_engine, headscale, images, nomad, nomad_cluster, testcontrol, vault, wan
from .command import run
from .errors import LabError
from .tailnet_nodes import NODES
from .topology import BIN, KEYS, LOGIN_SERVER, NAMESPACES, PROXY_PORT, SITE_FILE, STATE, TAILNET


@dataclass(frozen=True)
class Site:
    """Addresses, credentials and places. `Site.running()` gives the one that is up."""

    nomad_token: str = field(repr=False)
    optional: tuple[str, ...] = ()
    state: Path = STATE
    keys: Path = KEYS
    bin: Path = BIN
    nomad_addr: str = nomad.FIRST.address
    ca: Path = certificates.CA
    login_server: str = LOGIN_SERVER
    headscale_api: str = headscale.API
    tailnet: str = TAILNET
    # With `testcontrol`: the other tailnet, whose auth key is called so too.
    testcontrol_login_server: str = testcontrol.LOGIN_SERVER
    testcontrol_tailnet: str = testcontrol.TAILNET
    echo_url: str = wan.ECHO_URL
    # By SOCKS, because the HTTP proxy keeps connections to a node that has long been replaced by another of the same name.
    client_proxy: str = f"socks5h://127.0.0.1:{PROXY_PORT}"
    docker_host: str = docker_engine.HOST
    tailscale_image: str = images.TAILSCALE.tag
    httpbin_image: str = images.HTTPBIN.tag
    caddy_image: str = images.CADDY.tag
    busybox_image: str = images.BUSYBOX_ONLY.tag
    escape_image: str = images.ESCAPE.tag

    @classmethod
    def running(cls) -> Site:
        """The laboratory that is up, or an error that says how to bring it up."""
        try:
            optional = tuple(json.loads(SITE_FILE.read_text())["optional"])
            return cls(nomad.TOKEN_FILE.read_text(), optional)
        except PermissionError:
            raise LabError("The laboratory belongs to root: use sudo.") from None
        except FileNotFoundError:
            raise LabError("The laboratory is not up: make lab-up") from None

    @property
    def nomad_servers(self) -> dict[str, str]:
        """The address of each Nomad server by its name in `status`; the first is that of `nomad_addr`."""
        more = nomad_cluster.ADDITIONAL if "servers" in self.optional else ()
        return {server.name: server.address for server in (nomad.FIRST, *more)}

    def environment(self) -> dict[str, str]:
        """What a person's shell or a test's child process needs; the programs come first on PATH."""
        variables = {
            "NOMAD_ADDR": self.nomad_addr,
            "NOMAD_CACERT": str(self.ca),
            "NOMAD_TOKEN": self.nomad_token,
            "DOCKER_HOST": self.docker_host,
            "LAB_STATE": str(self.state),
            "LAB_KEYS": str(self.keys),
            "LAB_LOGIN_SERVER": self.login_server,
            "LAB_TAILNET": self.tailnet,
            "LAB_ECHO_URL": self.echo_url,
            "LAB_CLIENT_PROXY": self.client_proxy,
            "LAB_TAILSCALE_IMAGE": self.tailscale_image,
            "LAB_HTTPBIN_IMAGE": self.httpbin_image,
            "LAB_CADDY_IMAGE": self.caddy_image,
            "LAB_BUSYBOX_IMAGE": self.busybox_image,
            "LAB_ESCAPE_IMAGE": self.escape_image,
            "LAB_HEADSCALE": shlex.join(headscale.CLI),
        }
        variables.update({f"LAB_IN_{name.upper()}": shlex.join(place.enter) for name, place in NAMESPACES.items()})
        if "vault" in self.optional:
            variables.update(VAULT_ADDR=vault.ADDRESS, VAULT_TOKEN=vault.TOKEN_FILE.read_text())
        if "consul" in self.optional:
            variables["CONSUL_HTTP_ADDR"] = consul.ADDRESS
        if "servers" in self.optional:
            variables["LAB_NOMAD_SERVERS"] = " ".join(self.nomad_servers.values())
        if "testcontrol" in self.optional:
            variables.update(LAB_TESTCONTROL_SERVER=self.testcontrol_login_server, LAB_TESTCONTROL_TAILNET=self.testcontrol_tailnet)
        return variables

    def shell_exports(self) -> str:
        """The environment as lines that a shell can `eval`."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment().items()]
        # Once only, however often it is evaluated.
        path = f'case ":$PATH:" in *:{self.bin}:*) ;; *) export PATH={self.bin}:"$PATH" ;; esac'
        return "\n".join([*lines, path])

    def child_environment(self) -> dict[str, str]:
        """This process's environment with the laboratory's in front of it."""
        return {**os.environ, **self.environment(), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def run_in(self, namespace: str, argv: t.Sequence[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in a namespace (wan, site, exit1, exit2, client, outsider); the caller judges its end."""
        command = [*NAMESPACES[namespace].enter, *argv]
        return subprocess.run(command, env=self.child_environment(), capture_output=True, text=True, timeout=timeout, check=False)

    def fetch(self, node: str, url: str, seconds: int = 10, retries: int = 0) -> subprocess.CompletedProcess[str]:
        """GET a URL as a node of the tailnet (client, outsider) through its proxy; curl's exit code tells refusal from answer.

        `retries`, a second apart: a node learns of a new one a moment after the control plane.
        """
        again = ["--retry", str(retries), "--retry-delay", "1", "--retry-all-errors"] if retries else []
        return self.run_in(node, ["curl", "-sS", "--fail-with-body", "--max-time", str(seconds), *again, "--proxy", self.client_proxy, url])

    def headscale(self, *arguments: str) -> str:
        """Run headscale's command line against the laboratory."""
        return run([*headscale.CLI, *arguments])

    def headscale_nodes(self) -> list[dict[str, t.Any]]:
        """Every node of the tailnet as the control plane knows it."""
        return headscale.nodes()

    def tailscale_status(self, node: str) -> dict[str, t.Any]:
        """`tailscale status --json` of a node (exit1, exit2, client, outsider)."""
        return NODES[node].status()

    @property
    def headscale_api_key(self) -> str:
        return headscale.API_KEY_FILE.read_text()

    def auth_key(self, name: str) -> str:
        """A preauth key: service, worker (reusable, ephemeral, tagged), expired, or, of the other tailnet, testcontrol."""
        return (self.keys / name).read_text()
