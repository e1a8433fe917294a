# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not HCL, and what must not take long."""

from __future__ import annotations

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._job.hcl_syntax import NotHcl, statements


@pytest.mark.parametrize(
    ("text", "line"),
    [("a", 1), ("a = 1\n{\n}", 2), ("a {\n", 1), ("a = 1\n\nb = }", 3), ("a b = 1", 1), ('a = "${', 1), ("a = <<E\n${\nE\n", 1)],
)
def test_what_is_not_hcl(text, line):
    with pytest.raises(NotHcl, match=f"line {line}$"):
        list(statements(text))


@pytest.mark.parametrize("text", ["#" * 50000, "/*" * 20000, "a " * 20000, '"' * 20000, "a=" + "<<E\n" * 5000])
def test_strange_texts_end_soon(text):
    with pytest.raises(NotHcl):
        list(statements(text + "\n}"))
