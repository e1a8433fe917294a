# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations that people write, and times that servers write."""

from __future__ import annotations

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._durations import moment, seconds, shown
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import InvalidInput


@pytest.mark.parametrize(("text", "wanted"), [("0", 0), ("90", 90), ("45s", 45), ("90m", 5400), ("24h", 86400), (" 30d ", 2592000)])
def test_durations(text, wanted):
    assert seconds("expiry", text) == wanted


@pytest.mark.parametrize("text", ["", "1.5h", "-1h", "1w", "1h30m", "h"])
def test_no_durations(text):
    with pytest.raises(InvalidInput, match=r"expiry .* is not a duration"):
        seconds("expiry", text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z"),
        ("2027-01-15T08:00:00.999999999Z", "2027-01-15T08:00:00Z"),
        ("2027-01-15T10:00:00+02:00", "2027-01-15T08:00:00Z"),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(text, wanted):
    assert shown(moment(text)) == wanted
