# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what a run has done."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_report
short_description: Report what a run of a role has done for all of its hosts
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Shows one table with a line for each workload of the play, inside the roles P(notailcar.nomad.private_service#role) and
    P(notailcar.nomad.egress_worker#role) - its change, its URL, its nodes, its egress and the age of the oldest proof.
  - Hands the results to an AWX workflow, as M(ansible.builtin.set_stats) does, by the names of the jobs, in C(private_services) or
    C(egress_workers).
  - It runs on the controller, once for all hosts, and asks nobody.
options:
  role:
    description: The role whose results are reported.
    type: str
    choices: [egress_worker, private_service]
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
- name: Report, inside the role
  notailcar.nomad.workload_report:
    role: private_service
  run_once: true
"""

RETURN = r"""
table:
  description: The lines of the table.
  returned: success
  type: list
  elements: str
  sample:
    - SERVICE  CHANGE     URL                             NODES                     PROOF AGE
    - whoami   unchanged  http://whoami.tail1234.ts.net/  whoami.tail1234.ts.net    4 s
"""
