# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role private_service refuses, input by input."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.unit.support.role_inputs import PRIVATE_SERVICE, sentences

NOBODY = "private_service_endpoints: without one nobody reaches the service"
TAKEN = (
    "private_service_endpoints: port 8080 is the app's own. In kernel mode the tailnet reaches the app there without an endpoint, and one "
    "of tailscaled can keep it from starting: leave that endpoint out, or give it another port"
)
EGRESS = {"exit_nodes": ["exit-fra"], "expect": ["203.0.113.7"], "echo": ["http://203.0.113.80/"], "level": "monitored"}
KEY_OF_VAULT = {"path": "secret/data/a", "key": "b"}
MINTED: dict[str, t.Any] = {"auth_key": None, "minted_key": {"api_key": "a"}, "tags": ["tag:service"]}


def test_a_declaration_without_problems() -> None:
    assert sentences("private_service", PRIVATE_SERVICE) == []


def test_in_kernel_mode_the_apps_port_needs_no_endpoint() -> None:
    assert sentences("private_service", {**PRIVATE_SERVICE, "mode": "kernel", "endpoints": []}) == []


def test_a_tailscale_service_has_ports_of_its_own() -> None:
    service = {"tailscale_service": "svc:a", "tags": ["tag:a"], "endpoints": [{"port": 8080}]}
    assert sentences("private_service", {**PRIVATE_SERVICE, **service, "mode": "kernel"}) == []


def test_numbers_may_come_as_text() -> None:
    assert sentences("private_service", {**PRIVATE_SERVICE, "port": "8080", "name": 7, "hostname": 7}) == []


def test_what_is_removed_needs_no_app_and_no_key() -> None:
    assert sentences("private_service", {**PRIVATE_SERVICE, "state": "absent", "image": None, "port": None, "auth_key": None}) == []


def test_what_is_removed_needs_no_files() -> None:
    gone = "nowhere/no.such.file"
    files = {"env_files": [gone], "canary_tasks": gone, "policy_file": gone, "secrets": {"A": {"file": gone}}, "auth_key": {"file": gone}}
    assert sentences("private_service", {**PRIVATE_SERVICE, **files, "state": "absent"}) == []


