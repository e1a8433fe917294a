# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the laboratory as `up` awaits it and `status` shows it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from string import Template

from .command import wait_until
from .errors import LabError
from .process import log_tail, recorded
from .topology import HERE


@dataclass(frozen=True)
class Component:
    """`ready` asks the component itself, so that both commands mean the same by it."""

    name: str
    address: str
    ready: t.Callable[[], bool]

    def is_ready(self) -> bool:
        """Whether it runs and answers now."""
        try:
            return recorded(self.name) is not None and self.ready()
        except (LabError, OSError):
            return False

    def wait(self, seconds: float = 90) -> None:
        """Return when it is ready; fail with its last words when it is not, at once when it has ended."""

        def ready_or_dead() -> bool:
            if recorded(self.name) is None:
                raise LabError(f"{self.name} has ended")
            return self.is_ready()

        try:
            wait_until(ready_or_dead, f"{self.name} ready at {self.address}", seconds)
        except LabError as error:
            raise LabError(f"{error}; the end of its log:\n{log_tail(self.name)}") from None


def render(name: str, **values: object) -> str:
    """A configuration file below etc/ with its $placeholders filled in."""
    return Template((HERE / "etc" / name).read_text()).substitute(values)
