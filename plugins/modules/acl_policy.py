# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep an ACL policy as wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acl_policy
short_description: Write and delete an ACL policy of Nomad
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Writes a policy when it differs from the wanted one, and deletes it.
  - Nomad keeps the rules as the text that was written; that text is compared and shown.
options:
  state:
    description:
      - With V(present) the policy is exactly as described here; what is not given is empty.
      - With V(absent) the policy does not exist.
    type: str
    choices:
      - present
      - absent
    default: present
  name:
    description: Name of the policy, at most 128 letters, digits and C(-).
    type: str
    required: true
  description:
    description: What the policy is for, at most 256 characters.
    type: str
    default: ""
  rules:
    description:
      - The rules as HCL text, or as a mapping, which is written as HCL. In a mapping C(namespace), C(node_pool), C(host_volume) and
        C(path) are mappings of names.
      - JSON text is handed to Nomad as it is. Nomad misreads objects that have one key each; a mapping is safe.
      - Nomad checks them when they are written, so not in check mode.
      - Required with O(state=present).
    type: raw
  job_acl:
    description:
      - Attaches the policy to the workload identities of jobs, in addition to tokens that hold it.
      - Without it the policy is attached to none.
    type: dict
    suboptions:
      namespace:
        description: Namespace of the jobs.
        type: str
        default: default
      job:
        description: ID of the job. Without it the policy is attached to all jobs of the namespace.
        type: str
      group:
        description: Group of O(job_acl.job). Without it the policy is attached to all its groups.
        type: str
      task:
        description: Task of O(job_acl.group). Without it the policy is attached to all its tasks.
        type: str
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
attributes:
  diff_mode:
    support: full
notes:
  - The token must be a management token. No capability of a policy replaces it.
  - Policies belong to no namespace, and to all regions.
seealso:
  - name: Nomad ACL policy specification
    description: All rules and capabilities.
    link: https://developer.hashicorp.com/nomad/docs/other-specifications/acl-policy
"""

EXAMPLES = r"""
- name: Let a team read its namespace
  notailcar.nomad.acl_policy:
    name: team-reader
    description: Jobs of the team, nothing secret
    rules: |
      namespace "team" {
        capabilities = ["list-jobs", "read-job"]
      }

- name: Let one task read a variable of its neighbours
  notailcar.nomad.acl_policy:
    name: whoami-shared
    rules:
      namespace:
        default:
          variables:
            path:
              shared/whoami:
                capabilities:
                  - read
    job_acl:
      job: whoami
      group: app
      task: app

- name: Take it away again
  notailcar.nomad.acl_policy:
    name: whoami-shared
    state: absent
"""

RETURN = r"""
name:
  description: Name of the policy.
  returned: success
  type: str
  sample: team-reader
policy:
  description: The policy after the task (in check mode, as it would be). Nothing with O(state=absent).
  returned: success
  type: dict
  contains:
    description:
      description: What the policy is for.
      type: str
      sample: Jobs of the team, nothing secret
    rules:
      description: The rules as Nomad keeps them.
      type: str
      sample: 'namespace "team" { capabilities = ["list-jobs", "read-job"] }'
    job_acl:
      description: What the policy is attached to, or nothing.
      type: dict
      sample: {"namespace": "default", "job": "whoami", "group": "app", "task": "app"}
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(refused), V(server).
      type: str
      sample: denied
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.acl_policy import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
