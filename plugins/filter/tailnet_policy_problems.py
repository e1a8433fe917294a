# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy file of a tailnet."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.plugin_utils._tailnet_policy import policy_text_problems

DOCUMENTATION = r"""
name: tailnet_policy_problems
short_description: Say what a tailnet's policy file lacks for a service
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Checks that each tag of a node has an owner in C(tagOwners), and that C(acls) or C(grants) let the wanted sources reach its TCP ports.
  - The check reads only the file. What it cannot decide, such as device postures, IP sets, addresses as destinations or groups that an
    identity provider keeps, is never counted as allowed; the sentence names it.
positional: _input, tags, sources, ports, service
options:
  _input:
    description: Text of the policy file, in HuJSON, which is JSON with comments and trailing commas.
    type: str
    required: true
  tags:
    description: All tags of the node, each with its C(tag:) prefix. A rule for any of them lets a source reach the node.
    type: list
    elements: str
    required: true
  sources:
    description:
      - Who must reach the node - users such as V(alice@example.com), C(group:NAME), C(tag:NAME), V(autogroup:member), addresses, networks
        or names from C(hosts), or V(*) for everybody.
      - A group is let in by a rule for the group or for each of its members.
    type: list
    elements: str
    required: true
  ports:
    description: TCP ports on which each of the sources must reach the node.
    type: list
    elements: int
    required: true
  service:
    description: A Tailscale Service, C(svc:NAME), that has the ports instead of the node.
    type: str
"""

EXAMPLES = r"""
- name: Check that the staff will reach the service
  ansible.builtin.assert:
    that: not problems
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: >-
      {{ lookup('ansible.builtin.file', 'policy.hujson')
         | notailcar.nomad.tailnet_policy_problems(['tag:service'], ['group:staff'], [80, 443]) }}
"""

RETURN = r"""
_value:
  description:
    - A sentence for each problem; nothing if all is well.
    - For example V(tag:service has no owner, so no node can have it).
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"tailnet_policy_problems": policy_text_problems}
