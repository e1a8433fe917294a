# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules behave the same however Ansible runs them, on the real Nomad: one table of tasks, every way."""

from __future__ import annotations

import json
import re
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import ways
from tests.integration import other_host, play
from tests.integration.jobs import ENDS_BADLY, RUNS, job
from tests.lab.site import Site
from tests.ways import IN_PROCESS, WAYS, Json, Played, Row

GROUP = "group/notailcar.nomad.nomad"
STRANGER = "00000000-0000-0000-0000-000000000000"
NOWHERE = {"LTarget": "${attr.kernel.name}", "RTarget": "plan9", "Operand": "="}
# What each way first does in check mode: everything, or a little where every task takes seconds.
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
CHECKED = {way: tuple(ROWS) if way in (IN_PROCESS, "other host") else SOME for way in WAYS}


def with_checks(rows: t.Mapping[str, Row], checked: t.Container[str]) -> dict[str, Row]:
    """The rows, some of them once in check mode before they are done."""
    found: dict[str, Row] = {}
    for name, row in rows.items():
        if name in checked:
            found[f"{name}, checked"] = Row(row.module, row.arguments, "", keywords={**row.keywords, "check_mode": True})
        found[name] = row
    return found


def name_of(way: str) -> str:
    return f"paths-{way.replace(' ', '-')}"


def clean(site: Site) -> None:
    for way in WAYS:
        play.run(site, "nomad", "job", "stop", "-purge", name_of(way))
        play.run(site, "nomad", "var", "purge", f"nomad/jobs/{name_of(way)}")


@pytest.fixture(scope="module")
def played(site: Site, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, Played]]:
    """The table through every way, all at the same time; Ansible's own environment knows no Nomad."""
    directory = tmp_path_factory.mktemp("paths")
    environment = {name: value for name, value in site.child_environment().items() if not name.startswith("NOMAD_")}
    clean(site)

    def go(way: str) -> Played:
        address = other_host.NOMAD_ADDR if way == "other host" else site.nomad_addr
        told = {"NOMAD_ADDR": address, "NOMAD_TOKEN": site.nomad_token, "NOMAD_CACERT": str(site.ca)}
        defaults = {GROUP: {"address": address, "token": site.nomad_token, "ca_cert": str(site.ca)}}
        rows = with_checks(table(name_of(way), told), CHECKED[way])
        options = ("-vvv", "--inventory", str(inventory))
        return ways.play(way, rows, directory / name_of(way), environment, *options, module_defaults=defaults)

    inventory = directory / "inventory.json"
    with other_host.running(directory / "other") as variables, ThreadPoolExecutor() as pool:
        inventory.write_text(json.dumps({"all": {"hosts": {"other": variables}}}))
        yield dict(zip(WAYS, pool.map(go, WAYS)))
    clean(site)


def normal(result: Json, way: str) -> Json:
    """A result as it would be whatever the job's name, its ids and the moment."""
    result = ways.comparable(result)
    if "allocations" in result.get("failure", {}):
        # Which event of a dying task is the last one that Nomad has heard of is a matter of milliseconds.
        cause = {name: value for name, value in result["failure"].items() if name != "allocations"}
        result = {**result, "msg": result["msg"].splitlines()[0], "failure": cause}
    text = json.dumps(result).replace(name_of(way), "NAME")
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"\b[0-9a-f]{8}\b", "ID", text)
    # Zero means that there is none.
    return json.loads(re.sub(r'(modify_index": )[1-9]\d*', r"\1-1", text))


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_the_one_it_is_called(played: dict[str, Played], way: str) -> None:
    assert WAYS[way].sign in played[way].out
    rows, _copy, _end = played[way].out.partition("TASK [ansible.builtin.copy]")
    assert (" EXEC " in rows) == (way != IN_PROCESS), "a command was run, or none was"


@pytest.mark.parametrize("row", ROWS)
def test_every_way_ends_the_same(played: dict[str, Played], row: str) -> None:
    wanted = ROWS[row]
    for way in WAYS:
        result = played[way].results[row]
        assert ways.ended(result) == wanted.ends, (way, result)
        assert wanted.says in result.get("msg", ""), way
        assert normal(result, way) == normal(played[IN_PROCESS].results[row], IN_PROCESS), way


@pytest.mark.parametrize("row", ROWS)
def test_every_way_checks_the_same(played: dict[str, Played], row: str) -> None:
    wanted = ROWS[row]
    for way in (way for way in WAYS if row in CHECKED[way]):
        checked, done = (normal(played[way].results[name], way) for name in (f"{row}, checked", row))
        assert ways.ended(checked) == ENDS_OF_CHECKS.get(row, wanted.ends), (way, checked)
        assert checked == normal(played[IN_PROCESS].results[f"{row}, checked"], IN_PROCESS), way
        if row not in ENDS_OF_CHECKS:
            assert [checked.get(name) for name in ANNOUNCED] == [done.get(name) for name in ANNOUNCED], way


def test_the_results_are_of_a_real_nomad(site: Site, played: dict[str, Played]) -> None:
    for way in WAYS:
        created = played[way].results["created"]
        assert created["deployment"]["status"] == "successful"
        assert [each["client_status"] for each in created["allocations"]] == ["running"]
        assert "mbits has been deprecated" in "".join(created["warnings"])
        assert play.run(site, "nomad", "job", "inspect", name_of(way)).returncode != 0, "purged at the end"


def test_progress_is_shown_in_process_only(played: dict[str, Played]) -> None:
    for way in WAYS:
        lines = [line for line in played[way].err.splitlines() if line.startswith(f"    {name_of(way)}: deployment ")]
        assert bool(lines) == (way == IN_PROCESS), lines


def test_no_way_shows_a_secret(site: Site, played: dict[str, Played]) -> None:
    for way in WAYS:
        said = [json.dumps(played[way].results), *played[way].out.splitlines(), *played[way].err.splitlines()]
        # Ansible itself makes the task's `environment:` a part of the commands that it runs and, with -vvv, shows.
        said = [line for line in said if " EXEC " not in line]
        assert not [line for line in said for secret in (site.nomad_token, "first-value", "second-value") if secret in line], way
