# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The type of the JSON objects that Nomad, a control plane and Ansible exchange with this collection."""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]
