# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logic of the module `acl_policy`: read, compare as Nomad stores it, write once."""

from __future__ import annotations

import json
import re

from ...module_utils import _arguments
from .._entry import Entry, Run
from .._errors import MANAGEMENT, InvalidInput, NotFound
from .._json import Json
from .._nomad.client import Client

POLICY_NAME = re.compile(r"[a-zA-Z0-9-]{1,128}")
# The blocks that have a name.
NAMED = ("namespace", "node_pool", "host_volume", "path")
ATTACHMENT = {"namespace": "Namespace", "job": "JobID", "group": "Group", "task": "Task"}


def logic(params: Json, run: Run) -> Json:
    """Bring the policy to the wanted state, or in check mode report the change."""
    client, name = Client.from_options(params), params["name"]
    if not POLICY_NAME.fullmatch(name):
        raise InvalidInput(f"name {name!r} is not a policy's name: 1 to 128 letters, digits and hyphens.")
    path = f"/v1/acl/policy/{name}"
    wanted = _wanted(params) if params["state"] == "present" else None
    before = _read(client, path, name)
    if before != wanted and not run.check:
        if wanted is None:
            client.delete(path, f"delete the ACL policy {name}", MANAGEMENT)
        else:
            client.put(path, {"Name": name, **_stored(wanted)}, f"write the ACL policy {name}", MANAGEMENT)
    return {
        "changed": before != wanted,
        "name": name,
        "policy": wanted,
        "diff": {"before": _text(before), "after": _text(wanted), "before_header": name, "after_header": name},
    }


def _wanted(params: Json) -> Json:
    rules = params["rules"]
    if not rules:
        raise InvalidInput("rules is empty: such a policy grants nothing. Use state=absent to delete it.")
    if not isinstance(rules, (str, dict)):
        raise InvalidInput(f"rules must be HCL text or a mapping, not {type(rules).__name__}.")
    attached = params["job_acl"]
    return {
        "description": params["description"],
        "rules": rules if isinstance(rules, str) else "\n".join(_hcl(rules)) + "\n",
        "job_acl": {part: attached[part] or "" for part in ATTACHMENT} if attached else None,
    }


def _hcl(body: Json) -> list[str]:
    """Write rules as HCL. Not as JSON: Nomad reads nested objects with one key each as the labels of one block."""
    lines = []
    for key, value in sorted(body.items()):
        if not isinstance(value, dict):
            lines.append(f"{key} = {json.dumps(value)}")
            continue
        blocks = [(f"{key} {json.dumps(name)}", inner) for name, inner in sorted(value.items())] if key in NAMED else [(key, value)]
        for head, inner in blocks:
            if not isinstance(inner, dict):
                raise InvalidInput(f"rules: {head} must be a mapping, not {type(inner).__name__}.")
            lines += [f"{head} {{", *(f"  {line}" for line in _hcl(inner)), "}"]
    return lines


def _read(client: Client, path: str, name: str) -> Json | None:
    try:
        found = client.get(path, f"read the ACL policy {name}", MANAGEMENT).data
    except NotFound:
        return None
    attached = found.get("JobACL")
    return {
        "description": found["Description"],
        "rules": found["Rules"],
        "job_acl": {part: attached[field] for part, field in ATTACHMENT.items()} if attached else None,
    }


def _stored(policy: Json) -> Json:
    attached = policy["job_acl"]
    return {
        "Description": policy["description"],
        "Rules": policy["rules"],
        "JobACL": {field: attached[part] for part, field in ATTACHMENT.items()} if attached else None,
    }


def _text(policy: Json | None) -> str:
    if policy is None:
        return ""
    lines = [f"description: {policy['description']}"]
    if policy["job_acl"]:
        lines.append("job_acl: " + ", ".join(f"{part} {value}" for part, value in policy["job_acl"].items() if value))
    return "\n".join([*lines, "", policy["rules"]])


ENTRY = Entry(
    arguments={
        **_arguments.connection(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "description": {"type": "str", "default": ""},
        "rules": {"type": "raw"},
        "job_acl": {
            "type": "dict",
            "options": {
                "namespace": {"type": "str", "default": "default"},
                "job": {"type": "str"},
                "group": {"type": "str"},
                "task": {"type": "str"},
            },
            "required_by": {"group": ["job"], "task": ["group"]},
        },
    },
    relations={"required_if": [("state", "present", ["rules"])]},
    logic=logic,
)
