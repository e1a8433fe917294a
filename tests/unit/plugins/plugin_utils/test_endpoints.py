# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: the Serve configuration they make, their URLs, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._endpoints import endpoint_problems, serve_config, urls

HOST = "${TS_CERT_DOMAIN}"
APP = "127.0.0.1:${SIDECAR_APP_PORT}"


def test_one_endpoint_without_a_word_is_http_to_the_app() -> None:
    assert serve_config([{"protocol": "http"}]) == {
        "TCP": {"80": {"HTTP": True}},
        "Web": {f"{HOST}:80": {"Handlers": {"/": {"Proxy": f"http://{APP}"}}}},
    }


def test_paths_of_one_port_share_it() -> None:
    config = serve_config(
        [
            {"protocol": "https", "path": "/", "text": "hello"},
            {"protocol": "https", "path": "/api", "target": 3000},
            {"protocol": "https", "path": "/old", "redirect": "https://${HOST}/api"},
            {"protocol": "https", "path": "/far", "target": "http://127.0.0.1:9/x"},
            {"protocol": "https", "path": "/near", "target": "localhost:10"},
        ]
    )
    assert config == {
        "TCP": {"443": {"HTTPS": True}},
        "Web": {
            f"{HOST}:443": {
                "Handlers": {
                    "/": {"Text": "hello"},
                    "/api": {"Proxy": "http://127.0.0.1:3000"},
                    "/old": {"Redirect": "https://${HOST}/api"},
                    "/far": {"Proxy": "http://127.0.0.1:9/x"},
                    "/near": {"Proxy": "http://localhost:10"},
                }
            }
        },
    }


def test_tcp_forwards_and_tls_is_terminated_for_the_nodes_name() -> None:
    config = serve_config([{"protocol": "tcp", "port": "5432"}, {"protocol": "tls-terminated-tcp", "port": 8443, "target": 22}])
    assert config == {"TCP": {"5432": {"TCPForward": APP}, "8443": {"TCPForward": "127.0.0.1:22", "TerminateTLS": HOST}}}


def test_funnel_is_said_for_its_port() -> None:
    config = serve_config([{"protocol": "https", "funnel": "yes"}, {"protocol": "https", "port": 8443, "funnel": False}])
    assert config["AllowFunnel"] == {f"{HOST}:443": True}


def test_a_tailscale_service_has_the_endpoints_under_its_own_name() -> None:
    host = "web.${SIDECAR_TAILNET}"
    assert serve_config([{"protocol": "https"}, {"protocol": "tls-terminated-tcp", "port": 5432}], "svc:web") == {
        "Services": {
            "svc:web": {
                "TCP": {"443": {"HTTPS": True}, "5432": {"TCPForward": APP, "TerminateTLS": host}},
                "Web": {f"{host}:443": {"Handlers": {"/": {"Proxy": f"http://{APP}"}}}},
            }
        }
    }


def test_urls_in_the_order_of_the_endpoints() -> None:
    endpoints: list[dict[str, t.Any]] = [
        {"protocol": "http"},
        {"protocol": "http", "port": 8000, "path": "/api"},
        {"protocol": "https"},
        {"protocol": "tcp", "port": 5432},
        {"protocol": "tls-terminated-tcp", "port": 443},
    ]
    assert urls(endpoints, "web.tail.example") == [
        "http://web.tail.example/",
        "http://web.tail.example:8000/api",
        "https://web.tail.example/",
        "tcp://web.tail.example:5432",
        "tls://web.tail.example:443",
    ]
    assert urls(endpoints[:1], "host-0.tail.example", "svc:web") == ["http://web.tail.example/"]
    assert urls(endpoints, "") == []


@pytest.mark.parametrize(
    ("endpoints", "sentences"),
    [
        ([{"protocol": "tcp"}], ["endpoints[0]: its port must lie between 1 and 65535, tcp has no usual one"]),
        ([{"port": 0}], ["endpoints[0]: its port must lie between 1 and 65535"]),
        ([{"port": "http"}], ["endpoints[0]: its port must lie between 1 and 65535"]),
        ([{"port": 65536}], ["endpoints[0]: its port must lie between 1 and 65535"]),
        ([{"path": "api"}], ["endpoints[0]: path 'api' must begin with a slash"]),
        ([{"protocol": "tcp", "port": 1, "path": "/"}], ["endpoints[0]: tcp knows no path"]),
        ([{"protocol": "tcp", "port": 1, "text": "x"}], ["endpoints[0]: tcp can only forward to a target, not answer with text"]),
        ([{"target": 1, "text": "x"}], ["endpoints[0]: it can have only one of target, text"]),
        ([{"target": "nowhere"}], ["endpoints[0]: target 'nowhere' must be a port, HOST:PORT or a URL"]),
        ([{"target": "ftp://127.0.0.1"}], ["endpoints[0]: target 'ftp://127.0.0.1' must be a port, HOST:PORT or a URL"]),
        ([{"protocol": "tcp", "port": 1, "target": "http://x:1"}], ["endpoints[0]: target 'http://x:1' must be a port or HOST:PORT"]),
        ([{"funnel": True}], ["endpoints[0]: Funnel takes https or tls-terminated-tcp only, not http"]),
        ([{"protocol": "tcp", "port": 443, "funnel": True}], ["endpoints[0]: Funnel takes https or tls-terminated-tcp only, not tcp"]),
        ([{"protocol": "https", "port": 444, "funnel": True}], ["endpoints[0]: Funnel takes the ports 443, 8443, 10000 only, not 444"]),
        ([{}, {"protocol": "https", "port": 80}], ["endpoints[1]: port 80 is http already, it cannot be https too"]),
        ([{}, {"path": "/"}], ["endpoints[1]: port 80 with path / is declared twice"]),
        ([{"protocol": "tcp", "port": 1}, {"protocol": "tcp", "port": 1}], ["endpoints[1]: port 1 is declared twice"]),
        (
            [{"protocol": "https", "funnel": True}, {"protocol": "https", "path": "/private"}],
            ["endpoints[1]: all of port 443 goes through Funnel, or nothing of it"],
        ),
    ],
)
def test_each_problem_is_a_sentence(endpoints: list[dict[str, t.Any]], sentences: list[str]) -> None:
    assert endpoint_problems(endpoints) == sentences


def test_funnel_cannot_lead_to_a_tailscale_service() -> None:
    assert endpoint_problems([{"protocol": "https", "funnel": True}], "svc:web") == [
        "endpoints[0]: Funnel cannot lead to the Tailscale Service svc:web"
    ]
