# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which levels of verified egress the Nomad clients allow."""

from __future__ import annotations

DOCUMENTATION = r"""
module: egress_level_info
short_description: Which levels of verified egress the Nomad clients allow
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Asks Nomad for its clients, and says which level of egress the role P(notailcar.nomad.egress_worker#role) can have on each.
  - Only clients that are ready and eligible count, and with O(spec) only those that the job allows.
  - Nomad does not know whether a client's docker plugin allows C(net_admin) and whether there is C(/dev/net/tun), which V(locked) needs.
    Where one lacks, the deployment fails, and its message says so.
options:
  datacenters:
    description: Datacenters whose clients count, with C(*) as in a job. Those of O(spec) win.
    type: list
    elements: str
    default: ["*"]
  spec:
    description:
      - The job, in a form that M(notailcar.nomad.job) accepts. Its datacenters, its node pool, its constraints, and the constraints of its
        first group and of this group's tasks decide which clients count; nothing else of it is used.
      - Nomad itself decides, by a plan of a job with the same constraints and one small task. Nothing is registered.
        A client that is full counts.
    type: raw
    version_added: 0.4.0
  mode:
    description: Only the levels of this mode of tailscaled. By default those of both.
    type: str
    choices: [userspace, kernel]
  cni_network:
    description: Name of the CNI network without a way out, which level V(isolated) needs.
    type: str
    default: notailcar-egress
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.actiongroups
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - notailcar.nomad.attributes
  - notailcar.nomad.connection
attributes:
  diff_mode:
    support: none
    details:
      - Nothing is ever changed.
notes:
  - The token needs C(node { policy = "read" }); with O(spec) also C(submit-job), or C(parse-job) and C(plan-job).
seealso:
  - module: notailcar.nomad.egress_verify
"""

EXAMPLES = r"""
- name: See which level of egress the site allows
  notailcar.nomad.egress_level_info:
  register: site

- name: See which level the clients of a node pool allow
  notailcar.nomad.egress_level_info:
    spec:
      ID: crawler
      NodePool: egress
  register: pool

- name: Show what each client lacks
  ansible.builtin.debug:
    var: site.clients
"""

RETURN = r"""
level:
  description: The best level that at least one client allows, of those that the job of O(spec) may run on.
  returned: success
  type: str
  sample: locked
clients:
  description: The clients that count.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the client.
      type: str
      sample: node-1
    datacenter:
      description: Its datacenter.
      type: str
      sample: dc1
    levels:
      description: What it allows, the best first - V(isolated), V(locked), V(monitored).
      type: list
      elements: str
      sample: [locked, monitored]
    missing:
      description: What it lacks for the others, in words.
      type: list
      elements: str
      sample: ["it has no CNI network notailcar-egress, which the role egress_network makes"]
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.egress_level_info import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
