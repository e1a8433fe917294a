# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Job specifications from the templates of the roles."""

from __future__ import annotations

DOCUMENTATION = r"""
name: job_template
short_description: Render a job template of this collection's roles
version_added: 0.3.0
author:
  - The notailcar.nomad authors (@notailcar)
description:
  - Renders a template of the role P(notailcar.nomad.workload#role) with the variables of the task. The templates are compiled once, while
    P(ansible.builtin.template#lookup) compiles them for every host and task.
  - The templates know Jinja's own filters and P(notailcar.nomad.to_hcl#filter).
options:
  _terms:
    description: Names of templates.
    type: list
    elements: str
    required: true
  template_vars:
    description: Variables for these templates, beside those of the task.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the job that the role would run, inside the role
  ansible.builtin.debug:
    msg: "{{ lookup('notailcar.nomad.job_template', 'job.nomad.hcl.j2') }}"
"""

RETURN = r"""
_list:
  description: For each template what it renders.
  type: list
  elements: str
"""

import typing as t
from functools import cache

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.notailcar.nomad.plugins.plugin_utils._job_templates import render_template
from jinja2 import TemplateError
from jinja2.utils import missing


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: t.Any = None, **given: t.Any) -> list[str]:
        """Return the value that DOCUMENTATION describes, for each name."""
        self.set_options(var_options=variables, direct=given)
        templar: t.Any = self._templar

        @cache
        def evaluate(name: str) -> t.Any:
            return templar.template(variables[name]) if name in variables else missing

        try:
            return [render_template(term, evaluate, self.get_option("template_vars")) for term in terms]
        except (OSError, TemplateError) as error:
            raise AnsibleLookupError(f"{', '.join(terms)}: {error}") from error
