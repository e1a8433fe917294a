# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role acl_policies: what is wrong with its inputs beyond their types."""

from __future__ import annotations

import re
import typing as t

from .workload import Inputs, quoted

NAMESPACE = re.compile(r"[a-zA-Z0-9*-]{1,128}")
PREFIX = re.compile(r"[a-zA-Z0-9-]{0,100}")
VARIABLES_PATH = re.compile(r"[a-zA-Z0-9_~/*-]{1,128}")


def problems(inputs: Inputs) -> t.Iterator[str]:
    """Yield a sentence for each problem, without the role's prefix."""
    if not inputs["namespaces"]:
        yield "namespaces is empty: the policies would grant nothing"
    if unfit := [name for name in inputs["namespaces"] if not NAMESPACE.fullmatch(name)]:
        yield f"namespaces: '{quoted(unfit)}' is no namespace: use letters, digits, - and *"
    if not PREFIX.fullmatch(inputs["prefix"]):
        yield f"prefix '{inputs['prefix']}' holds something else than letters, digits and -, or more than 100 of them"
    if not VARIABLES_PATH.fullmatch(inputs["variables_path"]):
        yield f"variables_path '{inputs['variables_path']}' is no path: use letters, digits, -, _, ~, / and *"
