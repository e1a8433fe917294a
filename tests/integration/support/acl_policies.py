# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role `acl_policies`, run for the tests that need a token of one of its policies."""

from __future__ import annotations

import json
import typing as t

from tests.integration.support import play
from tests.lab.site import Site

PREFIX = "itest-"


def role(site: Site, *options: str, **inputs: t.Any) -> play.Done:
    given = json.dumps({f"acl_policies_{name}": value for name, value in {"prefix": PREFIX, **inputs}.items()})
    return play.run(site, "ansible-playbook", "acl-policies.yml", "-e", given, *options)
