# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from tests.unit.support.playbooks import Servers


@pytest.fixture
def servers() -> t.Iterator[Servers]:
    found = Servers()
    yield found
    found.close()
