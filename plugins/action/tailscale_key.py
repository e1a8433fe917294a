# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `tailscale_key` in process where that is possible, and keep a new key out of sight wherever it runs."""

from __future__ import annotations

from ansible_collections.notailcar.nomad.plugins.module_utils._modules.tailscale_key import ENTRY
from ansible_collections.notailcar.nomad.plugins.plugin_utils._in_process import SecretResultAction


class ActionModule(SecretResultAction):
    ENTRY = ENTRY
    SECRET_PART = "key"
    # Another action reports the end of an asynchronous task, and it would show the key.
    _supports_async = False
