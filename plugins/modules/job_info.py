# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nomad knows about jobs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: job_info
short_description: Ask what Nomad knows about jobs
version_added: 0.2.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Returns one job, the jobs whose IDs begin alike, or all jobs of a namespace or of all namespaces.
  - With O(gather) also their deployments, allocations, evaluations, versions and the results of their checks.
  - However many jobs there are, Nomad is asked once for each concern; where that is not possible, the choice of O(gather) says so.
  - A job that does not exist is not an error; the list is empty then.
options:
  name:
    description:
      - ID of the job. The result then also has its spec.
      - Without O(name) and O(prefix) all jobs are returned.
    type: str
  prefix:
    description: What the IDs of the jobs begin with.
    type: str
  gather:
    description: What else to ask for.
    type: list
    elements: str
    default: []
    choices:
      versions: The versions that Nomad remembers. One request per job.
      deployment: The newest deployment.
      allocations: All allocations that Nomad still knows, with their tasks.
      checks: Results of the checks of services whose provider is Nomad. One request per running allocation.
      evaluations: The evaluations that Nomad still knows.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
attributes:
  check_mode:
    details:
      - Nothing is ever changed.
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - The token needs the capabilities C(list-jobs) and C(read-job).
  - O(namespace) may be V(*). Then the namespaces in which the token may list jobs are looked at, and no other is mentioned.
  - The spec is returned as Nomad gives it, in clear. What it holds (environments, templates) is seen by everyone who sees the result.
seealso:
  - module: notailcar.nomad.job
  - module: notailcar.nomad.deployment
"""

EXAMPLES = r"""
- name: See whether a service runs, and as what
  notailcar.nomad.job_info:
    name: whoami
    gather:
      - deployment
      - allocations
  register: found

- name: Stop where it is not what it should be
  ansible.builtin.assert:
    that:
      - found.jobs | length == 1
      - found.jobs[0].deployment.status == 'successful'

- name: List what runs anywhere
  notailcar.nomad.job_info:
    namespace: "*"
  register: everything

- name: Name what failed
  ansible.builtin.debug:
    msg: "{{ everything.jobs | selectattr('status', 'equalto', 'dead') | rejectattr('stopped') | map(attribute='id') }}"
