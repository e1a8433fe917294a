# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a tailnet's policy lets reach a service, and what is said where it does not."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.notailcar.nomad.plugins.filter.tailnet_policy_problems import FilterModule
from ansible_collections.notailcar.nomad.plugins.plugin_utils._tailnet_policy import PolicyError, parse, policy_problems

from tests.unit.support.role_inputs import PRIVATE_SERVICE, sentences

ROOT = Path(__file__).parents[4]
SAMPLE = (ROOT / "acl/policy.hujson").read_text()
TAGS = ["tag:service"]
text_problems = FilterModule().filters()["tailnet_policy_problems"]


def policy(*acls: dict[str, t.Any], **others: t.Any) -> dict[str, t.Any]:
    return {
        "groups": {"group:staff": ["alice@example.com", "bob@example.com"], "group:one": ["alice@example.com"]},
        "hosts": {"office": "192.0.2.0/24", "printer": "192.0.2.9"},
        "tagOwners": {"tag:service": ["autogroup:admin"], "tag:web": []},
        "acls": list(acls),
        **others,
    }


def acl(src: str | list[str], *dst: str, **others: t.Any) -> dict[str, t.Any]:
    return {"action": "accept", "src": [src] if isinstance(src, str) else src, "dst": list(dst or ["tag:service:443"]), **others}


def grant(src: str, *ip: str, **others: t.Any) -> dict[str, t.Any]:
    return {"src": [src], "dst": ["tag:service"], "ip": list(ip), **others}


# HuJSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1} // the end', {"a": 1}),
        ('/* first */ {"a": /* in between */ [1, 2]}\n', {"a": [1, 2]}),
        ('{"a": [1, 2,], // two\n}', {"a": [1, 2]}),
        ('{"a": {"b": 1, /* last */ }, }', {"a": {"b": 1}}),
        ('{"a": "https://example.com", "b": "/* no comment */", "c": "x,]"}', None),
        (r'{"a": "a \" // quote", "b": "\\", "c": ",}"}', None),
        ('{"a": 1 /* two\nlines * / // */ }', {"a": 1}),
        ("{}", {}),
    ],
)
def test_hujson(text: str, value: t.Any) -> None:
    assert parse(text) == (json.loads(text) if value is None else value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: Expecting ',' delimiter"),
        ('{\n  // a comment\n  /* and\n another */ "a": ]\n}', "line 4, column 18: Expecting value"),
        ('{\n"a": 1,\n/* never closed\n}', "line 3, column 1: "),
        ('{\n"a": "never closed // x\n}', "line 2, column "),
        ('{"a": [,]}', "line 1, column 8: Expecting value"),
        ('{"a": [1,,]}', "line 1, column "),
        ("{,}", "line 1, column 2: "),
        ("", "line 1, column 1: Expecting value"),
        ("[]", "the policy must be an object"),
    ],
)
def test_what_is_no_hujson_is_located(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"acls": {}}, "acls must be a list"),
        ({"acls": ["x"]}, "acls[0] must be an object"),
        ({"acls": [{"action": "accept", "src": "*", "dst": ["*:*"]}]}, "acls[0].src must be a list"),
        ({"grants": [grant("*", "*"), grant("*", 443)]}, "grants[1].ip must be a list of texts"),
        ({"groups": []}, "groups must be an object"),
        ({"groups": {"group:a": "alice@example.com"}}, "groups.group:a must be a list"),
        ({"tagOwners": {"tag:service": "alice@example.com"}}, "tagOwners.tag:service must be a list"),
    ],
)
def test_a_policy_of_another_shape_is_refused(given: dict[str, t.Any], sentence: str) -> None:
    assert text_problems(json.dumps(given), TAGS, ["*"], [443]) == [f"it cannot be read: {sentence}"]


# Owners