def test_what_is_rendered_needs_no_key() -> None:
    assert sentences("private_service", {**PRIVATE_SERVICE, "state": "rendered", "auth_key": None}) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "Who"}, "private_service_name 'Who' is no DNS label: use a-z, 0-9 and -, at most 53 characters"),
        ({"name": "w" * 54}, f"private_service_name '{'w' * 54}' is no DNS label: use a-z, 0-9 and -, at most 53 characters"),
        ({"hostname": "who.ami"}, "private_service_hostname 'who.ami' is no DNS label: use a-z, 0-9 and -, at most 63 characters"),
        ({"tags": ["tag:a", "b", "tag:7"]}, "private_service_tags: 'b', 'tag:7' must be of the form tag:name"),
        ({"login_server": "headscale.example"}, "private_service_login_server 'headscale.example' is no URL"),
        (
            {"files": [{"path": "etc/a", "content": ""}, {"path": "local/../a", "content": ""}]},
            "private_service_files: 'etc/a', 'local/../a' must lie below local/",
        ),
        ({"image": None}, "private_service_image is required"),
        ({"port": None}, "private_service_port is required, from 1 to 65535"),
        ({"port": "http"}, "private_service_port must be a whole number, not 'http'"),
        ({"port": 65536}, "private_service_port is required, from 1 to 65535"),
        (
            {"network": "host"},
            "private_service_port is chosen by Nomad with host networking: leave it out, and let the app listen on "
            "127.0.0.1:${NOMAD_PORT_app}",
        ),
        (
            {"network": "host", "port": None, "mode": "kernel"},
            "private_service_mode kernel needs a network namespace of its own, not that of the host",
        ),
        (
            {"driver": "exec", "image": None, "command": "/bin/web", "mode": "kernel"},
            "private_service_mode kernel needs docker: with exec the sidecar cannot make a network interface",
        ),
        (
            {"mode": "kernel", "endpoints": [], "tasks": [{"name": "db", "image": "db:1", "config": {"runtime": "kata"}}]},
            "private_service_config: runtime kata of db is unfit for kernel mode: its packets may pass the firewall of the network "
            "namespace. Known to obey it are crun, io.containerd.runc.v2, nvidia, runc",
        ),
        (
            {"driver": "raw_exec", "image": None, "command": "/bin/web"},
            "private_service_driver raw_exec shares the network of the client: it needs private_service_network: host",
        ),
        ({"driver": "exec", "image": None}, "private_service_command is required"),
        ({"driver": "exec", "command": "/bin/web"}, "private_service_image belongs to docker, not to exec"),
        (
            {"canary": "yes", "egress": EGRESS},
            "private_service_egress and canary exclude each other: a canary logs in anew for its name, and has no exit node meanwhile",
        ),
        ({"egress": {**EGRESS, "proxy_port": "8080"}}, "private_service_egress.proxy_port 8080 is the app's own"),
        ({"canary": True, "hostname": "h" * 57}, f"private_service_hostname '{'h' * 57}' is too long for a canary: at most 56 characters"),
        ({"count": 0}, "private_service_count must be at least 1"),
        (
            {"count": 2},
            "private_service_hostname 'whoami' would be that of 2 nodes: give each its own, for example 'whoami-${NOMAD_ALLOC_INDEX}'",
        ),
        (
            {"state_volume": {"source": "state"}},
            "private_service_state_volume keeps the node: it needs private_service_ephemeral: false and a key that is not ephemeral",
        ),
        ({"state_volume": {"type": "csi"}, "ephemeral": "no"}, "private_service_state_volume needs the source of a volume"),
        ({**MINTED, "forget_nodes_after": "soon"}, "private_service_forget_nodes_after 'soon' is not a duration: for example 5m or 24h"),
        (
            {"forget_nodes_after": "5m"},
            "private_service_forget_nodes_after needs private_service_minted_key: that says how the control plane is reached",
        ),
        (
            {**MINTED, "forget_nodes_after": "5m", "hostname": "w-${NOMAD_SHORT_ALLOC_ID}"},
            "private_service_forget_nodes_after is for names that come back, and no other node ever asks for a name with "
            "${NOMAD_SHORT_ALLOC_ID}",
        ),
        ({"secrets": {"A-B": "c"}}, "private_service_secrets: 'A-B' cannot be the name of an environment variable"),
        (
            {"volumes": [{"name": "a", "source": "a"}, {"name": "a", "source": "b"}]},
            "private_service_volumes: each needs a name of its own, other than tailscale-state",
        ),
        ({"volumes": [{"name": "a"}]}, "private_service_volumes[0].source is required"),
        ({"files": [{"path": "local/a"}]}, "private_service_files[0].content is required"),
        ({"tasks": [{"name": "db"}]}, "private_service_tasks[0].image is required"),
        ({"tasks": [{"name": "gate", "image": "a"}]}, "private_service_tasks: the name 'gate' is taken"),
        ({"tasks": [{"name": "db", "image": "a"}, {"name": "db", "image": "a"}]}, "private_service_tasks: the name 'db' is taken"),
        (
            {"tasks": [{"name": "db", "image": "a", "volumes": [{"name": "data"}]}]},
            "private_service_tasks[0].volumes: 'data' is not named in private_service_volumes",
        ),
        ({"checks": [{}, {"name": "app"}]}, "private_service_checks: each needs a name of its own"),
        (
            {"checks": [{"name": "tailscale"}]},
            "private_service_checks: 'tailscale' does not make the name of a service: use a-z, 0-9 and -, other than tailscale",
        ),
        ({"endpoints": []}, NOBODY),
        ({"endpoints": [], "mode": "kernel", "tailscale_service": "svc:a", "tags": ["tag:a"]}, NOBODY),
        ({"endpoints": [{"port": "8080"}], "mode": "kernel"}, TAKEN),
        ({"serve_config": {"TCP": {"8080": {}}}, "mode": "kernel"}, TAKEN),
        ({"endpoints": [{"path": "x"}]}, "private_service_endpoints[0]: path 'x' must begin with a slash"),
        ({"tailscale_service": "web", "tags": ["tag:a"]}, "private_service_tailscale_service 'web' must be of the form svc:name"),
        (
            {"tailscale_service": "svc:web"},
            "private_service_tailscale_service needs tags: only a tagged node can be the host of a Tailscale Service",
        ),
        (
            {"registration": {"port": 80}},
            "private_service_registration needs private_service_tailnet: the catalog is to hold the whole name",
        ),
        ({"registration": {"name": "x"}, "tailnet": "tail.example"}, "private_service_registration needs the port of an endpoint"),
        ({"auth_key": " "}, "private_service_auth_key is required: a reusable, ephemeral auth key of your tailnet"),
        ({"timeout": -1}, "private_service_timeout must be 0 or more seconds"),
        ({"priority": 0}, "private_service_priority must lie between 1 and 100"),
        ({"priority": 101}, "private_service_priority must lie between 1 and 100"),
        (
            {"constraints": [{"operator": "distinct_hosts"}, {"value": "linux"}]},
            "private_service_constraints[1] needs its attribute, for example ${attr.kernel.name}",
        ),
        ({"affinities": [{"value": "r1"}]}, "private_service_affinities[0] needs its attribute, for example ${attr.kernel.name}"),
        ({"affinities": [{"attribute": "a", "weight": -101}]}, "private_service_affinities[0].weight must lie between -100 and 100"),
        ({"spreads": [{"attribute": "a", "weight": -1}]}, "private_service_spreads[0].weight must lie between 0 and 100"),
        (
            {"spreads": [{"attribute": "a", "targets": [{"value": "b", "percent": 60}, {"value": "c", "percent": 41}]}]},
            "private_service_spreads[0].targets are more than 100 percent together",
        ),
        ({"env": {"A": {"b": 1}}}, "private_service_env.A must be a text, not a mapping"),
        ({"env": {"A": ["b"]}}, "private_service_env.A must be a text, not a list"),
        ({"env": {"A": None}}, "private_service_env.A has no value: give it one, or an empty text"),
        (
            {"tasks": [{"name": "db", "image": "db:1", "env": {"A": {"b": 1}}}]},
            "private_service_tasks[0].env.A must be a text, not a mapping",
        ),
        ({"env_files": ["nowhere"]}, f"private_service_env_files[0] 'nowhere' does not exist: a relative path is seen from {Path.cwd()}"),
        ({"env_files": ["/"]}, "private_service_env_files[0] '/' cannot be read: Is a directory"),
        ({"canary_tasks": "nowhere"}, f"private_service_canary_tasks 'nowhere' does not exist: a relative path is seen from {Path.cwd()}"),
        (
            {"vault": {"secrets": {"A-B": KEY_OF_VAULT}}},
            "private_service_vault.secrets: 'A-B' cannot be the name of an environment variable",
        ),
        (
            {"secrets": {"A": "b"}, "vault": {"secrets": {"A": KEY_OF_VAULT}}},
            "private_service_secrets: 'A' would come from two sources, secrets and vault.secrets",
        ),
        (
            {"egress": EGRESS, "network": "host", "port": None},
            "private_service_egress needs a network namespace of its own, not that of the host: others would reach its proxy, and it "
            "their ways out",
        ),
        (
            {"egress": EGRESS, "driver": "exec", "image": None, "command": "/bin/web"},
            "private_service_egress needs docker: with exec the guard has not been proved",
        ),
        ({"args": {"port": 8080}}, "private_service_args must be a list"),
        ({"tags": {"tag": "a"}}, "private_service_tags must be a list"),
        ({"files": "a"}, "private_service_files[0] must be a mapping"),
        ({"env": ["A=b"]}, "private_service_env must be a mapping"),
    ],
)
def test_each_problem_is_a_sentence(wrong: dict[str, t.Any], sentence: str) -> None:
    assert sentences("private_service", {**PRIVATE_SERVICE, **wrong}) == [sentence]


def test_all_problems_are_said_at_once() -> None:
    assert len(sentences("private_service", {**PRIVATE_SERVICE, "args": {"x": 1}, "port": 0, "auth_key": ""})) == 3
