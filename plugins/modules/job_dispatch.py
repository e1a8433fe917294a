# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a parameterized or periodic Nomad job now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job_dispatch
short_description: Start a parameterized or periodic Nomad job now
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Dispatches a parameterized job with payload and meta, or forces a periodic job to run now, and waits until what was started has ended.
  - Each run of the task starts the job once more. Only O(idempotency_token) makes the second run find the first one's start.
options:
  job:
    description:
      - ID of the registered parameterized or periodic job.
    type: str
    required: true
  payload:
    description:
      - Text for the tasks, at most 16 KiB.
      - Never put a secret into it. Nomad shows it to everybody who may read the job.
      - For parameterized jobs only.
    type: str
  meta:
    description:
      - Values of the job's C(meta_required) and C(meta_optional) keys. Nomad takes strings; a number and a boolean are sent as in JSON,
        any other value is refused.
      - For parameterized jobs only.
    type: dict
  id_prefix_template:
    description:
      - Text to put into the ID of what is started. For parameterized jobs only.
    type: str
  idempotency_token:
    description:
      - A text of your own that names this start. A second dispatch with the same text starts nothing, as long as Nomad remembers the first.
      - For parameterized jobs only.
    type: str
  wait:
    description:
      - Wait until all allocations of what was started are complete.
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
      - A start is not a state, so there is nothing to compare.
notes:
  - The token needs the capabilities C(dispatch-job) and C(read-job); with C(read-logs) a failure also shows the last lines of the logs.
seealso:
  - module: notailcar.nomad.job
"""

EXAMPLES = r"""
- name: Import one file
  notailcar.nomad.job_dispatch:
    job: import
    meta:
      source: s3://invoices/2026-11.csv
    payload: "{{ lookup('ansible.builtin.file', 'rules.json') }}"
    timeout: 600

- name: Run the nightly backup now
  notailcar.nomad.job_dispatch:
    job: backup
"""

RETURN = r"""
job_id:
  description: ID of the parameterized or periodic job.
  returned: success
  type: str
  sample: import
dispatched_job_id:
  description: ID of the job that was started.
  returned: success, except in check mode
  type: str
  sample: import/dispatch-1795320000-b1c2d3e4
namespace:
  description: Namespace of the job.
  returned: success
  type: str
  sample: default
eval_id:
  description: ID of the evaluation that the start made.
  returned: success, except in check mode
  type: str
  sample: 6b6fd0a5-bd66-03e5-4c2b-9bd2ba4ba1f2
allocations:
  description: The allocations of what was started.
  returned: success, except in check mode
  type: list
  elements: dict
  sample:
    - id: 7e00a98e-0e1b-5b3a-2f6e-6f8f6d0a4f1c
      name: import/dispatch-1795320000-b1c2d3e4.import[0]
      client_status: complete
      node_name: node-1
      tasks: [{"task": "import", "state": "dead", "failed": false, "exit_code": 0, "signal": 0, "oom_killed": false, "restarts": 0}]
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
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.job_dispatch import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
