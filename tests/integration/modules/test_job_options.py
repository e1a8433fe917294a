# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `job` around its spec mean what they mean to the `nomad` command, on the real Nomad."""

from __future__ import annotations

import json
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.notailcar.nomad.plugins.module_utils._errors import NomadError
from ansible_collections.notailcar.nomad.plugins.module_utils._job.specification import read_specification
from ansible_collections.notailcar.nomad.plugins.module_utils._modules.job import ENTRY
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client

from tests.integration.support import play
from tests.lab.site import Site

JOB = "options"
NAMESPACE = "options-team"
GROUPS = """
  update {
    min_healthy_time = "0s"
  }

  group "app" {
    count = 1

    task "app" {
      driver = "mock_driver"

      config {
        run_for = "1h"
      }

      resources {
        cpu    = 1
        memory = 10
      }
    }
  }
"""
SPEC = f'job "{JOB}" {{{GROUPS}}}\n'
DECLARED = """
variable "text" {
  type    = string
  default = "default"
}

variable "number" {
  type    = number
  default = 1
}

variable "flag" {
  type    = bool
  default = false
}

variable "list" {
  type    = list(string)
  default = ["default"]
}

variable "map" {
  type = map(object({ /* { */ a = number, b = list(bool) }))

  default = {}
}

variable "guessed_text" {
  default = <<EOT
a } in a heredoc ${"}"}
EOT
}

variable "guessed_number" { default = 1.5 }

variable "guessed_list" {
  default = ["a", 1]
}

variable "guessed_enclosed" { default = ("1.0") }

variable "guessed_choice" { default = (1 > 2) ? null : "1.0" }

variable "guessed_product" { default = 60 * 60 }

variable "guessed_flag" { default = "a" == "b" }

variable "nothing" {
  default = null
}

variable untyped {}

variables {
  old      = "default"
  old_list = ["default"]
}
"""
NAMES = [
    "text", "number", "flag", "list", "map", "guessed_text", "guessed_number", "guessed_list", "nothing", "untyped", "old", "old_list",
    "guessed_enclosed", "guessed_choice", "guessed_product", "guessed_flag",
]  # fmt: skip
META = "".join(f"    {name} = jsonencode(var.{name})\n" for name in NAMES)
WITH_VARIABLES = f'{DECLARED}\njob "{JOB}" {{\n  meta {{\n{META}    raw = "${{var.untyped}}"\n  }}\n{GROUPS}}}\n'
NEEDED = {"untyped": "x"}
HCL_FILE = """\
# text = "in a comment"
text = "quoted \\" ${"{"} $${x} %%{y} \\u00fc" // text = "more"
number /* = 3 */ = 123456789012345678901234567890
flag = 1 == 1
list = [
  "a", # ]
  <<EOT
    text = "not here"
    ${"EOT"}
  EOT
]
map = { "k.1" = { a = 1, b = [true, null] }, k2 : { a = -2.5e-3, b = [] } }
guessed_text = <<-EOT
    indented
      more ${1 + 1}
    EOT
"""
JSON_FILE = """{
  "//": "a comment",
  "text": "literal ${x} %{y} $${z} \\u00fc \\ud83d\\ude00 \\b \\/ C:\\\\bin",
  "number": 0.12345678901234567890123,
  "flag": true,
  "list": ["${a}", "b"],
  "map": {"k": {"a": 1e20, "b": []}},
  "nothing": {"nested": [null, {"$": "%"}]}
}
"""
CASES: dict[str, tuple[dict[str, str], list[str], dict[str, t.Any]]] = {
    "only what is needed": ({}, [], NEEDED),
    "texts": ({}, [], {"text": ' "${x}" %{y} $${z} \n\\b ü 😀', "untyped": "[1]", "old": "true", "guessed_text": "1"}),
    "texts that are numbers": ({}, [], {"number": "007.50", "guessed_number": "1e3", "untyped": "1.10"}),
    "texts that are expressions": (
        {},
        [],
        {"flag": "!false", "list": '["a", 1] # b', "map": "{ k = { a = 1\n b = [true] } }", "nothing": "<<E\nx\nE\n", "old_list": '["z"]'}
        | NEEDED,
    ),
    "texts for defaults that are expressions": (
        {},
        [],
        {"guessed_enclosed": "1.10", "guessed_choice": "1.10", "guessed_product": "1.10", "guessed_flag": "!false", **NEEDED},
    ),
    "a tuple of the default's type": ({}, [], {"guessed_list": '["b", 2]', **NEEDED}),
    "values": (
        {},
        [],
        {"number": 3, "flag": True, "list": ["a", "b"], "map": {"k": {"a": 12345678901234567890, "b": [False]}}, "nothing": {"a": None}}
        | NEEDED,
    ),
    "null": ({}, [], {"list": "null", "nothing": "null", **NEEDED}),
    "the environment": (
        {"text": '"x" ${y}', "number": "5", "flag": "true", "list": '["e"]', "untyped": "{", "undeclared": "["},
        [],
        {},
    ),
    "an HCL file": ({}, [HCL_FILE], NEEDED),
    "a JSON file": ({}, [JSON_FILE], NEEDED),
    "a JSON file with null": ({}, ['{"text": null, "list": null}'], NEEDED),
    "files win over the environment": ({"text": "environment", "untyped": "e"}, ['text = "file"\n'], {}),
    "the later file wins": ({}, [HCL_FILE, JSON_FILE, 'text = "last"\nlist = ["last"]\n'], NEEDED),
    "the options win": ({"text": "e", "untyped": "e"}, ['text = "f"\nuntyped = 1\n', '{"list": ["f"]}'], {"text": "o", "list": '["o"]'}),
    "an empty file": ({}, ["# nothing\n", "\n"], NEEDED),
    "line ends of another system": ({}, ["text = <<E\r\na\r\nE\r\nuntyped = 1\r\n"], {}),
}
ERRORS: dict[str, tuple[dict[str, str], list[str], dict[str, t.Any], list[str]]] = {
    "no value": ({}, [], {}, ['the variable "untyped" has no value', "NOMAD_VAR_untyped"]),
    "undeclared": ({}, [], {"unknown": "1", **NEEDED}, ["does not declare unknown (variables, unknown)"]),
    "undeclared in a file": ({}, ["text = 1\nunknown = 2\n"], NEEDED, ["does not declare unknown", "0.vars, line 2"]),
    "undeclared in JSON": ({}, ['{"unknown": 2}'], NEEDED, ["does not declare unknown", "0.vars"]),
    "another type": ({}, [], {"number": "many", **NEEDED}, ["variables, number", "a number is required"]),
    "another type in a file": ({}, ["\n\nlist = 7\n"], NEEDED, ["0.vars, line 3", "list of string required"]),
    "another type in the environment": ({"flag": '"perhaps"', **NEEDED}, [], {}, ["NOMAD_VAR_flag", "a bool is required"]),
    "a reference": ({}, ["text = other\n"], NEEDED, ["0.vars, line 1", "Variables not allowed"]),
    "a function": ({}, ['text = upper("x")\n'], NEEDED, ["0.vars, line 1", "Function calls not allowed"]),
    "no expression": ({"list": "["}, [], NEEDED, ["NOMAD_VAR_list", "not an HCL expression"]),
    "a declaration in a file": ({}, ['variable "text" {}\n'], NEEDED, ["0.vars", "block `variable` in line 1"]),
    "twice": ({}, ["text = 1\ntext = 2\n"], NEEDED, ["0.vars", "sets text more than once"]),
    "twice in JSON": ({}, ['{"list": ["a"], "list": ["a"]}'], NEEDED, ["0.vars", "more than once"]),
    "not HCL": ({}, ['text = "\n'], NEEDED, ["0.vars", "line 1"]),
}


