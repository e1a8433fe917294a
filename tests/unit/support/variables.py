# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable as Nomad lists and returns it."""

from __future__ import annotations

PATH = "nomad/jobs/whoami"
SECRET = "a-very-secret-value"
URL = f"GET /v1/var/{PATH}"
TIMES = {"CreateIndex": 4, "ModifyIndex": 5, "CreateTime": 1_795_321_396_197_717_990, "ModifyTime": 1_795_321_400_000_000_000}


def metadata(path=PATH, namespace="default"):
    return {"Path": path, "Namespace": namespace, **TIMES}


def described(path=PATH, namespace="default", **more):
    times = {"create_time": 1_795_321_396, "modify_time": 1_795_321_400}
    return {"path": path, "namespace": namespace, "modify_index": 5, **times, **more}
