# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the inputs of a role."""

from __future__ import annotations

DOCUMENTATION = r"""
module: declaration
short_description: Check the inputs of a role, and return them as one mapping
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Reads the inputs of a role of this collection from the variables of the task, inside the role. It checks them against the argument
    specification of the role and against what a specification cannot say, and fails with a sentence for each problem. A name that begins
    with the role's prefix and is no input is a problem, too.
  - Texts become what the specification says, as Ansible converts them, so answers of a survey may be given.
  - It runs on the controller, and asks nobody.
options:
  role:
    description: The role.
    type: str
    choices: [acl_policies, egress_network, egress_worker, private_service]
    required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes.controller
attributes:
  diff_mode:
    support: none
seealso:
  - module: notailcar.nomad.workload_plan
"""

EXAMPLES = r"""
- name: Check the declaration, inside the role
  notailcar.nomad.declaration:
    role: acl_policies
  register: __acl_policies
"""

RETURN = r"""
declaration:
  description: The inputs without the role's prefix, with all defaults. Of secrets it holds names only.
  returned: success
  type: dict
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: V(invalid_input).
      type: str
      sample: invalid_input
"""
