# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tailnet's nodes outside the site: two exit nodes, a permitted client and a forbidden one."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from . import certificates, headscale, process
from .command import run
from .component import Component
from .topology import BIN, KEYS, LOGIN_SERVER, NAMESPACES, PROXY_PORT, STATE

EXIT_ROUTES = {"0.0.0.0/0", "::/0"}


@dataclass(frozen=True)
class Node:
    """A userspace tailscaled in a namespace of the same name."""

    name: str
    key: str
    is_exit: bool = False

    @property
    def home(self) -> str:
        return str(STATE / "tailnet" / self.name)

    @property
    def cli(self) -> list[str]:
        return [str(BIN / "tailscale"), f"--socket={self.home}/tailscaled.sock"]

    @property
    def component(self) -> Component:
        place = NAMESPACES[self.name]
        offer = "exit node" if self.is_exit else f"proxy 127.0.0.1:{PROXY_PORT}"
        return Component(self.name, f"{place.address}, {offer}", self._ready)

    def status(self) -> dict[str, t.Any]:
        """The daemon's own view, peers included."""
        answer: dict[str, t.Any] = json.loads(run([*self.cli, "status", "--json"]))
        return answer

    def _ready(self) -> bool:
        status = self.status()
        if status["BackendState"] != "Running" or not status["Self"]["Online"]:
            return False
        return not self.is_exit or self._routes_approved()

    def _routes_approved(self) -> bool:
        return any(node["given_name"] == self.name and set(node.get("approved_routes", ())) >= EXIT_ROUTES for node in headscale.nodes())

    def start(self) -> None:
        """Start the daemon, log in and wait until it is online."""
        proxy = f"127.0.0.1:{PROXY_PORT}"
        proxies = [] if self.is_exit else [f"--socks5-server={proxy}", f"--outbound-http-proxy-listen={proxy}"]
        where = [f"--statedir={self.home}", f"--socket={self.home}/tailscaled.sock"]
        daemon = [str(BIN / "tailscaled"), "--tun=userspace-networking", "--no-logs-no-support", *where, *proxies]
        process.start(self.name, daemon, NAMESPACES[self.name], SSL_CERT_FILE=str(certificates.CA))
        login = [f"--login-server={LOGIN_SERVER}", f"--auth-key=file:{KEYS / self.key}", f"--hostname={self.name}"]
        # `up` waits for the daemon's socket by itself.
        run([*self.cli, "up", *login, "--accept-dns=false", "--timeout=30s", *(["--advertise-exit-node"] if self.is_exit else [])])
        self.component.wait()


NODES = {
    node.name: node
    for node in (
        Node("exit1", "exit", is_exit=True),
        Node("exit2", "exit", is_exit=True),
        Node("client", "alice"),
        Node("outsider", "mallory"),
    )
}