@pytest.fixture
def job(site: Site) -> t.Iterator[t.Callable[..., dict[str, t.Any]]]:
    """Our module, called as a person calls it; of the job and its namespace nothing is there before and after."""
    remove(site)
    yield lambda *options, **arguments: play.call(site, "job", *options, **{"spec": SPEC, **arguments})
    remove(site)


def remove(site: Site) -> None:
    for namespace in ("default", NAMESPACE):
        play.run(site, "nomad", "job", "stop", "-purge", "-namespace", namespace, JOB)
    play.run(site, "nomad", "namespace", "delete", NAMESPACE)


@pytest.fixture
def as_the_command(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., tuple[t.Any, t.Any]]:
    """What `nomad job run -output` makes of a spec and its variables, and what we make of it; or what both complain about."""
    for name, value in site.child_environment().items():
        monkeypatch.setenv(name, value)

    def both(environment: dict[str, str], files: list[str], variables: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
        for name, value in environment.items():
            monkeypatch.setenv(f"NOMAD_VAR_{name}", value)
        paths = [tmp_path / f"{number}.vars" for number, _text in enumerate(files)]
        for path, text in zip(paths, files, strict=True):
            path.write_bytes(text.encode())
        spec = tmp_path / "job.nomad.hcl"
        spec.write_text(WITH_VARIABLES)
        given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}
        options = [f"-var-file={path}" for path in paths] + [f"-var={name}={value}" for name, value in given.items()]
        done = play.run(site, "nomad", "job", "run", "-output", *options, str(spec))
        theirs = json.loads(done.stdout)["Job"] if done.returncode == 0 else done.stderr
        args = {"spec": WITH_VARIABLES, "variables": variables, "var_files": [str(path) for path in paths]}
        params = ArgumentSpecValidator(ENTRY.arguments).validate(args).validated_parameters
        try:
            return theirs, read_specification(Client.from_options(params), params).job
        except NomadError as error:
            return theirs, str(error)

    return both