def test_each_tag_needs_an_owner() -> None:
    assert policy_problems(policy(), ["tag:service", "tag:worker", "tag:web"], [], []) == [
        "tag:worker has no owner, so no node can have it: "
        'add "tag:worker": ["autogroup:admin"] to "tagOwners" (headscale: a user or a group)'
    ]


# Rules: whom they let in on 443

LETS_IN: list[tuple[str, dict[str, t.Any]]] = [
    # Sources
    ("alice@example.com", policy(acl("alice@example.com"))),
    ("alice@example.com", policy(acl("group:staff"))),
    ("alice@example.com", policy(acl("autogroup:member"))),
    ("alice@example.com", policy(acl("autogroup:members"))),
    ("alice@example.com", policy(acl("user:*@example.com"))),
    ("alice@example.com", policy(acl("*"))),
    ("group:staff", policy(acl("group:staff"))),
    ("group:staff", policy(acl("autogroup:member"))),
    ("group:staff", policy(acl("alice@example.com"), acl("bob@example.com"))),
    ("group:staff", policy(acl("group:one"), grants=[grant("bob@example.com", "443")])),
    ("group:synced@example.com", policy(acl("group:synced@example.com"))),
    ("autogroup:member", policy(acl("autogroup:member"))),
    ("autogroup:admin", policy(acl("autogroup:member"))),
    ("autogroup:shared", policy(acl("*"))),
    ("tag:ci", policy(acl("tag:ci"))),
    ("tag:ci", policy(acl("autogroup:tagged"))),
    ("100.64.0.7", policy(acl("100.64.0.7"))),
    ("100.64.0.7", policy(acl("100.64.0.0/10"))),
    ("192.0.2.0/25", policy(acl("office"))),
    ("office", policy(acl("192.0.0.0/16"))),
    ("printer", policy(acl("office"))),
    ("fd7a:115c:a1e0::7", policy(acl("fd7a:115c:a1e0::/48"))),
    ("*", policy(acl("*"))),
    ("*", policy(acl("autogroup:danger-all"))),
    # Destinations and ports
    ("*", policy(acl("*", "tag:service:80,443"))),
    ("*", policy(acl("*", "tag:service:1-79,400-500"))),
    ("*", policy(acl("*", "tag:service:*"))),
    ("*", policy(acl("*", "*:*"))),
    ("*", policy(acl("*", "autogroup:tagged:443"))),
    ("*", policy(acl("*", "tag:web:22", "tag:service:443"))),
    ("*", policy(acl("*", proto="tcp"))),
    ("*", policy(acl("*", proto="6"))),
    ("*", policy(acl("*", proto=6))),
    # Grants
    *[("*", policy(grants=[grant("*", ip)])) for ip in ("*", "443", "tcp:443", "400-500", "tcp:400-500", "tcp:*")],
    ("*", policy(grants=[grant("*", "udp:53", "tcp:443")])),
    ("*", policy(grants=[grant("*", "443", app={"example.com/cap/x": [{}]})])),
    # Old spelling, and the notes of headscale-admin
    ("*", {"TagOwners": {"tag:service": []}, "ACLs": [{"Action": "accept", "Users": ["*"], "Ports": ["*:*"]}]}),
    ("*", policy(acl("*", **{"#ha-meta": {"name": "x"}}))),
    # What is not understood does no harm beside a rule that is.
    ("alice@example.com", policy(acl("*", srcPosture=["posture:a"]), acl("*"))),
]


@pytest.mark.parametrize(("source", "given"), LETS_IN)
def test_a_source_is_let_in(source: str, given: dict[str, t.Any]) -> None:
    assert policy_problems(given, TAGS, [source], [443]) == []


