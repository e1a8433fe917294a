# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The URLs of endpoints."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.plugin_utils._endpoints import urls

DOCUMENTATION = r"""
name: endpoint_urls
short_description: Say under which URLs endpoints are reached
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Gives the URL of each endpoint of a private service on its tailnet, in the order of the endpoints.
positional: _input, dns_name, service
options:
  _input:
    description: The endpoints, as P(notailcar.nomad.private_service#role) takes them.
    type: list
    elements: dict
    required: true
  dns_name:
    description: The full name of the node. Without it there are no URLs.
    type: str
    required: true
  service:
    description: A Tailscale Service, C(svc:NAME), that has the endpoints instead of the node.
    type: str
"""

EXAMPLES = r"""
- name: Where to find the service
  ansible.builtin.debug:
    msg: "{{ [{'protocol': 'http', 'path': '/api'}] | notailcar.nomad.endpoint_urls('whoami.tail1234.ts.net') }}"
"""

RETURN = r"""
_value:
  description: For example V(http://whoami.tail1234.ts.net/api), V(tcp://db.tail1234.ts.net:5432).
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"endpoint_urls": urls}
