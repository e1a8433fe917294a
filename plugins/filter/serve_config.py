# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints as Tailscale's Serve configuration."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.plugin_utils._endpoints import serve_config

DOCUMENTATION = r"""
name: serve_config
short_description: Write endpoints as Tailscale's Serve configuration
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Turns the endpoints of a private service into the ServeConfig that containerboot reads (E(TS_SERVE_CONFIG)).
  - "C(${TS_CERT_DOMAIN}) stands for the DNS name of the node, C(${SIDECAR_TAILNET}) for the tailnet's suffix, C(${SIDECAR_APP_PORT}) for
    the app's port: the sidecar of this collection fills them in."
positional: _input, service
options:
  _input:
    description: The endpoints, as P(notailcar.nomad.private_service#role) takes them.
    type: list
    elements: dict
    required: true
  service:
    description: A Tailscale Service, C(svc:NAME), that has the endpoints instead of the node.
    type: str
"""

EXAMPLES = r"""
- name: The configuration of two endpoints
  ansible.builtin.debug:
    msg: "{{ [{'protocol': 'https'}, {'protocol': 'tcp', 'port': 5432, 'target': 5432}] | notailcar.nomad.serve_config }}"
"""

RETURN = r"""
_value:
  description: The ServeConfig.
  type: dict
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"serve_config": serve_config}
