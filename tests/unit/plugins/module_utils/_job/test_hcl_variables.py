# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for a spec's variables: what Nomad is asked with. The laboratory's tests compare with the `nomad` command."""

from __future__ import annotations

import pytest

PARSE, PLAN = "PUT /v1/jobs/parse", "PUT /v1/job/whoami/plan"
SPEC = """\
variable "image" {
  type = string # with a comment
}

variable "count" { default = 1 }

variable "zones" {
  default = ["a"]
}

variable debug {
  type    = bool
  default = false
}

variable "free" {}

variable "ratio" { type = number }

variable "nothing" {
  default = null
}

variables {
  motd = <<-EOT
    } not the end
    EOT
}

job "whoami" {
  # variable "comment" {}
  meta { text = "variable \\"quoted\\" {" }
}
"""


@pytest.fixture
def sent(nomad, in_process):
    """What the var file says that Nomad gets, without the lines above it."""
    nomad.on(PARSE, {"ID": "whoami", "Name": "whoami"})
    nomad.on(PLAN, {"Diff": {"Type": "None", "ID": "whoami"}, "JobModifyIndex": 0, "Annotations": None, "Warnings": ""})

    def sent(spec=SPEC, **args):
        result = in_process("job", check=True, spec=spec, **args)
        assert "msg" not in result, result["msg"]
        text = nomad.all(PARSE)[-1].body["Variables"]
        assert text == "" or text.startswith("\n" * (spec.count("\n") + 1))
        return text.lstrip("\n")

    return sent


@pytest.fixture
def refused(nomad, in_process):
    def refused(spec=SPEC, **args):
        result = in_process("job", check=True, spec=spec, **args)
        assert result["failed"]
        return result["msg"]

    return refused


@pytest.fixture
def file(tmp_path):
    def file(text, name="production.hcl"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return file


def test_without_variables_nothing_is_sent_and_nothing_is_asked_more(nomad, sent):
    sent()
    assert nomad.asked[0].body["Variables"] == ""
    assert len(nomad.asked) == 2


def test_a_spec_that_cannot_be_taken_apart_is_nomads_affair(nomad, refused, sent):
    assert sent("job {{", variables={}) == ""
    nomad.on(PARSE, (400, "Failed to parse job: input.hcl:1,1-2: Missing name; All job blocks must have a label."))
    assert "line 1,1-2: Missing name" in refused("job {{", variables={"image": "x"})


def test_a_spec_that_only_nomad_understands(sent, refused, nomad):
    nomad.on(PARSE, {"ID": "whoami"})
    assert "begins in line 1" in refused("job {{", variables={"image": "x"})


@pytest.mark.parametrize(
    ("name", "value", "expression"),
    [
        # A text, where the type is string or number, or nobody says what it is.
        ("image", 'say "${x}" %{y} $${z}\n\\b', r'"say \"$${x}\" %%{y} $$${z}\n\\b"'),
        ("count", "3", '"3"'),
        ("free", "[1]", '"[1]"'),
        ("ratio", "0.50", '"0.50"'),
        ("motd", "", '""'),
        # An expression, for every other type.
        ("zones", '["b", 1] // c', '(["b", 1] // c\n)'),
        ("debug", "true", "(true\n)"),
        ("nothing", "<<E\n)\nE", "(<<E\n)\nE\n)"),
        # Values are what they are.
        ("image", 1.5, "1.5"),
        ("count", 12345678901234567890123, "12345678901234567890123"),
        ("zones", ["ü", None, True, {'a"${b}': []}], r'["ü", null, true, {"a\"$${b}" = []}]'),
        ("zones", None, "null"),
    ],
)
def test_values(sent, name, value, expression):
    assert sent(variables={name: value}) == f"{name}={expression}\n"


@pytest.mark.parametrize(
    ("default", "literal"),
    [
        ('("1.0")', True),
        ('( # a comment\n"1.0" /* another */)', True),
        ('true ? "1.0" : "2.0"', True),
        ('(1 > 2) ? ("1.0") : null', True),
        ('1 == 1 ? (2 > 1 ? "a" : "b") : "c"', True),
        ('"a" == "b" ? ["x"] : []', False),
        ("true ? false ? 1 : 2 : 3", True),
        ("true ? null : 1.5", True),
        ("(60 * 60)", True),
        ("60 * 60 /* seconds */", True),
        ('"${1}x"', True),
        ('"? : < }"', True),
        ("-1", True),
        ('(["a"])', False),
        ('[for one in ["a"] : upper(one)]', False),
        ("(true)", False),
        ('"a" == "b"', False),
        ("!true || 1 < 2", False),
    ],
)
def test_an_untyped_default_that_is_an_expression(sent, default, literal):
    """Nomad evaluates it; the type of the result decides how a string is taken."""
    spec = f'variable "x" {{\n  default = {default}\n}}\njob "whoami" {{}}\n'
    assert sent(spec, variables={"x": "1.10"}) == ('x="1.10"\n' if literal else "x=(1.10\n)\n")


@pytest.mark.parametrize("default", ['upper("1.0")', '"${1.0}"', '["1.0"][0]', 'true ? upper("a") : null', '{ a = "b" }.a'])
def test_a_default_whose_type_only_nomad_knows(refused, sent, nomad, default):
    spec = f'variable "x" {{\n  default = {default}\n}}\njob "whoami" {{}}\n'
    assert "variables, x: whether this text is taken as it is" in refused(spec, variables={"x": "1.10"})
    assert not nomad.all(PARSE)
    assert sent(spec, variables={"x": 1.5}) == "x=1.5\n"
    assert sent(spec.replace("default", "type = string\n  default"), variables={"x": "1.10"}) == 'x="1.10"\n'


@pytest.mark.parametrize("text", ["]", "1)\nimage = (2", '"', "<<E\n", "/*", '"${"'])
def test_a_text_that_is_no_expression(refused, nomad, text):
    assert "variables, zones: the text is not an HCL expression" in refused(variables={"zones": text})
    assert not nomad.asked


@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ("image = 1", "1"),
        ("\ufeffimage = 1", "1"),
        ('image /* = 2 */ = "${"}"}" # = 3\n', '"${"}"}"'),
        ('image = <<E\nE2\n${"E"}\n$${ %%{\n  E\n', '<<E\nE2\n${"E"}\n$${ %%{\n  E'),
        ('image = {\n  image = "}" // }\n  "a" : [1,\n 2]\n}\n', '{\n  image = "}" // }\n  "a" : [1,\n 2]\n}'),
        ("# image = 2\nimage = 1e400\n/*\nimage = 3 */", "1e400"),
        ('image = "\\"}" == "$${" ? 1 : (\n2\n)\r\n', '"\\"}" == "$${" ? 1 : (\n2\n)'),
    ],
)
def test_the_values_of_a_file_stay_as_they_are(sent, file, content, expression):
    assert sent(var_files=[file(content)]) == f"image={expression}\n"


