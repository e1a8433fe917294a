# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promote or fail the deployment of a Nomad job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment
short_description: Promote or fail the deployment of a Nomad job
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Ends a deployment that holds at its canaries, after you have checked them in your own way.
  - Everything that happens while it waits is shown as it happens.
options:
  job:
    description:
      - ID of the job. Its newest deployment is meant.
    type: str
    required: true
  id:
    description:
      - ID, or its beginning, of the deployment that is to be the newest one, as RV(notailcar.nomad.job#module:deployment.id) has it.
        The task fails when somebody deployed in between.
    type: str
  state:
    description:
      - With V(promoted) the canaries are promoted, after they have become healthy; the task ends when the deployment is successful.
      - With V(failed) the deployment is ended as failed. Nomad rolls the job back where it says so (C(auto_revert)), and that is awaited;
        otherwise the canaries stop and what ran before goes on.
    type: str
    choices:
      - promoted
      - failed
    required: true
  wait:
    description:
      - Wait for the healthy canaries and the end of the deployment, or for the end of the rollback.
    type: bool
    default: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
  - notailcar.nomad.waiting
attributes:
  diff_mode:
    support: none
    details:
      - A deployment has a status, and no text to compare.
notes:
  - The token needs the capabilities C(submit-job) and C(read-job).
seealso:
  - module: notailcar.nomad.job
"""

EXAMPLES = r"""
- name: Release with canaries and a check of one's own
  block:
    - name: Bring up the canaries
      notailcar.nomad.job:
        spec: "{{ lookup('ansible.builtin.file', 'shop.nomad.hcl') }}"
        canaries: hold
      register: released

    - name: Ask the canary
      ansible.builtin.uri:
        url: http://shop-canary.tail1234.ts.net/checkout/health

    - name: Promote it
      notailcar.nomad.deployment:
        job: shop
        id: "{{ released.deployment.id }}"
        state: promoted
  rescue:
    - name: Go back
      notailcar.nomad.deployment:
        job: shop
        id: "{{ released.deployment.id | default(omit) }}"
        state: failed
"""

RETURN = r"""
job_id:
  description: ID of the job.
  returned: success
  type: str
  sample: shop
namespace:
  description: Namespace of the job.
  returned: success
  type: str
  sample: default
reverted_to:
  description: The version that Nomad rolled the job back to.
  returned: success; nothing where it was not rolled back
  type: int
  sample: 2
deployment:
  description: The deployment as it is after the task.
  returned: success
  type: dict
  contains:
    id:
      description: ID of the deployment.
      type: str
      sample: 7c9f0e5e-8b0c-67a3-60bb-8c4d7ff9a0c3
    status:
      description: Nomad's word for its state.
      type: str
      sample: successful
    description:
      description: What Nomad says about that.
      type: str
      sample: Deployment completed successfully
    job_version:
      description: The version that it deploys.
      type: int
      sample: 3
    ready_for_promotion:
      description: Whether healthy canaries wait to be promoted.
      type: bool
      sample: false
    groups:
      description: Per group the numbers of its allocations and canaries, and whether these were promoted.
      type: dict
      sample: {"app": {"desired": 2, "placed": 2, "healthy": 2, "unhealthy": 0, "canaries": 1, "promoted": true}}
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description:
        - One of V(invalid_input), V(unreachable), V(tls), V(denied), V(not_found), V(conflict), V(refused), V(server),
          V(timeout), V(failed).
      type: str
      sample: failed
    reason:
      description: Why it did not work.
      returned: when the wait failed
      type: str
      sample: "1 of 1 allocations failed, and Nomad does not try again"
    allocations:
      description: Up to three allocations that went wrong with their tasks' events and last log lines.
      returned: when the wait failed
      type: list
      elements: dict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.deployment import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