SHUTS_OUT: list[tuple[str, dict[str, t.Any]]] = [
    ("alice@example.com", policy()),
    ("alice@example.com", policy(acl("bob@example.com"))),
    ("carol@example.com", policy(acl("group:staff"))),
    ("alice@example.com", policy(acl("user:*@example.org"))),
    ("alice@example.com", policy(acl("tag:ci"))),
    ("alice@example.com", policy(acl("autogroup:tagged"))),
    ("group:staff", policy(acl("group:one"))),
    ("group:staff", policy(acl("alice@example.com"))),
    ("group:other", policy(acl("group:staff"))),
    ("group:synced@example.com", policy(acl("user:*@example.com"))),
    ("group:loop", policy(groups={"group:loop": ["group:loop"]})),
    ("autogroup:member", policy(acl("group:staff"))),
    ("autogroup:shared", policy(acl("autogroup:member"))),
    ("autogroup:tagged", policy(acl("autogroup:member"))),
    ("autogroup:danger-all", policy(acl("*"))),
    ("tag:ci", policy(acl("autogroup:member"))),
    ("100.64.0.7", policy(acl("100.64.0.8"))),
    ("192.0.2.0/23", policy(acl("office"))),
    ("alice@example.com", policy(acl("office"))),
    ("100.64.0.7", policy(acl("::/0"))),
    ("*", policy(acl("autogroup:member"))),
    ("*", policy(acl("*", "tag:service:80"))),
    ("*", policy(acl("*", "tag:service:400-442"))),
    ("*", policy(acl("*", "tag:other:443"))),
    ("*", policy(acl("*", "alice@example.com:443", "group:staff:443", "autogroup:self:*", "autogroup:internet:*"))),
    ("*", policy(acl("*", proto="udp"))),
    ("*", policy({**acl("*"), "action": "deny"})),
    ("*", policy(grants=[grant("*", "udp:443")])),
    ("*", policy(grants=[grant("*", "80")])),
    ("*", policy(grants=[{"src": ["*"], "dst": ["tag:service"], "app": {"example.com/cap/x": [{}]}}])),
]


@pytest.mark.parametrize(("source", "given"), SHUTS_OUT)
def test_a_source_is_shut_out(source: str, given: dict[str, t.Any]) -> None:
    (sentence,) = policy_problems(given, TAGS, [source], [443])
    assert sentence.startswith(f"no rule lets {source} reach tag:service on TCP 443: add ")


NOT_UNDERSTOOD: list[tuple[dict[str, t.Any], str]] = [
    (policy(acl("*", srcPosture=["posture:mac"])), "srcPosture in acls[0]"),
    (policy(acl("*"), defaultSrcPosture=["posture:mac"]), "defaultSrcPosture in acls[0]"),
    (policy(grants=[grant("*", "443", via=["tag:router"])]), "via in grants[0]"),
    (policy(acl("*", future=1)), "future in acls[0]"),
    (policy(acl("ipset:office")), "ipset:office in acls[0]"),
    (policy(acl("autogroup:admin")), "autogroup:admin in acls[0]"),
    (policy(acl("group:synced@example.com")), "group:synced@example.com in acls[0]"),
    # Bits beside the mask: which network is meant?
    (policy(acl("192.0.2.1/24")), "192.0.2.1/24 in acls[0]"),
    (policy(acl("nowhere")), "nowhere in acls[0]"),
    (policy(acl("bob@example.com"), acl("*", "100.64.0.0/10:443")), "100.64.0.0/10:443 in acls[1]"),
    (policy(acl("*", "whoami:*")), "whoami:* in acls[0]"),
    (policy(acl("*", "ipset:all:*")), "ipset:all:* in acls[0]"),
    (policy(acl("*", "tag:service:https")), "tag:service:https in acls[0]"),
    (policy(grants=[grant("*", "tcp")]), "tag:service:tcp in grants[0]"),
    (policy(acl("ipset:a", srcPosture=["posture:a"]), acl("ipset:b")), "srcPosture in acls[0], ipset:a in acls[0], ipset:b in acls[1]"),
    ({"tagOwners": {"tag:service": []}}, "a policy with neither acls nor grants"),
]


