# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules behave the same however Ansible runs them, on the real Nomad: one table of tasks, every execution path."""

from __future__ import annotations

import json
import re
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import execution_paths
from tests.execution_paths import EXECUTION_PATHS, IN_PROCESS, Json, Played, Row
from tests.integration.support import other_host, play
from tests.integration.support.jobs import ENDS_BADLY, RUNS, job
from tests.lab.site import Site

GROUP = "group/notailcar.nomad.nomad"
STRANGER = "00000000-0000-0000-0000-000000000000"
NOWHERE = {"LTarget": "${attr.kernel.name}", "RTarget": "plan9", "Operand": "="}
# What each execution path first does in check mode: everything, or a little where every task takes seconds.
SOME = ("created", "rewritten", "no place")
# What no plan can know.
ENDS_OF_CHECKS = {"failing": "changed", "without nodes": "ok"}
# What check mode says of what will be done, or why it cannot be done.
ANNOUNCED = ("changed", "plan", "diff", "keys", "msg", "failure", "warnings")


def spec(name: str, config: Json = RUNS, **more: t.Any) -> Json:
    """A service of this name; Nomad warns of what is deprecated in it."""
    found = job(name, "service", config, **more)
    found["TaskGroups"][0]["Networks"] = [{"MBits": 1}]
    return found


def table(name: str, environment: t.Mapping[str, str]) -> dict[str, Row]:
    """What a job and a variable of this name go through; how to reach Nomad is in the play's defaults, unless a row says otherwise."""
    run = {"spec": spec(name)}
    stop = {"name": name, "state": "absent"}
    path = {"path": f"nomad/jobs/{name}"}
    bare = {"module_defaults": {GROUP: {}}}
    return {
        "created": Row("job", run, "changed"),
        "unchanged": Row("job", run, "ok"),
        "changed": Row("job", {"spec": spec(name, Meta={"version": "2"})}, "changed"),
        "stopped": Row("job", stop, "changed"),
        "stopped already": Row("job", stop, "ok"),
        "without nodes": Row("tailscale_health", {"job": name, "task": "app", "timeout": 0}, "failed", "has no allocation"),
        "failing": Row("job", {"spec": spec(name, ENDS_BADLY)}, "failed", "Exit Code: 3"),
        "purged": Row("job", {**stop, "purge": True}, "changed"),
        "written": Row("variable", {**path, "items": {"key": "first-value", "other": 7}}, "changed"),
        "written already": Row("variable", {**path, "items": {"key": "first-value", "other": 7}}, "ok"),
        "rewritten": Row("variable", {**path, "items": {"key": "second-value"}}, "changed"),
        "deleted": Row("variable", {**path, "state": "absent"}, "changed"),
        "bad HCL": Row("job", {"spec": f'job "{name}" {{\n  tusk {{}}\n}}\n'}, "failed", "tusk"),
        "no place": Row("job", {"spec": spec(name, Constraints=[NOWHERE])}, "failed", "cannot be placed"),
        "wrong token": Row("job", {**stop, "token": STRANGER}, "failed", "does not know this token"),
        "by environment": Row("job", stop, "ok", keywords={**bare, "environment": environment}),
        "by nothing": Row("job", stop, "failed", "http://127.0.0.1:4646 does not answer", keywords=bare),
    }


ROWS = table("", {})
CHECKED = {path: tuple(ROWS) if path in (IN_PROCESS, "other host") else SOME for path in EXECUTION_PATHS}


def with_checks(rows: t.Mapping[str, Row], checked: t.Container[str]) -> dict[str, Row]:
    """The rows, some of them once in check mode before they are done."""
    found: dict[str, Row] = {}
    for name, row in rows.items():
        if name in checked:
            found[f"{name}, checked"] = Row(row.module, row.arguments, "", keywords={**row.keywords, "check_mode": True})
        found[name] = row
    return found


def name_of(path: str) -> str:
    return f"paths-{path.replace(' ', '-')}"


def clean(site: Site) -> None:
    for path in EXECUTION_PATHS:
        play.run(site, "nomad", "job", "stop", "-purge", name_of(path))
        play.run(site, "nomad", "var", "purge", f"nomad/jobs/{name_of(path)}")


