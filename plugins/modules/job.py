# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, run and stop a Nomad job."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job
short_description: Plan, run and stop a Nomad job
version_added: 0.1.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Registers a job when Nomad's own plan says that something would change, and waits until it runs or tells why it does not.
  - In check mode the plan is the result. It says more than a comparison of texts, for example whether running allocations are replaced.
  - When the spec is the same, but an earlier run of it failed and left nothing running, the job is stopped and registered anew.
  - Everything that happens while it waits is shown as it happens.
options:
  state:
    description:
      - With V(present) the job of O(spec) is registered.
      - With V(absent) the job O(name) is stopped.
    type: str
    choices:
      - present
      - absent
    default: present
  spec:
    description:
      - The job as HCL text, as JSON text, or as a mapping.
      - JSON and mapping look like what C(nomad job run -output) and C(nomad job inspect) print, with or without the C(Job) envelope.
        What the server adds to a job (status, version, indices, stopped or not) is ignored. HCL in JSON syntax is refused.
      - Nomad parses HCL itself. Its API reads no files, so functions such as C(file) do not work there.
      - A spec given as text is stored with the job, as C(nomad job run) does, for the web interface and C(nomad job inspect -hcl).
      - Never put a secret into it; use Nomad Variables (M(notailcar.nomad.variable)) and templates. Nomad's own plans show the spec in
        clear. The diff of this module hides what looks like a credential, by its name or its shape, but that is a guess.
      - The namespace and region in the spec win over O(namespace) and O(region), as with the C(nomad) command.
      - Required with O(state=present).
    type: raw
  variables:
    description:
      - Values for the HCL2 variables that O(spec) declares, as with C(-var) of the C(nomad) command.
      - They win over O(var_files), which win over environment variables E(NOMAD_VAR_<name>), which win over the defaults in the spec.
      - A text is taken literally when the variable's type is string or number, or when it has neither type nor default. For every other
        type it is an HCL expression, so V([1, 2]) as a text and as a list mean the same.
      - Other values than texts are what they are. A number keeps no digits of its notation; quote what is a text, such as V("1.10").
      - A variable that the spec does not declare is an error here and in O(var_files), and ignored in the environment.
      - The values are stored with the job in clear. Never put a secret into them.
    type: dict
    version_added: 0.2.0
  var_files:
    description:
      - Files with values for the HCL2 variables, as with C(-var-file) of the C(nomad) command. Later ones win.
      - They are HCL (C(name = value)) or JSON; more than assignments of plain values cannot be in them.
      - They are read where the task runs, relative paths from its working directory.
    type: list
    elements: path
    version_added: 0.2.0
  name:
    description:
      - ID of the job to stop. Required with O(state=absent).
      - With O(state=present) it is compared with the ID in O(spec); the task fails when they differ.
    type: str
  check_index:
    description:
      - The RV(job_modify_index) of an earlier plan. When the job was changed since, the task fails and nothing is registered.
      - With V(0) the job must not exist.
      - Without it the task's own plan is what must not have changed.
    type: int
  preserve_counts:
    description:
      - Groups keep the count that the job has now, for example because an autoscaler set it, as with C(nomad job run -preserve-counts).
        New groups, and a new job, get the count of O(spec).
      - The plan knows it, too, so another count is no change.
    type: bool
    default: false
    version_added: 0.2.0
  eval_priority:
    description:
      - Priority, 1 to 100, of the evaluation that registering or stopping makes, instead of the job's own.
    type: int
    version_added: 0.2.0
  owner:
    description:
      - A word that says whose the job is, for example the name of a repository. The job carries it as C(managed_by) in its meta.
      - A job that exists without the same mark, running or stopped, is refused before anything is written, in check mode and with
        O(state=absent), too. Once it is purged its ID is free.
      - The mark is a part of the job, but not of O(spec). To set it on a job that runs is a change, which replaces its allocations; so is
        to leave O(owner) out again. A run from elsewhere, for example from the web interface, takes it away.
    type: str
    version_added: 0.2.0
  adopt:
    description:
      - With O(owner) take over a job that lacks its mark, instead of refusing it.
    type: bool
    default: false
    version_added: 0.2.0
  purge:
    description:
      - With O(state=absent) also remove the job from Nomad's state, with its history of versions.
    type: bool
    default: false
  wait:
    description:
      - Wait until the deployment is successful (services, and system jobs with an C(update) block), all allocations run (system jobs
        without), all are complete (batch, sysbatch), or all have ended (O(state=absent)).
      - A system or sysbatch job does not wait for a node without room for it; a warning names the reason.
      - Periodic and parameterized jobs are only registered; M(notailcar.nomad.job_dispatch) starts them.
    type: bool
    default: true
  canaries:
    description:
      - What to do when all canaries are healthy and the job does not promote them itself (C(auto_promote)).
      - With V(hold) the task ends there, with RV(deployment.ready_for_promotion) true. Check the canaries in your own way, then
        promote or fail the deployment with M(notailcar.nomad.deployment).
      - With V(promote) they are promoted, and the wait goes on.
    type: str
    choices:
      - hold
      - promote
    default: hold
    version_added: 0.2.0
  require_placement:
    description:
      - Refuse, before anything is registered, a job whose plan has allocations that no client can take.
        System jobs are refused only where no client is left for them.
      - With V(false) it is registered, and the wait goes on until there is room, for example because clients are added.
      - A service or system job that is unchanged is refused only when a group of it runs nowhere, for example after the loss of its only
        node. When a part of its allocations cannot be placed, the job is unchanged, and a warning names the group and the reason.
    type: bool
    default: true
    version_added: 0.2.0
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
    support: full
    details:
      - The diff is the plan's, in the form that C(nomad job plan) prints.
