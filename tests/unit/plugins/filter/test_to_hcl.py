# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical HCL that means exactly the value. The laboratory's tests let Nomad itself read it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.notailcar.nomad.plugins.filter.to_hcl import to_hcl


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (2.5, "2.5"),
        ("", '""'),
        ('say "hi"\\', r'"say \"hi\"\\"'),
        ("a\nb\tc\x00", r'"a\nb\tc\u0000"'),
        ("\b\f", r'"\U00000008\U0000000c"'),
        (r"C:\bin C:\foo", r'"C:\\bin C:\\foo"'),
        ("grün 😀", '"grün 😀"'),
        ("${x} %{if true}", '"$${x} %%{if true}"'),
        ("$${x}", '"$$${x}"'),
        ("100% $5", '"100% $5"'),
        ("${NOMAD_PORT_http} ${attr.kernel.name} ${meta.a-b} ${node.unique.id} ${env.HOME}", None),
        ("${NOMAD_PORT_http}x", '"${NOMAD_PORT_http}x"'),
        # Nomad's parser doubles braces here; escaped, the runtime still sees the same text.
        ('{"p": ${NOMAD_PORT_http} }', r'"{\"p\": $${NOMAD_PORT_http} }"'),
        ("$${NOMAD_PORT_http}", '"$$${NOMAD_PORT_http}"'),
        ("${NOMAD_PORT_http + 1}", '"$${NOMAD_PORT_http + 1}"'),
        ([], "[]"),
        ({}, "{}"),
        (["a", 1], '["a", 1]'),
    ],
)
def test_value(value, expression):
    assert to_hcl(value) == (expression or f'"{value}"')


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ("${HOME}", '"$$${HOME}"'),
        ("%{time}", '"%%%{time}"'),
        ('{"p": ${NOMAD_PORT_http}}', r'"{\"p\": $${NOMAD_PORT_http}}"'),
        ("${NOMAD_PORT_http}", '"${NOMAD_PORT_http}"'),
    ],
)
def test_a_tasks_config_is_evaluated_twice(value, expression):
    assert to_hcl(value, config=True) == expression


def test_layout():
    value = {"a": 1, "b-long": "x", "nested": {"c": [{"d": 1}]}, "for": 2, "with space": 3}
    assert to_hcl(value, indent=2) == (
        "{\n"
        "    a      = 1\n"
        '    b-long = "x"\n'
        "    nested = {\n"
        "      c = [\n"
        "        {\n"
        "          d = 1\n"
        "        },\n"
        "      ]\n"
        "    }\n"
        '    "for"        = 2\n'
        '    "with space" = 3\n'
        "  }"
    )


def test_the_body_of_a_block_leaves_out_what_is_nothing():
    pairs = {"image": "app:1", "command": None, "args": ["${HOME}"], "ports": []}
    assert to_hcl(pairs, indent=4, config=True, body=True) == '    image = "app:1"\n    args  = ["$$${HOME}"]\n    ports = []'
    assert to_hcl({"command": None}, body=True) == ""


def test_keys_are_ascii():
    assert to_hcl({"grün 😀\\b": 1}) == '{\n  "gr\\u00fcn \\U0001f600\\\\b" = 1\n}'


@pytest.mark.parametrize("value", [{1: 2}, object(), float("nan"), "\ud800", {"a": {1, 2}}])
def test_what_hcl_cannot_hold(value):
    with pytest.raises(AnsibleFilterError, match="to_hcl"):
        to_hcl(value)


def test_a_byte_order_mark_that_the_driver_would_drop_is_refused():
    assert to_hcl("\ufeffa") == '"\ufeffa"'
    with pytest.raises(AnsibleFilterError, match="byte order mark"):
        to_hcl(["\ufeffa"], config=True)
