# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespace `*` means all of them, and is refused wherever one object is meant: nothing is found there, so nothing would be removed."""

from __future__ import annotations

import pytest

GROUPS = [{"Name": "app", "Tasks": []}]


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("job", {"name": "whoami", "state": "absent"}),
        ("job", {"name": "whoami", "state": "absent", "purge": True}),
        ("job", {"spec": {"ID": "whoami", "TaskGroups": GROUPS}}),
        ("job", {"spec": {"ID": "whoami", "Namespace": "*", "TaskGroups": GROUPS}, "namespace": "default"}),
        ("variable", {"path": "nomad/jobs/whoami", "state": "absent"}),
        ("variable", {"path": "nomad/jobs/whoami", "items": {"key": "value"}}),
        ("variable_info", {"path": "nomad/jobs/whoami"}),
        ("tailscale_health", {"job": "whoami", "state": "logged_out"}),
        ("tailscale_health", {"job": "whoami", "state": "ready"}),
        ("tailscale_health", {"job": "whoami", "state": "observed"}),
        ("egress_verify", {"job": "whoami"}),
        ("deployment", {"job": "whoami", "state": "promoted"}),
        ("job_dispatch", {"job": "whoami"}),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_one_object_is_in_one_namespace(nomad, in_process, module, args, check):
    # Nomad's answers to a namespace that does not exist.
    nomad.on("GET /v1/job/whoami/allocations", [])
    result = in_process(module, check=check, **{"namespace": "*", **args})
    assert result["failed"], result
    assert result["failure"]["kind"] == "invalid_input"
    assert "whoami" in result["msg"]
    assert "namespace" in result["msg"]
    assert not nomad.asked


def test_lists_are_of_all_namespaces(nomad, in_process):
    nomad.on("GET /v1/jobs", [])
    nomad.on("GET /v1/vars", [])
    assert in_process("job_info", namespace="*")["jobs"] == []
    assert in_process("variable_info", namespace="*")["variables"] == []
    assert in_process("egress_verify", namespace="*")["allocations"] == []
    assert {asked.query["namespace"] for asked in nomad.asked} == {"*"}
