# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan what a run of a workload would do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_plan
short_description: Report everything that a run of a role would do
version_added: 0.5.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Checks the declaration of a workload, as M(notailcar.nomad.declaration) does, and plans it, inside the roles
    P(notailcar.nomad.private_service#role) and P(notailcar.nomad.egress_worker#role).
  - The plan has Nomad's own plan of the job, the names of the secrets that differ, the keys that are to be made or revoked, the nodes that
    the tailnet is to forget, and whether what runs is verified now. Its diff shows all changes in the order in which they would happen.
  - It runs on the controller, and changes nothing. In check mode it is the whole run.
options:
  role:
    description: The role whose inputs are the declaration.
    type: str
    choices: [egress_worker, private_service]
    required: true
  operation:
    description:
      - V(deploy) brings the workload to the state that it declares.
      - V(rotate) gives it a new auth key when the one it has ends soon.
    type: str
    choices: [deploy, rotate]
    default: deploy
extends_documentation_fragment:
  - notailcar.nomad.connection
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
  - ansible.builtin.action_common_attributes.actiongroups
  - notailcar.nomad.attributes.controller
attributes:
  action_group:
    version_added: 0.1.0
    support: full
    membership:
      - notailcar.nomad.nomad
  diff_mode:
    support: full
    details:
      - Shows the changes in the order in which a run would make them; of secrets the names.
seealso:
  - module: notailcar.nomad.declaration
  - module: notailcar.nomad.job
"""

EXAMPLES = r"""
- name: Plan the service, inside the role
  notailcar.nomad.workload_plan:
    role: private_service
  register: private_service_result
"""

RETURN = r"""
job_id:
  description: ID of the job.
  returned: success
  type: str
  sample: whoami
steps:
  description:
    - The steps that a run takes, in their order. Each is a task file of the role C(workload). There are none for a workload that is as
      declared, and verified.
  returned: success
  type: list
  elements: str
  sample: [secrets, run, prove]
next:
  description: The task files that the role C(workload) includes now; in check mode none that does anything.
  returned: success
  type: list
  elements: str
  sample: [begin, secrets, run, prove, report]
check_index:
  description: What the input C(check_index) of the role takes, so that a run does what this plan says or nothing.
  returned: when a job is deployed
  type: str
  sample: 214-211-212
job_modify_index:
  description: Index of the job, V(0) when it does not exist.
  returned: when a job is deployed
  type: int
  sample: 214
plan:
  description: Nomad's own plan of the job, as M(notailcar.nomad.job) returns it.
  returned: when a job is deployed
  type: dict
verified:
  description: Whether what runs is verified now; nothing when nothing was looked at.
  returned: success
  type: bool
nodes:
  description: The verified nodes, as M(notailcar.nomad.tailscale_health) returns them.
  returned: success
  type: list
  elements: dict
egress:
  description: The egress of each allocation, as M(notailcar.nomad.egress_verify) returns it.
  returned: success
  type: list
  elements: dict
urls:
  description: URLs of the service.
  returned: success
  type: list
  elements: str
  sample: ["http://whoami.tail1234.ts.net/"]
declaration:
  description: The declaration, as M(notailcar.nomad.declaration) returns it. It holds no secret.
  returned: success
  type: dict
variables:
  description: The Nomad Variables of the job, with their C(path) and C(modify_index).
  returned: success, unless the job is only rendered
  type: list
  elements: dict
key:
  description: Why an auth key is to be made (C(reason)), and which ones are to be revoked (C(replaced)).
  returned: success, unless the job is only rendered
  type: dict
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(conflict), V(refused), V(server).
      type: str
      sample: conflict
"""
