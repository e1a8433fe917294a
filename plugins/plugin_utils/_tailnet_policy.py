# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tailnet's policy file lacks for a service: owners of its tags, and rules that let the wanted sources reach its ports.

The syntax is that of https://tailscale.com/kb/1337/policy-syntax. Rules only ever allow, and they add up. Each question to a rule has
three answers: yes, no, and None where the file does not show it, for example the addresses that a node will have. None never counts as yes.
"""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.notailcar.nomad.plugins.module_utils._json import Json

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

STRING = r'"(?:[^"\\\n]|\\.)*"'
COMMENT = re.compile(rf"({STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
# A comma after nothing is an error in HuJSON too, so it is kept for the parser to find.
TRAILING_COMMA = re.compile(rf"({STRING}|[\[{{]\s*,)|,(?=\s*[\]}}])", re.DOTALL)

PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
TCP = ("", "*", "tcp", "6")
# Also those outside of the tailnet, which `*` does not include.
WHOLE_WORLD = "autogroup:danger-all"
MEMBERS = ("autogroup:member", "autogroup:members")
NO_MEMBERS = (WHOLE_WORLD, "autogroup:shared", "autogroup:tagged")
# Destinations that are never a tagged node.
NEVER_TAGGED = ("autogroup:internet", "autogroup:self", *MEMBERS)
# All that is known of a rule; what else it has may narrow it.
FIELDS = ("action", "src", "users", "dst", "ports", "proto", "ip", "app")


class PolicyError(ValueError):
    """The text is no policy; the message says where and why."""


def parse(text: str) -> Json:
    """Return the policy of a HuJSON text, which is JSON with comments and trailing commas."""
    # What is taken out leaves blanks, so that the parser's lines and columns are those of the text.
    plain = COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    plain = TRAILING_COMMA.sub(lambda found: found[1] or " ", plain)
    try:
        policy = json.loads(plain)
    except json.JSONDecodeError as error:
        raise PolicyError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    return _mapping(policy, "the policy")


def policy_text_problems(
    text: str, tags: Sequence[str], sources: Sequence[str], ports: Iterable[int], service: str | None = None
) -> list[str]:
    """Return the problems of a policy given as HuJSON; a text that is no policy is one, too."""
    try:
        return policy_problems(parse(text), tags, sources, ports, service)
    except PolicyError as error:
        return [f"it cannot be read: {error}"]


def policy_problems(
    policy: Json, tags: Sequence[str], sources: Sequence[str], ports: Iterable[int], service: str | None = None
) -> list[str]:
    """Return a sentence for each tag without an owner, and for each source that does not reach all of the TCP ports.

    `tags` are those of one node, which is reached through any of them. With a Tailscale Service (`svc:NAME`) that one has the ports.
    """
    known = Policy.of(policy)
    found = [
        f'{tag} has no owner, so no node can have it: add "{tag}": ["autogroup:admin"] to "tagOwners" (headscale: a user or a group)'
        for tag in tags
        if tag not in known.owned
    ]
    targets = [service] if service else tags
    wanted = sorted({int(port) for port in ports})
    if sources and not targets:
        return [*found, "without tags there is nothing that a rule could let the sources reach"]
    if sources and not wanted:
        return [*found, "no port is known on which the sources could be let in"]
    for source in sources:
        doubts: dict[str, None] = {}
        if closed := [port for port in wanted if not known.lets(source, targets, port, doubts)]:
            if not known.has_rules:
                doubts["a policy with neither acls nor grants"] = None
            unclear = f" (not understood: {', '.join(doubts)})" if doubts else ""
            rule = _rule(source, targets[0], closed, grant=bool(service) or known.prefers_grants)
            found.append(f"no rule lets {source} reach {' or '.join(targets)} on TCP {_joined(closed)}{unclear}: add {rule}")
    return found


@dataclass(frozen=True)
class Rule:
    """What an entry of `acls` or `grants` lets through by TCP; a destination is `HOST:PORTS`, as in `acls`."""

    name: str
    sources: Sequence[str]
    destinations: Sequence[str]
    conditions: Sequence[str]

    @classmethod
    def of(cls, name: str, given: Json, default_posture: bool) -> Rule:
        destinations = _texts(_field(given, "dst", "ports"), f"{name}.dst")
        if name.startswith("grants"):
            capabilities = [text.rpartition(":") for text in _texts(_field(given, "ip"), f"{name}.ip")]
            ports = [ports for protocol, _colon, ports in capabilities if protocol.lower() in TCP]
            destinations = [f"{host}:{which}" for host in destinations for which in ports]
        elif _field(given, "action") != "accept" or str(_field(given, "proto") or "").lower() not in TCP:
            destinations = []
        # headscale-admin keeps notes in fields that begin with #.
        conditions = [key for key, value in given.items() if value and key.lower() not in FIELDS and not key.startswith("#")]
        if default_posture and not _field(given, "srcposture"):
            conditions.append("defaultSrcPosture")
        return cls(name, _texts(_field(given, "src", "users"), f"{name}.src"), destinations, conditions)


@dataclass(frozen=True)
class Policy:
    """The parts of a policy that decide who reaches what."""

    owned: Json
    groups: Mapping[str, Sequence[str]]
    hosts: Mapping[str, str]
    rules: Sequence[Rule]
    has_rules: bool
    prefers_grants: bool

    @classmethod
    def of(cls, given: Json) -> Policy:
        rules = {kind: _field(given, kind) for kind in ("acls", "grants")}
        posture = bool(_field(given, "defaultsrcposture"))
        groups = _mapping(_field(given, "groups"), "groups")
        hosts = _mapping(_field(given, "hosts"), "hosts")
        return cls(
            owned={tag: _texts(owners, f"tagOwners.{tag}") for tag, owners in _mapping(_field(given, "tagowners"), "tagOwners").items()},
            groups={name: _texts(members, f"groups.{name}") for name, members in groups.items()},
            hosts={name: str(address) for name, address in hosts.items()},
            rules=[
                Rule.of(f"{kind}[{number}]", _mapping(rule, f"{kind}[{number}]"), posture)
                for kind, entries in rules.items()
                for number, rule in enumerate(_list(entries, kind))
            ],
            has_rules=any(entries is not None for entries in rules.values()),
            prefers_grants=bool(rules["grants"]) and not rules["acls"],
        )

    def lets(self, source: str, targets: Sequence[str], port: int, doubts: dict[str, None]) -> bool:
        """Whether the source reaches the port of one of the targets; a group also does when each of its members does."""
        if self._lets(source, targets, port, doubts):
            return True
        members = [self._lets(member, targets, port, doubts) for member in self.groups.get(source, ())]
        return bool(members) and all(members)

    def _lets(self, source: str, targets: Sequence[str], port: int, doubts: dict[str, None]) -> bool:
        unclear: dict[str, None] = {}
        for rule in self.rules:
            covering = _weigh({word: self._covers(word, source) for word in rule.sources})
            for target in targets:
                leading = _weigh({word: _leads(word, target, port) for word in rule.destinations})
                if covering is None or leading is None:
                    continue
                words = [*rule.conditions, *covering, *leading]
                if not words:
                    return True
                unclear.update({f"{word} in {rule.name}": None for word in words})
        doubts.update(unclear)
        return False

    def _covers(self, word: str, source: str) -> bool | None:
        """Whether a word of `src` stands for all of the source."""
        if word in (source, WHOLE_WORLD):
            return True
        if word == "*":
            return source != WHOLE_WORLD
        if word in self.groups:
            return source in self.groups[word]
        if word in MEMBERS:
            return "@" in source or (source.startswith(("group:", "autogroup:")) and source not in NO_MEMBERS)
        if word == "autogroup:tagged":
            return source.startswith("tag:")
        if word.startswith("user:*@"):
            return ":" not in source and source.endswith(word[len("user:*") :])
        if (network := self._network(word)) is not None:
            wanted = self._network(source)
            return wanted is not None and _contains(network, wanted)
        is_other = word.startswith("tag:") or ("@" in word and ":" not in word)
        return False if is_other else None

    def _network(self, word: str) -> Network | None:
        try:
            return ipaddress.ip_network(self.hosts.get(word, word))
        except ValueError:
            return None


def _weigh(answers: Mapping[str, bool | None]) -> list[str] | None:
    """An empty list if one of the answers is yes; else the words without an answer, and None if all answers are no."""
    if True in answers.values():
        return []
    return [word for word, answer in answers.items() if answer is None] or None


def _leads(word: str, target: str, port: int) -> bool | None:
    """Whether a destination is this port of this target, a tag or a Tailscale Service."""
    host, _colon, ports = word.rpartition(":")
    if host == target:
        there: bool | None = True
    elif host in ("*", "autogroup:tagged"):
        # Whether it includes the address of a service is not documented.
        there = True if target.startswith("tag:") else None
    else:
        is_other = host.startswith(("tag:", "svc:", "group:")) or host in NEVER_TAGGED or "@" in host
        there = False if is_other else None
    answers = (there, _opens(ports, port))
    return False if False in answers else None if None in answers else True


def _opens(ports: str, port: int) -> bool | None:
    if ports == "*":
        return True
    spans = [PORTS.fullmatch(part.strip()) for part in ports.split(",")]
    if any(int(span[1]) <= port <= int(span[2] or span[1]) for span in spans if span):
        return True
    return False if all(spans) else None


def _contains(network: Network, inner: Network) -> bool:
    if network.version != inner.version:
        return False
    return int(network[0]) <= int(inner[0]) and int(inner[-1]) <= int(network[-1])


def _rule(source: str, target: str, ports: Sequence[int], grant: bool) -> str:
    """What would let the source in."""
    if grant:
        return json.dumps({"src": [source], "dst": [target], "ip": [f"tcp:{port}" for port in ports]}) + ' to "grants"'
    return json.dumps({"action": "accept", "src": [source], "dst": [f"{target}:{_joined(ports, ',')}"]}) + ' to "acls"'


def _joined(ports: Iterable[int], separator: str = ", ") -> str:
    return separator.join(map(str, ports))


def _field(mapping: Json, *names: str) -> t.Any:
    """The value of a field; Tailscale and headscale take no notice of its case."""
    return next((value for key, value in mapping.items() if key.lower() in names), None)


def _mapping(value: t.Any, name: str) -> Json:
    if not isinstance(value, (dict, type(None))):
        raise PolicyError(f"{name} must be an object")
    return value or {}


def _list(value: t.Any, name: str) -> list[t.Any]:
    if not isinstance(value, (list, type(None))):
        raise PolicyError(f"{name} must be a list")
    return value or []


def _texts(value: t.Any, name: str) -> list[str]:
    if not all(isinstance(one, str) for one in _list(value, name)):
        raise PolicyError(f"{name} must be a list of texts")
    return value or []