@pytest.fixture(scope="module")
def played(site: Site, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Played]]:
    """The table through every execution path, all at the same time; Ansible's own environment knows no Nomad."""
    directory = tmp_path_factory.mktemp("paths")
    environment = {name: value for name, value in site.child_environment().items() if not name.startswith("NOMAD_")}
    clean(site)

    def go(path: str) -> Played:
        address = other_host.NOMAD_ADDR if path == "other host" else site.nomad_addr
        told = {"NOMAD_ADDR": address, "NOMAD_TOKEN": site.nomad_token, "NOMAD_CACERT": str(site.ca)}
        defaults = {GROUP: {"address": address, "token": site.nomad_token, "ca_cert": str(site.ca)}}
        rows = with_checks(table(name_of(path), told), CHECKED[path])
        options = ("-vvv", "--inventory", str(inventory))
        return execution_paths.play(path, rows, directory / name_of(path), environment, *options, module_defaults=defaults)

    inventory = directory / "inventory.json"
    with other_host.running(directory / "other") as variables, ThreadPoolExecutor() as pool:
        inventory.write_text(json.dumps({"all": {"hosts": {"other": variables}}}))
        yield dict(zip(EXECUTION_PATHS, pool.map(go, EXECUTION_PATHS)))
    clean(site)


def normal(result: Json, path: str) -> Json:
    """A result as it would be whatever the job's name, its ids and the moment."""
    result = execution_paths.comparable(result)
    if "allocations" in result.get("failure", {}):
        # Which event of a dying task is the last one that Nomad has heard of is a matter of milliseconds.
        cause = {name: value for name, value in result["failure"].items() if name != "allocations"}
        result = {**result, "msg": result["msg"].splitlines()[0], "failure": cause}
    text = json.dumps(result).replace(name_of(path), "NAME")
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"\b[0-9a-f]{8}\b", "ID", text)
    # Zero means that there is none.
    return json.loads(re.sub(r'(modify_index": )[1-9]\d*', r"\1-1", text))


@pytest.mark.parametrize("path", EXECUTION_PATHS)
def test_each_way_is_the_one_it_is_called(played: dict[str, Played], path: str) -> None:
    assert EXECUTION_PATHS[path].sign in played[path].out
    rows, _copy, _end = played[path].out.partition("TASK [ansible.builtin.copy]")
    assert (" EXEC " in rows) == (path != IN_PROCESS), "a command was run, or none was"


@pytest.mark.parametrize("row", ROWS)
def test_every_way_ends_the_same(played: dict[str, Played], row: str) -> None:
    wanted = ROWS[row]
    for path in EXECUTION_PATHS:
        result = played[path].results[row]
        assert execution_paths.ended(result) == wanted.ends, (path, result)
        assert wanted.says in result.get("msg", ""), path
        assert normal(result, path) == normal(played[IN_PROCESS].results[row], IN_PROCESS), path


@pytest.mark.parametrize("row", ROWS)
def test_every_way_checks_the_same(played: dict[str, Played], row: str) -> None:
    wanted = ROWS[row]
    for path in (path for path in EXECUTION_PATHS if row in CHECKED[path]):
        checked, done = (normal(played[path].results[name], path) for name in (f"{row}, checked", row))
        assert execution_paths.ended(checked) == ENDS_OF_CHECKS.get(row, wanted.ends), (path, checked)
        assert checked == normal(played[IN_PROCESS].results[f"{row}, checked"], IN_PROCESS), path
        if row not in ENDS_OF_CHECKS:
            assert [checked.get(name) for name in ANNOUNCED] == [done.get(name) for name in ANNOUNCED], path


def test_the_results_are_of_a_real_nomad(site: Site, played: dict[str, Played]) -> None:
    for path in EXECUTION_PATHS:
        created = played[path].results["created"]
        assert created["deployment"]["status"] == "successful"
        assert [each["client_status"] for each in created["allocations"]] == ["running"]
        assert "mbits has been deprecated" in "".join(created["warnings"])
        assert play.run(site, "nomad", "job", "inspect", name_of(path)).returncode != 0, "purged at the end"


def test_progress_is_shown_in_process_only(played: dict[str, Played]) -> None:
    for path in EXECUTION_PATHS:
        lines = [line for line in played[path].err.splitlines() if line.startswith(f"    {name_of(path)}: deployment ")]
        assert bool(lines) == (path == IN_PROCESS), lines


def test_no_way_shows_a_secret(site: Site, played: dict[str, Played]) -> None:
    for path in EXECUTION_PATHS:
        said = [json.dumps(played[path].results), *played[path].out.splitlines(), *played[path].err.splitlines()]
        # Ansible itself makes the task's `environment:` a part of the commands that it runs and, with -vvv, shows.
        said = [line for line in said if " EXEC " not in line]
        assert not [line for line in said for secret in (site.nomad_token, "first-value", "second-value") if secret in line], path