@pytest.mark.parametrize(("given", "named"), NOT_UNDERSTOOD)
def test_what_is_not_understood_allows_nothing_and_is_named(given: dict[str, t.Any], named: str) -> None:
    (sentence,) = policy_problems(given, TAGS, ["alice@example.com"], [443])
    assert f" on TCP 443 (not understood: {named}): add " in sentence


def test_what_could_not_let_the_source_in_is_not_named() -> None:
    (sentence,) = policy_problems(
        policy(acl("ipset:a", "tag:service:80"), acl("bob@example.com", "whoami:443")), TAGS, ["carol@example.com"], [443]
    )
    assert "not understood" not in sentence


# Sentences


def test_a_source_has_one_sentence_with_the_ports_that_are_closed() -> None:
    given = policy(acl("group:staff", "tag:service:80"))
    assert policy_problems(given, TAGS, ["group:staff", "alice@example.com"], [443, 80, 8443]) == [
        f"no rule lets {source} reach tag:service on TCP 443, 8443: "
        f'add {{"action": "accept", "src": ["{source}"], "dst": ["tag:service:443,8443"]}} to "acls"'
        for source in ("group:staff", "alice@example.com")
    ]


def test_where_grants_are_used_the_sentence_shows_one() -> None:
    given = policy(grants=[grant("group:staff", "80")])
    (sentence,) = policy_problems(given, TAGS, ["group:staff"], [80, 443])
    assert sentence.endswith('add {"src": ["group:staff"], "dst": ["tag:service"], "ip": ["tcp:443"]} to "grants"')


@pytest.mark.parametrize(("source", "given"), SHUTS_OUT)
def test_what_a_sentence_shows_lets_the_source_in(source: str, given: dict[str, t.Any]) -> None:
    (sentence,) = policy_problems(given, TAGS, [source], [443])
    rule, _to, section = sentence.partition(": add ")[2].rpartition(" to ")
    section = json.loads(section)
    assert policy_problems({**given, section: [*given.get(section, []), json.loads(rule)]}, TAGS, [source], [443]) == []


def test_a_node_is_reached_through_any_of_its_tags() -> None:
    given = policy(acl("*", "tag:web:80"), acl("*", "tag:service:443"))
    assert policy_problems(given, ["tag:service", "tag:web"], ["*"], [80, 443]) == []
    (sentence,) = policy_problems(given, ["tag:service", "tag:web"], ["*"], [22])
    assert sentence.startswith("no rule lets * reach tag:service or tag:web on TCP 22: ")


def test_a_tailscale_service_is_reached_by_its_own_name() -> None:
    named = {**grant("group:staff", "443"), "dst": ["svc:web"]}
    assert policy_problems(policy(grants=[named]), TAGS, ["group:staff"], [443], "svc:web") == []
    (sentence,) = policy_problems(policy(acl("group:staff")), TAGS, ["group:staff"], [443], "svc:web")
    assert sentence.endswith('svc:web on TCP 443: add {"src": ["group:staff"], "dst": ["svc:web"], "ip": ["tcp:443"]} to "grants"')
    (sentence,) = policy_problems(policy(acl("*", "*:*")), TAGS, ["group:staff"], [443], "svc:web")
    assert "(not understood: *:* in acls[0])" in sentence


def test_without_tags_or_ports_nothing_is_taken_for_checked() -> None:
    assert policy_problems(policy(acl("*")), [], ["*"], [443]) == ["without tags there is nothing that a rule could let the sources reach"]
    assert policy_problems(policy(acl("*")), TAGS, ["*"], []) == ["no port is known on which the sources could be let in"]
    assert policy_problems(policy(acl("*")), [], [], []) == []


# The sample, and the role


def test_the_sample_is_all_that_a_service_needs() -> None:
    assert text_problems(SAMPLE, ["tag:service"], ["group:staff", "alice@example.com"], [80, 443]) == []
    assert text_problems(SAMPLE, ["tag:worker", "tag:exit"], [], []) == []


