# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User's values inside a job specification."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.plugin_utils._hcl_expressions import to_hcl

DOCUMENTATION = r"""
name: to_hcl
short_description: Write a value as an HCL expression
version_added: 0.1.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Turns a value into an HCL expression for a Nomad job specification, in the layout of C(nomad fmt).
  - Nomad reads exactly that value from it.
  - Quotes, backslashes, line ends, C(${) and C(%{) are escaped, so no text can become anything but text.
  - "What Nomad replaces when a task runs stays possible: C(${NOMAD_…}), C(${attr.…}), C(${meta.…}), C(${node.…}), C(${env.…})."
  - Nomad normalizes Unicode (NFC) in every string.
positional: _input
options:
  _input:
    description: Text, number, boolean, list, mapping, or nothing.
    type: raw
    required: true
  indent:
    description: How many spaces the line is indented on which the expression begins; the following lines are indented accordingly.
    type: int
    default: 0
  config:
    description:
      - Strings in a task's C(config) are evaluated a second time, by the driver on the client. With V(true) they are escaped for both.
    type: bool
    default: false
  body:
    description:
      - Write a mapping as the body of a block, one attribute a line, without braces. What is nothing is left out.
      - O(indent) is then how far each attribute is indented.
    type: bool
    default: false
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: An environment in a template of a job
  ansible.builtin.debug:
    msg: "env = {{ {'GREETING': 'say \"${hello}\"', 'PORT': '${NOMAD_PORT_http}'} | notailcar.nomad.to_hcl }}"
  # env = {
  #   GREETING = "say \"$${hello}\""
  #   PORT     = "${NOMAD_PORT_http}"
  # }

- name: Arguments of a task, as the container shall get them
  ansible.builtin.debug:
    msg: "args = {{ ['--format', '%{time}', '${HOME}'] | notailcar.nomad.to_hcl(config=true) }}"

- name: The body of a block, without what is not given
  ansible.builtin.debug:
    msg: "{{ {'image': image, 'command': command | default(none)} | notailcar.nomad.to_hcl(indent=8, body=true) }}"
"""

RETURN = r"""
_value:
  description: The expression.
  type: str
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"to_hcl": to_hcl}
