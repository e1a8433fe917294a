# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints of a service: what is wrong with them, the Serve configuration that they make, and their URLs.

An endpoint is a mapping as in the inputs of the role private_service; without a target it leads to the app's port. Its Serve
configuration is Tailscale's ipn.ServeConfig with placeholders that the sidecar fills: a node's name is known only there.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json
from ansible_collections.notailcar.nomad.plugins.module_utils._sidecar.serve_config import APP_PORT, DOMAIN, TAILNET

DEFAULT_PORTS = {"http": 80, "https": 443}
# Where Tailscale takes traffic from the internet, and for what.
FUNNEL_PORTS = (443, 8443, 10000)
FUNNEL_PROTOCOLS = ("https", "tls-terminated-tcp")
ANSWERS = ("target", "text", "redirect")


@dataclass(frozen=True)
class Endpoint:
    """One declared endpoint with its defaults filled in; `port` is 0 where none was given and the protocol has no usual one."""

    protocol: str
    port: int
    path: str
    answers: Mapping[str, str]
    funnel: bool

    @classmethod
    def of(cls, declared: Mapping[str, t.Any]) -> Endpoint:
        protocol = str(declared.get("protocol") or "http")
        port = declared.get("port")
        return cls(
            protocol=protocol,
            port=as_port(DEFAULT_PORTS.get(protocol, 0) if port in (None, "") else port),
            path=str(declared.get("path") or "/"),
            answers={name: str(declared[name]) for name in ANSWERS if declared.get(name) not in (None, "")},
            funnel=is_true(declared.get("funnel")),
        )

    @property
    def is_web(self) -> bool:
        return self.protocol in DEFAULT_PORTS

    def problems(self, has_path: bool) -> t.Iterator[str]:
        """What is wrong with this one alone."""
        if not self.port:
            yield "its port must lie between 1 and 65535" + ("" if self.is_web else f", {self.protocol} has no usual one")
        if len(self.answers) > 1:
            yield f"it can have only one of {', '.join(self.answers)}"
        if self.is_web and not self.path.startswith("/"):
            yield f"path '{self.path}' must begin with a slash"
        if not self.is_web and has_path:
            yield f"{self.protocol} knows no path"
        if not self.is_web and (wrong := [name for name in ("text", "redirect") if name in self.answers]):
            yield f"{self.protocol} can only forward to a target, not answer with {wrong[0]}"
        if "target" in self.answers and not self._target():
            yield f"target '{self.answers['target']}' must be a port{', HOST:PORT or a URL' if self.is_web else ' or HOST:PORT'}"
        if self.funnel and self.protocol not in FUNNEL_PROTOCOLS:
            yield f"Funnel takes {' or '.join(FUNNEL_PROTOCOLS)} only, not {self.protocol}"
        elif self.funnel and self.port not in FUNNEL_PORTS:
            yield f"Funnel takes the ports {', '.join(map(str, FUNNEL_PORTS))} only, not {self.port}"

    def _target(self) -> str:
        """Where to forward to, as Tailscale writes it; empty where the declared target is none."""
        target = self.answers.get("target", APP_PORT)
        scheme, separator, address = target.rpartition("://")
        if separator:
            return target if self.is_web and address and scheme in ("http", "https", "https+insecure") else ""
        if target == APP_PORT or as_port(target):
            target = f"127.0.0.1:{target}"
        host, _colon, port = target.rpartition(":")
        if not host or not (port == APP_PORT or as_port(port)):
            return ""
        return f"http://{target}" if self.is_web else target

    def web_handler(self) -> Json:
        """Tailscale's HTTPHandler."""
        if "text" in self.answers:
            return {"Text": self.answers["text"]}
        if "redirect" in self.answers:
            return {"Redirect": self.answers["redirect"]}
        return {"Proxy": self._target()}

    def tcp_handler(self, host: str) -> Json:
        """Tailscale's TCPPortHandler."""
        if self.is_web:
            return {self.protocol.upper(): True}
        return {"TCPForward": self._target(), **({"TerminateTLS": host} if self.protocol == "tls-terminated-tcp" else {})}

    def url(self, host: str) -> str:
        scheme = {"tls-terminated-tcp": "tls"}.get(self.protocol, self.protocol)
        port = "" if DEFAULT_PORTS.get(self.protocol) == self.port else f":{self.port}"
        return f"{scheme}://{host}{port}{self.path if self.is_web else ''}"


def is_true(value: t.Any) -> bool:
    """Return whether a switch is on, also one that comes as text."""
    return str(value).lower() in ("true", "yes", "on", "1")


def as_port(value: t.Any) -> int:
    """Return a port number, also from text; 0 for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535 else 0


def endpoint_problems(declared: Sequence[Mapping[str, t.Any]], service: str | None = None) -> list[str]:
    """Return a sentence for each problem of the endpoints, of one alone or of two together."""
    endpoints = [Endpoint.of(one) for one in declared]
    found = []
    protocols: dict[int, Endpoint] = {}
    seen: set[tuple[int, str]] = set()
    for number, (one, given) in enumerate(zip(endpoints, declared)):
        sentences = list(one.problems(has_path="path" in given and given["path"] is not None))
        if service and one.funnel:
            sentences.append(f"Funnel cannot lead to the Tailscale Service {service}")
        first = protocols.setdefault(one.port, one)
        if one.port and first.protocol != one.protocol:
            sentences.append(f"port {one.port} is {first.protocol} already, it cannot be {one.protocol} too")
        elif one.port and (one.port, one.path) in seen:
            sentences.append(f"port {one.port}{f' with path {one.path}' if one.is_web else ''} is declared twice")
        elif one.port and first.funnel != one.funnel:
            sentences.append(f"all of port {one.port} goes through Funnel, or nothing of it")
        seen.add((one.port, one.path))
        found += [f"endpoints[{number}]: {sentence}" for sentence in sentences]
    return found


def host_of(service: str | None) -> str:
    """The name under which endpoints are reached: the node's, or that of the Tailscale Service `svc:NAME`."""
    return f"{service.removeprefix('svc:')}.{TAILNET}" if service else DOMAIN


def serve_config(declared: Sequence[Mapping[str, t.Any]], service: str | None = None) -> Json:
    """Return the ipn.ServeConfig of endpoints without problems, for the node or for the Tailscale Service `svc:NAME`."""
    host = host_of(service)
    tcp: Json = {}
    web: dict[str, dict[str, Json]] = {}
    funnel = {}
    for one in map(Endpoint.of, declared):
        tcp[str(one.port)] = one.tcp_handler(host)
        if one.is_web:
            web.setdefault(f"{host}:{one.port}", {"Handlers": {}})["Handlers"][one.path] = one.web_handler()
        if one.funnel:
            funnel[f"{host}:{one.port}"] = True
    config = {"TCP": tcp, **({"Web": web} if web else {}), **({"AllowFunnel": funnel} if funnel else {})}
    return {"Services": {service: config}} if service else config


def urls(declared: Sequence[Mapping[str, t.Any]], dns_name: str, service: str | None = None) -> list[str]:
    """Return the URL of each endpoint, in their order; `dns_name` is the node's full name, without which there are none."""
    host = host_of(service).replace(TAILNET, dns_name.partition(".")[2]).replace(DOMAIN, dns_name)
    return [Endpoint.of(one).url(host) for one in declared] if dns_name else []
