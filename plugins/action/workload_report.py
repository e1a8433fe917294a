# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what a run has done for all of its hosts."""

from __future__ import annotations

import typing as t

from ansible_collections.notailcar.nomad.plugins.module_utils._entry import Run
from ansible_collections.notailcar.nomad.plugins.plugin_utils import _report
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.declare import DECLARED
from ansible_collections.notailcar.nomad.plugins.plugin_utils._declaration.inputs import plain
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import ControllerAction


class ActionModule(ControllerAction):
    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {"role": {"type": "str", "required": True, "choices": sorted(DECLARED)}}

    def execute(self, params: dict[str, t.Any], run: Run) -> dict[str, t.Any]:
        alive = set(self.variables["ansible_play_hosts"])
        rows, results = [], {}
        for host in self.variables["ansible_play_hosts_all"]:
            result = plain(self.variables["hostvars"].raw_get(host).get(f"{params['role']}_result"))
            if not result:
                # Its turn comes in a later batch of a play with `serial`.
                continue
            # A plan that failed has no job, also where the play goes on after it.
            failed = host not in alive or "job_id" not in result
            rows.append(_report.row(host, result, run.check, failed))
            if not failed:
                results[result["job_id"]] = _report.of_workflow(result)
        lines = _report.table(rows)
        for line in lines:
            run.progress(line)
        stats = {"data": {f"{params['role']}s": results}, "per_host": False, "aggregate": True}
        return {"table": lines, "ansible_stats": stats}
