# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that the Tailscale nodes of a job are what they should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tailscale_health
short_description: Prove that the Tailscale nodes of a Nomad job are ready
version_added: 0.1.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Reads the evidence that the Tailscale sidecar of each allocation writes, and waits until every node is proved to be what it should be.
  - The evidence comes through Nomad's API. Neither SSH, nor Tailscale on the controller, nor a way into the allocation is needed.
  - Evidence counts when it names its allocation and is fresh by the clock of the Nomad server.
  - A job whose evidence is missing or bad is never called ready.
options:
  job:
    description: ID of the job.
    type: str
    required: true
  group:
    description: Look at this group only. Without it all groups that have the task count.
    type: str
  task:
    description: Name of the sidecar task.
    type: str
    default: tailscale
  state:
    description:
      - With V(ready) the allocations of the newest version that should run are looked at. As many must be there as the job's count, or as
        its canaries while these wait for their promotion; of a system job, one on each node that has room. The task fails at once when
        the job is stopped. A node is ready when its backend runs, the
        control server sees it online, it has a tailnet address, its key has not expired, name, tags and serve configuration are
        the wanted ones, and the sidecar itself says so.
      - With V(logged_out), used after a job was stopped, the last allocations' nodes must have left the tailnet.
      - With V(observed) all allocations that have not ended, of whatever version, are looked at once, and nothing is waited for.
    type: str
    choices:
      - ready
      - logged_out
      - observed
    default: ready
  hostname:
    description: Wanted first label of the node's name. Another one, often with a suffix, means that an old node still holds the name.
      V(${NOMAD_ALLOC_INDEX}) in it stands for the number of each allocation.
    type: str
  canary:
    description: Whether a canary that has not been promoted yet, called O(hostname) with C(-canary), is as good.
    type: bool
    default: false
    version_added: 0.3.0
  tailnet:
    description: Wanted MagicDNS suffix, for example V(tailnet-name.ts.net).
    type: str
  tags:
    description: Wanted tags, exactly these.
    type: list
    elements: str
  serve_config:
    description:
      - Wanted serve configuration in Tailscale's own form (C(ipn.ServeConfig)). V(${TS_CERT_DOMAIN}) stands for the node's name,
        V(${SIDECAR_TAILNET}) for the tailnet's suffix, V(${SIDECAR_APP_PORT}) for the port that the sidecar knows as the app's.
    type: dict
  max_age:
    description: How many seconds old the evidence may be.
    type: int
    default: 30
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
  - The token needs the capabilities C(read-job) and C(read-fs).
seealso:
  - module: notailcar.nomad.job
"""

EXAMPLES = r"""
- name: Wait for the node on the tailnet
  notailcar.nomad.tailscale_health:
    job: whoami
    hostname: whoami
    tailnet: tailnet-name.ts.net
    tags:
      - tag:service
    timeout: 60
  register: health

- name: Show its addresses
  ansible.builtin.debug:
    msg: "{{ health.nodes | map(attribute='ips') }}"

- name: After the job was stopped, see that its node has left the tailnet
  notailcar.nomad.tailscale_health:
    job: whoami
    state: logged_out
"""

RETURN = r"""
job:
  description: ID of the job.
  returned: success
  type: str
  sample: whoami
namespace:
  description: Namespace of the job.
  returned: success
  type: str
  sample: default
proved:
  description:
    - Whether every node is proved, and none is missing.
    - V(false) in check mode, and with O(state=logged_out) when nothing is left that could prove it.
  returned: success
  type: bool
  sample: true
nodes:
  description: The nodes, one per allocation. After a failure they are in RV(failure).
  returned: success
  type: list
  elements: dict
  contains:
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
    verdict:
      description:
        - V(ready), V(logged_out), V(never_joined), or why it is not - V(not_ready), V(wrong_name), V(wrong_tags), V(key_expired),
          V(serve_differs), V(stale), V(never_written), V(collected), V(abandoned), V(client_down), V(refused).
      type: str
      sample: ready
    reason:
      description: The verdict in words.
      type: str
      sample: ""
    dns_name:
      description: Name on the tailnet.
      type: str
      sample: whoami.tailnet-name.ts.net
    ips:
      description: Tailnet addresses.
      type: list
      elements: str
      sample: ["100.64.0.7", "fd7a:115c:a1e0::7"]
    tags:
      description: Tags of the node.
      type: list
      elements: str
      sample: ["tag:service"]
    online:
      description: Whether the control server sees the node.
      type: bool
      sample: true
    key_expiry:
      description: When the node's key expires.
      type: str
      sample: "2027-05-20T10:00:00Z"
    serve_config:
      description: Serve configuration in force.
      type: dict
      sample: {"TCP": {"80": {"HTTP": true}}}
    open_ports:
      description:
        - Ports of TCP and UDP on which something beside the sidecar listens on more than loopback. There is a warning for them. UDP ports
          from which the kernel chooses those of clients are left out. Always empty in kernel mode, where they are closed.
      type: list
      elements: int
      sample: []
    age_seconds:
      description: Age of the evidence in seconds.
      type: float
      sample: 1.8
    evidence:
      description: The evidence that the sidecar wrote, without credentials of known shape and without control characters.
      type: dict
failure:
  description: What went wrong, as data. RV(ignore:msg) says the same in words.
  returned: failure
  type: dict
  contains:
    kind:
      description: One of V(invalid_input), V(unreachable), V(tls), V(denied), V(not_found), V(refused), V(server), V(timeout).
      type: str
      sample: timeout
    nodes:
      description: The nodes as they were last seen, without RV(nodes[].evidence).
      returned: when the time was over
      type: list
      elements: dict
"""


def main() -> None:
    # Here, because Ansible wants the documentation above all imports.
    from ansible_collections.notailcar.nomad.plugins.module_utils._python import require_python

    require_python()
    from ansible_collections.notailcar.nomad.plugins.module_utils._entry import run_packaged
    from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailscale_health import ENTRY

    run_packaged(ENTRY)


if __name__ == "__main__":
    main()