notes:
  - The token needs the capabilities C(submit-job) and C(read-job); with C(read-logs) a failure also shows the last lines of the logs.
seealso:
  - module: notailcar.nomad.deployment
  - module: notailcar.nomad.job_dispatch
  - module: notailcar.nomad.variable
  - module: notailcar.nomad.tailscale_health
"""

EXAMPLES = r"""
- name: Show what would change
  notailcar.nomad.job:
    spec: "{{ lookup('ansible.builtin.file', 'whoami.nomad.hcl') }}"
  check_mode: true
  diff: true
  register: planned

- name: Run exactly what was planned
  notailcar.nomad.job:
    spec: "{{ lookup('ansible.builtin.file', 'whoami.nomad.hcl') }}"
    check_index: "{{ planned.job_modify_index }}"
    timeout: 120

- name: Bring up canaries, and stop there
  notailcar.nomad.job:
    spec: "{{ lookup('ansible.builtin.file', 'whoami.nomad.hcl') }}"
    canaries: hold
  register: released

- name: Fill in the variables of the spec
  notailcar.nomad.job:
    spec: "{{ lookup('ansible.builtin.file', 'whoami.nomad.hcl') }}"
    var_files:
      - "{{ playbook_dir }}/production.hcl"
    variables:
      image: traefik/whoami:v1.11
      datacenters: [dc1, dc2]

- name: Update what the autoscaler scales, and what nobody else registered
  notailcar.nomad.job:
    spec: "{{ lookup('ansible.builtin.file', 'whoami.nomad.hcl') }}"
    preserve_counts: true
    eval_priority: 80
    owner: platform-team

- name: Stop it and forget it
  notailcar.nomad.job:
    name: whoami
    state: absent
    purge: true
"""

RETURN = r"""
job_id:
  description: ID of the job.
  returned: success
  type: str
  sample: whoami
namespace:
  description: Namespace of the job.
  returned: success
  type: str
  sample: default
job_modify_index:
  description:
    - Index of the job; hand it over as O(check_index). After a run it is the new one.
    - V(0) in a plan means that the job does not exist.
  returned: success and O(state=present)
  type: int
  sample: 152
