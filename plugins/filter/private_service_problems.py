# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the role private_service."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.plugin_utils._private_service import problems

DOCUMENTATION = r"""
name: private_service_problems
short_description: Say what is wrong with the inputs of the role private_service
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Checks what the types of the role's argument specification cannot say. The role refuses to touch anything as long as there are problems.
  - It is a filter and no expression of the role, because compiling such an expression costs every service more than the check.
positional: _input
options:
  _input:
    description: The role's variables, by their names without C(private_service_).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Check the inputs of a service
  ansible.builtin.assert:
    that: not inputs | notailcar.nomad.private_service_problems
"""

RETURN = r"""
_value:
  description: A sentence for each problem; nothing if all is well.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"private_service_problems": problems}
