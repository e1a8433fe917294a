# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection can do."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
  action_group:
    version_added: 0.1.0
    support: full
    membership:
      - notailcar.nomad.nomad
  action:
    support: full
    details:
      - The action plugin runs the module's logic in process where the packaged module would run on the controller anyway.
  async:
    support: full
    details:
      - The packaged module is used, so no progress is shown.
  bypass_host_loop:
    support: none
  become:
    support: full
    details:
      - The packaged module is used, so no progress is shown.
  connection:
    support: full
  delegation:
    support: full
  platform:
    support: full
    platforms: all
requirements:
  - Python 3.9 or newer on the target
notes:
  - With a local connection without C(become) and without C(async) the action runs inside the Ansible worker, which is faster and shows
    progress on the standard error; C(ansible_python_interpreter) has no meaning then. Elsewhere the result is the same.
  - Where it does not run inside the worker, what the task's C(environment) holds is a part of the command that Ansible runs on the target,
    which C(ps) and C(-vvv) show. Give secrets as options, or in the environment of Ansible itself.
"""

    # Of the actions that read the variables of a task, and have no module.
    CONTROLLER = r"""
attributes:
  check_mode:
    support: full
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  platform:
    support: full
    platforms: all
requirements:
  - Python 3.11 or newer on the controller
"""