plan:
  description: Nomad's plan.
  returned: success and O(state=present)
  type: dict
  contains:
    type:
      description: V(none), V(added), V(edited) or V(deleted). With V(none) there may still be allocations to place.
      type: str
      sample: edited
    annotations:
      description: Number of allocations by what happens to them, per group.
      type: dict
      sample: {"app": {"destructive_update": 1}}
    warnings:
      description: Nomad's warnings.
      type: list
      elements: str
      sample: []
    failed_groups:
      description: Reasons per group that cannot be placed.
      type: dict
      sample: {"app": ["missing drivers: raw_exec is not there, or not healthy, on 1 of 1 node"]}
    next_periodic_launch:
      description: When a periodic job runs next, by the plan. Nothing for other jobs.
      type: str
      sample: "2026-11-23T03:00:00Z"
settled:
  description: Whether a run of the same spec would have nothing to do and nothing to wait for, not even a deployment under way.
  returned: success and O(state=present), in check mode
  type: bool
  sample: true
eval_id:
  description: ID of the evaluation that the change made.
  returned: success, except in check mode
  type: str
  sample: 6b6fd0a5-bd66-03e5-4c2b-9bd2ba4ba1f2
job_version:
  description: Version of the job.
  returned: success and O(state=present), except in check mode
  type: int
  sample: 3
deployment:
  description: The deployment of this version, or nothing for jobs that have none.
  returned: success and O(state=present), except in check mode
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
allocations:
  description: The allocations of this version; with O(state=absent) all allocations of the job that Nomad still knows.
  returned: success, except in check mode
  type: list
  elements: dict
  sample:
    - id: 7e00a98e-0e1b-5b3a-2f6e-6f8f6d0a4f1c
      name: whoami.app[0]
      client_status: running
      node_name: node-1
      tasks: [{"task": "app", "state": "running", "failed": false, "exit_code": null, "signal": null, "oom_killed": false, "restarts": 0}]
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
      description: Why the job does not run.
      returned: when the job was registered and does not run
      type: str
      sample: "the deployment failed: Failed due to progress deadline"
    running_version:
      description: The version that runs now, for example after Nomad rolled the job back. Nothing where nothing runs.
      returned: when the job was registered and does not run
      type: int
      sample: 2
    allocations:
      description: Up to three allocations that went wrong, else of those that do not run yet, newest first.
      returned: when the job was registered and does not run
      type: list
      elements: dict
      contains:
        id:
          description: ID of the allocation.
          type: str
          sample: 7e00a98e-0e1b-5b3a-2f6e-6f8f6d0a4f1c
        name:
          description: Name of the allocation.
          type: str
          sample: whoami.app[0]
        node_name:
          description: Name of the client that it was placed on.
          type: str
          sample: node-1
        client_status:
          description: Nomad's status of the allocation.
          type: str
          sample: failed
        description:
          description: What Nomad says about that status.
          type: str
          sample: Failed tasks
        tasks:
          description:
            - The tasks that failed, else those that are not well. C(exit_code) and C(signal) are those of a task's last end and
              nothing when it never ended; C(oom_killed) tells whether it then ran out of memory. C(events) are Nomad's, C(hints) say
              what Nomad does not, C(stderr) and C(stdout) are the last lines of the logs (with the capability C(read-logs)).
          type: list
          elements: dict
          sample:
            - task: app
              state: dead
              failed: true
              exit_code: 3
              signal: 0
              oom_killed: false
              restarts: 2
              events: ["Terminated: Exit Code: 3", "Not Restarting: Exceeded allowed attempts 2 in interval 30m0s and mode is \"fail\""]
              hints: []
              stderr: ["no database at db:5432"]
              stdout: []
        checks:
          description:
            - The service's checks that do not succeed. The C(status) is V(failure), V(pending), or V(unknown) where Nomad does not tell,
              because the allocation was stopped or the check is Consul's.
          type: list
          elements: dict
          sample:
            - name: answers
              service: whoami
              task: ""
              status: failure
              status_code: 503
              output: no database
    line:
      description: Number of the line that Nomad cannot parse.
      returned: when the spec is bad HCL
      type: int
      sample: 12
    failed_groups:
      description: Reasons per group that cannot be placed.
      returned: when nothing was registered for that reason
      type: dict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.job import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
