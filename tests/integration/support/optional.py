# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the laboratory that only some tests need."""

from __future__ import annotations

import contextlib
import typing as t

from tests.integration.support.lab_command import lab
from tests.lab import startup
from tests.lab.site import Site
from tests.lab.state import locked


@contextlib.contextmanager
def part(site: Site, name: str) -> t.Iterator[Site]:
    """The laboratory with this part; where it can do without, without it again afterwards, unless it had it before."""
    if name in site.optional:
        yield site
        return
    up = lab("up", f"--with={name}", timeout=1800)
    assert up.returncode == 0, up.stdout + up.stderr
    yield Site.running()
    if name in startup.REMOVABLE:
        with locked():
            startup.take_away(name)
