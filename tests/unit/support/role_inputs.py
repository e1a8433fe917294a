# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the roles, with the defaults of each role."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

ROLES = Path(__file__).parents[3] / "roles"


def defaults(role: str) -> dict[str, t.Any]:
    return {
        name.removeprefix(f"{role}_"): value for name, value in yaml.safe_load((ROLES / role / "defaults/main.yml").read_text()).items()
    }


# A service without a problem.
PRIVATE_SERVICE: dict[str, t.Any] = {
    **defaults("private_service"),
    "name": "whoami",
    "hostname": "whoami",
    "image": "whoami:1",
    "port": 8080,
    "auth_key": "key",
}


class Lazy(dict[str, t.Any]):
    """As the roles' variables come: evaluated, and there, only when they are asked for."""

    def __init__(self, values: dict[str, t.Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, name: str) -> t.Any:
        return self._values[name]
