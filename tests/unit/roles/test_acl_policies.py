# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of the role `acl_policies` and the page that explains them name the same capabilities."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("kind", ["deployer", "reader"])
def test_the_page_explains_each_capability(kind: str) -> None:
    policy = (ROOT / f"roles/acl_policies/templates/{kind}.policy.hcl.j2").read_text()
    jobs, _variables, variables = policy.partition("  variables {")
    line = re.compile(r'^ +"([a-z-]+)",? +#', re.MULTILINE)
    granted = line.findall(jobs) + [f"variables {name}" for name in line.findall(variables)]
    granted += [f"node {name}" for name in re.findall(r'^node {\n  policy = "(\w+)"', policy, re.MULTILINE)]
    _before, _title, section = (ROOT / "docs/acl-policies.md").read_text().partition(f"## {kind}\n")
    rows = re.findall(r"^\| (variables |node )?`([a-z-]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    assert granted
    assert [word + name for word, name in rows] == granted
