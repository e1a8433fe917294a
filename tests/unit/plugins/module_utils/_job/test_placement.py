# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for what Nomad 1.11 answers when it finds no place."""

from __future__ import annotations

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._job.placement import placement_failures

JOB = {
    "ID": "x",
    "Datacenters": ["mars", "venus"],
    "TaskGroups": [
        {"Name": "other"},
        {
            "Name": "g",
            "Count": 3,
            "EphemeralDisk": {"SizeMB": 99},
            "Networks": [{"Mode": "cni/none"}],
            "Volumes": {"data": {"Type": "host", "Source": "pgdata"}, "more": {"Type": "csi", "Source": "csi"}},
            "Tasks": [
                {"Name": "a", "Driver": "docker", "Resources": {"CPU": 10, "MemoryMB": 20, "Devices": [{"Name": "nvidia/gpu"}]}},
                {"Name": "b", "Driver": "raw_exec", "Resources": {"CPU": 30, "Cores": 2, "Devices": None}},
            ],
        },
    ],
}


def filtered(term):
    (reason,) = placement_failures({"NodesEvaluated": 2, "ConstraintFiltered": {term: 1}}, JOB, "g")
    return reason


def exhausted(term):
    (reason,) = placement_failures({"NodesEvaluated": 2, "DimensionExhausted": {term: 2}}, JOB, "g")
    return reason


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("${attr.kernel.name} = plan9", "constraint ${attr.kernel.name} = plan9: excludes 1 of 2 nodes"),
        ("${meta.gpu} is_set ", "constraint ${meta.gpu} is_set: excludes 1 of 2 nodes"),
        ("missing drivers", "missing drivers: docker or raw_exec is not there, or not healthy, on 1 of 2 nodes"),
        ("missing devices", "missing devices: nvidia/gpu is not there on 1 of 2 nodes"),
        ("missing compatible host volumes", "pgdata is not there, or not for this access, on 1 of 2 nodes"),
        ("missing network", "missing network: network mode cni/none is not there on 1 of 2 nodes"),
        ('missing host network "public" for port "http"', "a client declares it as host_network"),
        ("missing CSI Volume csi", "create or register it first"),
        ("distinct_hosts", "1 of 2 nodes already holds an allocation of the job; count 3 needs as many nodes"),
        ("distinct_property: ${node.datacenter}=dc1 used by 1 allocs", "used by 1 allocs: excludes 1 of 2 nodes"),
        ("computed class ineligible", "1 of 2 nodes like one that is excluded for another reason"),
        ("${attr.consul.version} semver >= 1.8.0", 'where no Consul runs, say provider = "nomad"'),
        ("${attr.plugins.cni.version.bridge} semver >= 0.4.0", "the client lacks the CNI plugins"),
    ],
)
def test_excluded(term, words):
    assert words in filtered(term)
    assert term.strip() in filtered(term), "Nomad's own term can be searched for"


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("memory", "resource memory: exhausted on 2 of 2 nodes (asked for: a 20 MB)"),
        ("cpu", "resource cpu: exhausted on 2 of 2 nodes (asked for: a 10 MHz, b 30 MHz)"),
        ("cores", "(asked for: b 2 cores)"),
        ("disk", "(asked for: ephemeral_disk 99 MB)"),
        ("something new", "resource something new: exhausted on 2 of 2 nodes"),
        ("network: reserved port collision http=80", "is taken on 2 of 2 nodes; it allows one allocation per node, and count is 3"),
        ("network: no addresses available for public network", "public network: on 2 of 2 nodes"),
        ("max allocation exceeded", "node_max_allocs"),
    ],
)
def test_exhausted(term, words):
    assert words in exhausted(term)
    assert term in exhausted(term)


@pytest.mark.parametrize(
    ("job", "where"),
    [
        (JOB, "datacenter mars or venus of node pool gpus"),
        ({"Datacenters": ["*"]}, "node pool gpus"),
        ({}, "node pool gpus"),
    ],
)
def test_no_node_at_all(job, where):
    assert placement_failures({"NodesEvaluated": 0, "NodePool": "gpus"}, job, "g") == [f"no node was eligible: no ready node is in {where}"]


def test_the_default_pool():
    assert placement_failures({}, {}, "g")[0].endswith("node pool default")


def test_several_reasons_at_once():
    metrics = {
        "NodesEvaluated": 4,
        "NodesAvailable": {"mars": 0, "venus": 4},
        "ConstraintFiltered": {"${b} = x": 1, "${a} = x": 1},
        "ClassFiltered": {"": 1, "big": 2},
        "DimensionExhausted": {"memory": 1},
        "ClassExhausted": {"small": 1},
        "QuotaExhausted": ["memory exhausted (300 needed > 200 limit)"],
    }
    assert placement_failures(metrics, {}, "g") == [
        "no node is available in datacenter mars",
        "constraint ${a} = x: excludes 1 of 4 nodes",
        "constraint ${b} = x: excludes 1 of 4 nodes",
        "class big: 2 of 4 nodes excluded",
        "resource memory: exhausted on 1 of 4 nodes",
        "class small: exhausted on 1 of 4 nodes",
        "quota limit hit: memory exhausted (300 needed > 200 limit)",
    ]


def test_nothing_said():
    assert placement_failures({"NodesEvaluated": 1}, {}, "g") == ["the scheduler gives no reason"]