def api(site: Site, path: str) -> t.Any:
    return json.loads(play.nomad(site, "operator", "api", path))


def registered(site: Site) -> dict[str, t.Any]:
    return api(site, f"/v1/job/{JOB}")


def refused(result: dict[str, t.Any], *wanted: str) -> None:
    assert result["failed"], result
    for text in wanted:
        assert text in result["msg"]


def by_hand(site: Site, file: Path, spec: str = SPEC) -> None:
    """Register a job as somebody else does, and wait for its deployment: `nomad job stop` fails while one is under way."""
    file.write_text(spec)
    play.nomad(site, "job", "run", str(file))


@pytest.mark.parametrize("case", CASES)
def test_variables_as_the_command_takes_them(as_the_command: t.Callable[..., tuple[t.Any, t.Any]], case: str) -> None:
    theirs, ours = as_the_command(*CASES[case])
    assert isinstance(theirs, dict), theirs
    assert ours == theirs


@pytest.mark.parametrize("case", ERRORS)
def test_variables_that_the_command_refuses(as_the_command: t.Callable[..., tuple[t.Any, t.Any]], case: str) -> None:
    *given, words = ERRORS[case]
    theirs, ours = as_the_command(*given)
    assert isinstance(theirs, str)
    assert isinstance(ours, str), ours
    for word in words:
        assert word in ours


def test_what_ran_can_be_repeated(site: Site, job, tmp_path: Path) -> None:
    file = tmp_path / "some.vars"
    file.write_text(HCL_FILE)
    given = {"spec": WITH_VARIABLES, "var_files": [str(file)], "variables": {"list": ["${a}"], **NEEDED}, "wait": False}
    assert job(**given)["changed"]
    assert job("--check", **given)["changed"] is False
    assert registered(site)["Meta"]["list"] == '["${a}"]'
    # The same through the environment: it is no change.
    inherited = {"NOMAD_VAR_untyped": "x", "NOMAD_VAR_list": '["$${a}"]', "NOMAD_VAR_text": "hidden by the file"}
    file.write_text(HCL_FILE.replace("list = ", "old_list = "))
    assert registered(site)["Meta"]["old_list"] == '["default"]'
    assert (
        job("--check", spec=WITH_VARIABLES, var_files=[str(file)], variables={"old_list": '["default"]'}, environment=inherited)["changed"]
        is False
    )
    assert play.nomad(site, "job", "inspect", "-hcl", JOB).strip() == WITH_VARIABLES.strip()
    stored = api(site, f"/v1/job/{JOB}/submission?version=0")
    source, values = tmp_path / "stored.nomad.hcl", tmp_path / "stored.vars"
    source.write_text(stored["Source"])
    values.write_text(stored["Variables"])
    assert play.run(site, "nomad", "job", "plan", f"-var-file={values}", str(source)).returncode == 0
    assert play.run(site, "nomad", "job", "plan", "-var=untyped=y", str(source)).returncode == 1


def test_counts_that_something_else_has_set(site: Site, job) -> None:
    assert job()["changed"]
    play.nomad(site, "job", "scale", "-detach", JOB, "app", "2")
    assert job("--check")["plan"]["annotations"]["app"]["stop"] == 1
    assert job("--check", preserve_counts=True)["changed"] is False
    other = GROUPS[GROUPS.index("  group") :].replace('"app"', '"other"')
    changed = SPEC.replace('"1h"', '"2h"').replace("    count = 1", "    count = 1").removesuffix("}\n") + other + "}\n"
    plan = job("--check", spec=changed, preserve_counts=True)
    assert plan["plan"]["annotations"] == {"app": {"destructive_update": 1, "ignore": 1}, "other": {"place": 1}}
    assert job(spec=changed, preserve_counts=True)["changed"]
    assert {group["Name"]: group["Count"] for group in registered(site)["TaskGroups"]} == {"app": 2, "other": 1}


