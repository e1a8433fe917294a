# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the controller that a declaration names."""

from __future__ import annotations

import typing as t
from pathlib import Path


def why_unreadable(path: str) -> str | None:
    """Return why a text of the controller cannot be read, as the end of a sentence about the file; None when it can."""
    try:
        Path(path).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        return f"does not exist: a relative path is seen from {Path.cwd()}"
    except UnicodeDecodeError:
        return "is no text in UTF-8"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def file_problems(path: str) -> t.Iterator[str]:
    """Yield why a text of the controller cannot be read, as the end of a sentence about the input that names it."""
    if why := why_unreadable(path):
        yield f"'{path}' {why}"