def test_the_sample_without_its_owner() -> None:
    owner = '    "tag:service": ["group:deployers"],\n'
    assert owner in SAMPLE
    (sentence,) = text_problems(SAMPLE.replace(owner, ""), ["tag:service"], ["group:staff"], [80, 443])
    assert sentence.startswith("tag:service has no owner")


def test_the_sample_without_its_rule() -> None:
    rule = '    {"action": "accept", "src": ["group:staff"], "proto": "tcp", "dst": ["tag:service:80,443"]},\n'
    assert rule in SAMPLE
    (sentence,) = text_problems(SAMPLE.replace(rule, ""), ["tag:service"], ["group:staff"], [80, 443])
    assert sentence.startswith("no rule lets group:staff reach tag:service on TCP 80, 443: add ")


def test_the_samples_own_tests_say_what_the_check_says() -> None:
    given = parse(SAMPLE)
    for test in given["tests"]:
        for verdict in ("accept", "deny"):
            for destination in test.get(verdict, []):
                tag, _colon, port = destination.rpartition(":")
                assert (policy_problems(given, [tag], [test["src"]], [port]) == []) == (verdict == "accept")


def test_the_document_says_what_the_check_says() -> None:
    document = (ROOT / "docs/tailscale-acls.md").read_text()
    shown = document.partition("```jsonc\n")[2].partition("```")[0]
    (sentence,) = text_problems(shown, ["tag:service"], ["group:staff", "tag:monitoring"], [443])
    assert f"private_service_policy_file: {sentence}" in document.replace(":\nadd {", ": add {")


CHECKED = {**PRIVATE_SERVICE, "tags": TAGS, "policy_file": str(ROOT / "acl/policy.hujson"), "sources": ["group:staff"]}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"endpoints": [{"protocol": "http"}, {"protocol": "https"}]},
        {"sources": []},
        {"serve_config": {"TCP": {"443": {"HTTPS": True}}}},
        {"state": "absent", "policy_file": "no such file"},
        {"state": "absent", "policy_file": None},
    ],
)
def test_the_role_takes_what_the_policy_lets_through(inputs: dict[str, t.Any]) -> None:
    assert sentences("private_service", {**CHECKED, **inputs}) == []


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"policy_file": None}, "private_service_sources needs private_service_policy_file, the policy that is to let them in"),
        ({"policy_file": "no such file"}, "private_service_policy_file 'no such file' does not exist: "),
        ({"policy_file": "/"}, "private_service_policy_file '/' cannot be read: "),
        ({"policy_file": "/dev/null"}, "private_service_policy_file: it cannot be read: line 1, column 1: "),
        ({"tags": ["tag:other"], "sources": []}, "private_service_policy_file: tag:other has no owner"),
        ({"tags": []}, "private_service_policy_file: without tags there is nothing"),
        (
            {"endpoints": [{"protocol": "http"}, {"protocol": "tcp", "port": 5432}]},
            "private_service_policy_file: no rule lets group:staff reach tag:service on TCP 5432: ",
        ),
        ({"serve_config": {"TCP": {"8443": {}}}}, "private_service_policy_file: no rule lets group:staff reach tag:service on TCP 8443: "),
        (
            {"endpoints": [], "mode": "kernel"},
            "private_service_policy_file: no rule lets group:staff reach tag:service on TCP 8080: ",
        ),
        ({"serve_config": {"Services": {}}}, "private_service_policy_file: no port is known"),
        ({"tailscale_service": "svc:web"}, "private_service_policy_file: no rule lets group:staff reach svc:web on TCP 80: "),
        ({"sources": {"group": "staff"}}, "private_service_sources must be a list"),
    ],
)
def test_the_role_refuses_what_the_policy_does_not(inputs: dict[str, t.Any], sentence: str) -> None:
    (found,) = sentences("private_service", {**CHECKED, **inputs})
    assert found.startswith(sentence)