def test_the_priority_of_the_evaluation(site: Site, job) -> None:
    for priority, more in ((77, {}), (88, {"state": "absent", "name": JOB})):
        evaluation = job(eval_priority=priority, wait=False, **more)["eval_id"]
        assert api(site, f"/v1/evaluation/{evaluation}")["Priority"] == priority


def test_a_foreign_job_is_left_alone(site: Site, job, tmp_path: Path) -> None:
    by_hand(site, tmp_path / "job.nomad.hcl")
    index = registered(site)["JobModifyIndex"]
    for options in ((), ("--check",)):
        for arguments in ({}, {"state": "absent", "name": JOB, "purge": True}):
            refused(job(*options, owner="platform", wait=False, **arguments), "no owner's mark", "adopt: true")
    assert registered(site)["JobModifyIndex"] == index
    play.nomad(site, "job", "stop", JOB)
    refused(job(owner="platform", wait=False), "no owner's mark")
    play.nomad(site, "job", "stop", "-purge", JOB)
    assert job(owner="platform", wait=False)["changed"]
    assert registered(site)["Meta"] == {"managed_by": "platform"}
    assert job("--check", owner="platform")["changed"] is False
    refused(job(owner="others", state="absent", name=JOB), "belongs to platform")
    assert job(owner="others", adopt=True, wait=False)["changed"]
    assert registered(site)["Meta"] == {"managed_by": "others"}
    assert job(owner="others", state="absent", name=JOB, wait=False)["changed"]


def test_json_of_the_commands(site: Site, job, tmp_path: Path) -> None:
    file = tmp_path / "job.nomad.hcl"
    by_hand(site, file)
    printed = [
        play.nomad(site, "job", "run", "-output", str(file)),
        play.nomad(site, "job", "inspect", JOB),
        play.nomad(site, "job", "inspect", "-json", JOB),
        play.nomad(site, "operator", "api", f"/v1/job/{JOB}"),
    ]
    for spec in (*printed, json.loads(printed[1])):
        assert job("--check", spec=spec)["changed"] is False
    play.nomad(site, "job", "stop", JOB)
    stopped = play.nomad(site, "job", "inspect", JOB)
    assert json.loads(stopped)["Job"]["Stop"] is True
    result = job(spec=stopped)
    assert result["changed"]
    assert [found["client_status"] for found in result["allocations"]] == ["running"]


def test_hcl_in_json_syntax(site: Site, job, tmp_path: Path) -> None:
    task = {"driver": "mock_driver", "config": {"run_for": "1h"}}
    spec = {"job": {JOB: {"group": {"app": {"task": {"app": task}}}}}}
    file = tmp_path / "job.json"
    file.write_text(json.dumps(spec))
    assert JOB in play.nomad(site, "job", "run", "-output", str(file))
    refused(job(spec=spec), "HCL in JSON syntax", "nomad job run -output")


def test_namespaces_and_regions(site: Site, job) -> None:
    refused(job(namespace="options-none"), "the namespace does not exist", "options-none")
    refused(job(spec=SPEC.replace("{", '{\n  namespace = "options-none"', 1), owner="me"), "the namespace does not exist", "options-none")
    refused(job(spec=SPEC.replace("{", '{\n  region = "options-none"', 1)), "no such region")
    play.nomad(site, "namespace", "apply", NAMESPACE)
    inside = SPEC.replace("{", f'{{\n  namespace = "{NAMESPACE}"', 1)
    for given in ({"spec": inside}, {"spec": inside, "namespace": "default"}, {"namespace": NAMESPACE}):
        result = job(wait=False, owner="me", preserve_counts=True, **given)
        assert result["namespace"] == NAMESPACE, result
    assert [found["Namespace"] for found in api(site, "/v1/jobs?" + urllib.parse.urlencode({"namespace": "*", "prefix": JOB}))] == [
        NAMESPACE
    ]
    assert job(state="absent", name=JOB, purge=True)["changed"] is False
    assert job(state="absent", name=JOB, purge=True, namespace=NAMESPACE, owner="me")["changed"]
