# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove through which address the allocations of a job leave."""

from __future__ import annotations

DOCUMENTATION = r"""
module: egress_verify
short_description: Prove the egress of a Nomad job
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Reads the evidence that the guard in the Tailscale sidecar of each allocation writes, and waits until every allocation is proved to be
    seen by the world as it should be.
  - The guard looks every few seconds, the way the app goes. The evidence comes through Nomad's API, and counts when it names its allocation
    and is fresh by the clock of the Nomad server.
  - A job whose evidence is missing, old or bad is never called proved, nor one that has fewer allocations than it should. Allocations of an
    older version that still run count, too.
  - When waiting cannot help, because every allocation that is not proved was stopped by its guard, was restarted, or has no
    guard, or because the job O(job) is stopped, it fails at once.
options:
  job:
    description:
      - ID of the job. One that only starts others, periodic or parameterized, has no egress of its own; name one of those.
      - Without it all running jobs of the namespace that have a guard, and with namespace V(*) those of all. A job that is stopped or
        purged while the module waits is left out.
    type: str
  group:
    description: Look at this group only. Without it all groups that have the task count.
    type: str
  task:
    description: Name of the sidecar task.
    type: str
    default: tailscale
  expect:
    description:
      - Addresses and CIDRs of which one must be seen. Without it, what the guard itself was told to expect.
      - An address of the node itself is never accepted, and a CIDR that has every address is refused.
    type: list
    elements: str
  max_age:
    description: How many seconds ago the address may have been seen.
    type: int
    default: 30
  new_observation:
    description: Whether only what the guard has seen after the call counts. Of an allocation that has ended well its end counts.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
  - notailcar.nomad.waiting
attributes:
  check_mode:
    details:
      - Looks once, and reports instead of failing.
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - The token needs the capabilities C(read-job) and C(read-fs); without O(job) also C(list-jobs).
seealso:
  - module: notailcar.nomad.tailscale_health
"""

EXAMPLES = r"""
- name: Prove the egress of a worker
  notailcar.nomad.egress_verify:
    job: crawler
    expect:
      - 203.0.113.0/24
    timeout: 60
  register: egress

- name: Have it looked at again now
  notailcar.nomad.egress_verify:
    job: crawler
    new_observation: true

- name: Prove every worker that there is
  notailcar.nomad.egress_verify:
    namespace: "*"
"""

RETURN = r"""
job:
  description: ID of the job; null when all were asked for.
  returned: success
  type: str
  sample: crawler
namespace:
  description: Namespace of the job.
  returned: success
  type: str
  sample: default
proved:
  description: Whether every allocation is proved, and none is missing.
  returned: success
  type: bool
  sample: true
allocations:
  description: The allocations that should run. After a failure they are in RV(failure).
  returned: success
  type: list
  elements: dict
  contains:
    job:
      description: ID of its job.
      type: str
      sample: crawler
    namespace:
      description: Namespace of its job.
      type: str
      sample: default
    alloc_id:
      description: ID of the allocation.
      type: str
      sample: 7e00a98e-0e1b-5b3a-2f6e-6f8f6d0a4f1c
    node_name:
      description: Nomad client it runs on.
      type: str
      sample: node-1
    client_status:
      description: State of the allocation, as Nomad's client reports it.
      type: str
      sample: running
    group:
      description: Task group.
      type: str
      sample: app
    dns_name:
      description: Name of its node on the tailnet.
      type: str
      sample: crawler-7e00a98e.tail1234.ts.net
    ips:
      description: Tailnet addresses of its node.
      type: list
      elements: str
      sample: [100.64.0.9]
    verdict:
      description:
        - V(proved), or why it is not - V(not_proved), V(wrong_address), V(stopped) by the guard, V(restarted) in another network namespace
          or after a reboot of the client, V(no_guard), V(stale), V(never_written), V(collected), V(client_down), V(refused).
        - With V(wrong_address) the observed address is not among the expected ones, or it is the node's own.
      type: str
      sample: proved
    reason:
      description: The verdict in words.
      type: str
      sample: ""
    level:
      description: V(isolated), V(locked) or V(monitored).
      type: str
      sample: locked
    exit_node:
      description: Tailnet address of the exit node in use.
      type: str
      sample: 100.64.0.3
    exit_node_status:
      description:
        - What tailscaled itself reports about its exit node, C(address) and C(online); null without one. It is no proof, because tailscaled
          reports an exit node as online whose routes are not approved.
      type: dict
      sample: {address: 100.64.0.3, online: true}
    observed:
      description: The address that the world saw last.
      type: str
      sample: 203.0.113.7
    direct:
      description: The node's own addresses, among them those that STUN servers reported; with V(isolated) only those of its interfaces.
      type: list
      elements: str
      sample: [198.51.100.10]
    expected:
      description: What the guard was told to expect.
      type: str
      sample: 203.0.113.0/24
    evidence:
      description: The evidence that the sidecar wrote, without credentials of known shape and without control characters.
      type: dict
failure:
  description: What went wrong, for machines.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(not_found), V(refused), V(server), V(timeout).
      type: str
      sample: timeout
    allocations:
      description: The allocations as they were last seen, without RV(allocations[].evidence).
      returned: when the time was over, or a guard has stopped one
      type: list
      elements: dict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.egress_verify import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
