# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allocations with the states and events of their tasks, as Nomad 1.11 lists them."""

from __future__ import annotations

ID = "a0a0a0a0-0000"


def event(kind, words="", fails=False, **details):
    return {"Type": kind, "DisplayMessage": words, "FailsTask": fails, "Details": details}


def ended(code=0, signal=0, oom="false"):
    return event("Terminated", f"Exit Code: {code}", exit_code=str(code), signal=str(signal), oom_killed=oom)


def state(*of, now="dead", failed=False, restarts=0):
    return {"State": now, "Failed": failed, "Restarts": restarts, "Events": list(of)}


def allocation(status="failed", ident=ID, healthy=None, job="web", **tasks):
    return {
        "ID": ident,
        "Name": f"{job}.app[0]",
        "Namespace": "default",
        "JobID": job,
        "TaskGroup": "app",
        "NodeName": "node-1",
        "ClientStatus": status,
        "ClientDescription": "Failed tasks",
        "DeploymentStatus": None if healthy is None else {"Healthy": healthy},
        "TaskStates": tasks,
    }
