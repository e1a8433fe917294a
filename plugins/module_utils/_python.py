# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest Python that runs the modules. This file imports nothing of the collection, because an older Python could not."""

from __future__ import annotations

import json
import sys

MINIMUM = (3, 9)


def require_python() -> None:
    """End a packaged module with one sentence when its Python is too old for the rest of the collection."""
    if sys.version_info < MINIMUM:
        needed, found = (".".join(map(str, version[:2])) for version in (MINIMUM, sys.version_info))
        message = (
            f"The modules of notailcar.nomad need Python {needed} or newer on the target, and {sys.executable} is Python {found}: "
            "install a newer one and name it in ansible_python_interpreter."
        )
        # Without AnsibleModule, whose file an older Python could not import.
        sys.stdout.write(json.dumps({"failed": True, "msg": message}) + "\n")
        raise SystemExit(1)