def test_a_json_file(sent, file):
    content = '{"//": "comment", "image": "${x}\\b\\ud83d\\ude00", "zones": [0.1234567890123456789, 1e400, {"k": null}]}'
    assert sent(var_files=[file(content, "x.json")]) == (
        'image="$${x}\\U00000008😀"\nzones=[0.1234567890123456789, 1E+400, {"k" = null}]\n'
    )


def test_precedence(sent, file, monkeypatch):
    for name in ("image", "zones", "free", "motd", "undeclared"):
        monkeypatch.setenv(f"NOMAD_VAR_{name}", '"from the environment"')
    files = [file("zones = 1\nfree = 1\nmotd = 1\n"), file("free = 2\nmotd = 2\n", "second.hcl")]
    assert sent(variables={"motd": "from variables"}, var_files=files) == (
        'image="\\"from the environment\\""\nzones=1\nfree=2\nmotd="from variables"\n'
    )


def test_the_environment_alone(sent, monkeypatch):
    monkeypatch.setenv("NOMAD_VAR_zones", "[]")
    assert sent() == "zones=([]\n)\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image = 1\nimaeg = 2", ("does not declare imaeg (", "production.hcl, line 2)")),
        ("image = 1\nimage = 2", ("sets image more than once",)),
        ('\nvariable "image" {\n}\n', ("block `variable` in line 2", "declared in the spec")),
        ("image = 1\n= 2\n", ("what begins in line 2",)),
        ('\nimage = "s3cr3t\n', ("what begins in line 2",)),
        ("image = <<E\nE2\n", ("what begins in line 1",)),
        (b'image = "\xff"', ("is not UTF-8",)),
        ('{"image": 1, "image": 2}', ("looks like JSON", "more than once")),
        ('{"image": "s3cr3t}', ("looks like JSON", "column")),
        ('{"imaeg": 1}', ("does not declare imaeg",)),
    ],
)
def test_a_file_that_is_wrong(nomad, refused, file, content, words):
    path = file(content)
    message = refused(var_files=[path])
    for word in (*words, path):
        assert word in message
    assert "s3cr3t" not in message
    assert not nomad.asked


def test_a_file_that_is_not_there(refused):
    assert "/does/not/exist.hcl: No such file" in refused(var_files=["/does/not/exist.hcl"])


def test_a_variable_that_is_not_declared(refused):
    assert "does not declare comment (variables, comment), quoted (" in refused(variables={"comment": 1, "image": 2, "quoted": 3})


def test_json_has_no_variables(refused):
    for option in ({"variables": {"a": 1}}, {"var_files": ["a"]}):
        assert "for a spec in HCL" in refused(spec={"ID": "whoami"}, **option)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (1, "line 1"),
        (35, "production.hcl, line 2"),
        (37, "production.hcl, line 2"),
        (38, "production.hcl, line 5"),
        (39, "variables, count"),
    ],
)
def test_nomads_complaint_names_the_source(nomad, refused, file, line, place):
    assert SPEC.count("\n") + 1 == 34
    nomad.on(PARSE, (400, f"Failed to parse job: input.hcl:{line},7-9: Invalid value for variable; It is not compatible."))
    path = file('\nzones = [\n  "s3cr3t"\n]\nfree = 1')
    result = refused(var_files=[path], variables={"count": "s3cr3t"})
    assert f"{place},7-9: Invalid" in result or f"{place}: Invalid" in result
    assert "s3cr3t" not in result
    assert ("1 | variable" in result) is (" | " in result) is (line == 1)


def test_a_variable_without_a_value(nomad, refused):
    said = 'Unset variable "image"; A used variable must be set or have a default value; see https://nomad.example/variables  for details.'
    nomad.on(PARSE, (400, f"Failed to parse job: <nil>: {said}\n<nil>: {said.replace('image', 'free')}"))
    message = refused()
    for name in ("image", "free"):
        assert f'the variable "{name}" has no value: give it in variables, in var_files or as NOMAD_VAR_{name}' in message
    assert "nil" not in message


def test_a_function_that_reads_a_file(nomad, refused):
    nomad.on(PARSE, (400, 'Failed to parse job: input.hcl:3,1-5: Call to function "file" failed: filesystem function disabled.'))
    assert "lookup ansible.builtin.file" in refused()
