# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends a command of the laboratory with a message instead of a traceback."""

from __future__ import annotations


class LabError(Exception):
    """Something went wrong that the message explains."""


class Unsupported(LabError):
    """This machine cannot carry the laboratory."""
