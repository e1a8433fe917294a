# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `tailnet_device` in process, with progress, where that is possible."""

from __future__ import annotations

from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailnet_device import ENTRY
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    ENTRY = ENTRY