"""

RETURN = r"""
jobs:
  description: The jobs, sorted by namespace and ID.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the job.
      type: str
      sample: whoami
    namespace:
      description: Namespace of the job.
      type: str
      sample: default
    type:
      description: Type of the job.
      type: str
      sample: service
    status:
      description: V(pending), V(running) or V(dead).
      type: str
      sample: running
    version:
      description: Version of the job.
      type: int
      sample: 3
    job_modify_index:
      description: Index of the job, as the module P(notailcar.nomad.job#module) takes it.
      type: int
      sample: 152
    stopped:
      description: Whether someone stopped the job.
      type: bool
      sample: false
    groups:
      description: Number of allocations by state, per group.
      type: dict
      sample: {"app": {"queued": 0, "starting": 0, "running": 1, "complete": 2, "failed": 0, "lost": 0, "unknown": 0}}
    children:
      description: Number of jobs that a periodic or parameterized job made, by state. Nothing for other jobs.
      type: dict
      sample: {"pending": 0, "running": 1, "dead": 7}
    job:
      description: The spec, in Nomad's own form.
      returned: when O(name) is given
      type: dict
    versions:
      description: The versions that Nomad remembers, newest first.
      returned: when gathered
      type: list
      elements: dict
      contains:
        version:
          description: Number of the version.
          type: int
          sample: 3
        stable:
          description: Whether a deployment of it was successful.
          type: bool
          sample: true
        job_modify_index:
          description: Index of the job at that version.
          type: int
          sample: 152
        submit_time:
          description: When it was registered, in seconds since 1970.
          type: int
          sample: 1795321396
        tag:
          description: Name of its tag.
          type: str
          sample: ""
    deployment:
      description: The newest deployment, or nothing.
      returned: when gathered
      type: dict
      contains:
        id:
          description: ID of the deployment.
          type: str
          sample: 7c9f0e5e-8b0c-67a3-60bb-8c4d7ff9a0c3
        status:
          description: State of the deployment.
          type: str
          sample: successful
        description:
          description: The state in Nomad's words.
          type: str
          sample: Deployment completed successfully
        groups:
          description: Number of allocations by health, per group.
          type: dict
          sample: {"app": {"desired": 1, "placed": 1, "healthy": 1, "unhealthy": 0, "canaries": 0, "promoted": false}}
        job_version:
          description: The version that it deploys.
          type: int
          sample: 3
        ready_for_promotion:
          description: Whether its canaries are healthy and wait for M(notailcar.nomad.deployment).
          type: bool
          sample: false
    evaluations:
      description: The evaluations, newest first.
      returned: when gathered
      type: list
      elements: dict
      contains:
        id:
          description: ID of the evaluation.
          type: str
          sample: 6b6fd0a5-bd66-03e5-4c2b-9bd2ba4ba1f2
        triggered_by:
          description: What made it.
          type: str
          sample: job-register
        status:
          description: State of the evaluation; V(blocked) waits for a place.
          type: str
          sample: complete
        description:
          description: The state in Nomad's words.
          type: str
          sample: ""
        failed_groups:
          description: Reasons per group that could not be placed.
          type: dict
          sample: {"app": ["missing drivers: raw_exec is not there, or not healthy, on 1 of 1 node"]}
    allocations:
      description: The allocations, newest first.
      returned: when gathered
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
        client_status:
          description: State of the allocation, as Nomad's client reports it.
          type: str
          sample: running
        node_name:
          description: Nomad client it runs on.
          type: str
          sample: node-1
        desired_status:
          description: What the scheduler wants, V(run), V(stop) or V(evict).
          type: str
          sample: run
        group:
          description: Task group.
          type: str
          sample: app
        job_version:
          description: Version of the job that it runs.
          type: int
          sample: 3
        healthy:
          description: Health for its deployment. Nothing while it is open, and where there is no deployment.
          type: bool
          sample: true
        canary:
          description: Whether it is a canary.
          type: bool
          sample: false
        tasks:
          description: Its tasks.
          type: list
          elements: dict
          contains:
            task:
              description: Name of the task.
              type: str
              sample: app
            state:
              description: V(pending), V(running) or V(dead).
              type: str
              sample: running
            failed:
              description: Whether it failed.
              type: bool
              sample: false
            restarts:
              description: How often it was restarted.
              type: int
              sample: 0
            exit_code:
              description: Exit code of its last end that Nomad remembers, or nothing.
              type: int
              sample: 0
            signal:
              description: Number of the signal that ended it then, V(0) for none; nothing when it never ended.
              type: int
              sample: 0
            oom_killed:
              description: Whether it then ran out of memory.
              type: bool
              sample: false
    checks:
      description: Results of the checks of all running allocations.
      returned: when gathered
      type: list
      elements: dict
      contains:
        alloc_id:
          description: ID of the allocation.
          type: str
          sample: 7e00a98e-0e1b-5b3a-2f6e-6f8f6d0a4f1c
        group:
          description: Task group.
          type: str
          sample: app
        task:
          description: Task of the service; empty for a service of the group.
          type: str
          sample: ""
        service:
          description: Name of the service.
          type: str
          sample: whoami-tailscale
        name:
          description: Name of the check.
          type: str
          sample: "service: \"whoami-tailscale\" check"
        status:
          description:
            - V(success), V(failure) or V(pending).
            - V(unknown) when the allocation's client could not be asked; the names are empty then, and the output has the reason.
          type: str
          sample: success
        output:
          description: What the check got.
          type: str
          sample: "nomad: http ok"
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
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.job_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
