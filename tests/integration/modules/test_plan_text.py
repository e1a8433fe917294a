# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan reads as `nomad job plan` prints it, whatever is changed, on the real Nomad."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils._job.plan import plan_job
from ansible_collections.notailcar.nomad.plugins.module_utils._nomad.client import Client

from tests.integration.support import play
from tests.lab.command import wait_until
from tests.lab.site import Site

JOB = "plan-text"
NAMES = (JOB, "plan-text-periodic", "plan-text-secret")
BASE = """
job "plan-text" {
  update {
    min_healthy_time = "0s"
  }

  group "web" {
    count = 2

    network {
      port "http" {}
    }

    service {
      name     = "plan-text"
      provider = "nomad"
      port     = "http"
      tags     = ["one"]
    }

    meta {
      color = "red"
    }

    task "app" {
      driver = "mock_driver"

      config {
        run_for = "1h"
      }

      env {
        LEVEL = "info"
        QUOTED = "say \\"hi\\" <b> \\\\ ünï"
      }

      template {
        data        = "one\\ntwo\\n"
        destination = "local/x"
      }

      resources {
        cpu    = 10
        memory = 10
      }
    }
  }

  group "side" {
    task "helper" {
      driver = "mock_driver"

      config {
        run_for = "1h"
      }

      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}
"""
PERIODIC = """
job "plan-text-periodic" {
  type = "batch"

  periodic {
    crons            = ["0 3 1 1 *"]
    prohibit_overlap = true
  }

  group "g" {
    task "t" {
      driver = "mock_driver"

      config {
        run_for = "1s"
      }
    }
  }
}
"""
SECRETS = """
job "plan-text-secret" {
  group "g" {
    count = 0

    task "t" {
      driver = "mock_driver"

      config {
        run_for       = "1h"
        stdout_string = "--password hunter2a"
      }

      env {
        DB_PASSWORD   = "hunter2a"
        DATABASE_URL  = "postgres://app:hunter2a@db/app"
        PASSWORD_FILE = "/secrets/hunter2a"
      }

      template {
        data        = "host=db\\npassword=hunter2a\\n"
        destination = "secrets/app.ini"
      }
    }
  }
}
"""
SIDE = BASE[BASE.index('  group "side"') : -2]
CHECK = """
      check {
        type     = "http"
        path     = "/"
        interval = "10s"
        timeout  = "1s"
      }
"""
CONSTRAINT = """
    constraint {
      attribute = "${attr.kernel.name}"
      value     = "linux"
    }
"""
# What is changed (each text by its replacement), and an annotation that the plan must then show.
EDITS: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, '  Task: "app"'),
    "environment": ({'"info"': '"debug"', "QUOTED": 'NEW = "x"\n        QUOTED'}, "(1 create/destroy update, 1 ignore)"),
    "environment removed": ({'LEVEL = "info"': ""}, '- Env[LEVEL]: "info"'),
    "count up": ({"count = 2": "count = 3"}, '+/- Count: "2" => "3" (forces create)'),
    "count down": ({"count = 2": "count = 1"}, '+/- Count: "2" => "1" (forces destroy)'),
    "stop": ({"count = 2": "count = 0"}, "2 destroy"),
    "driver's configuration": ({'"1h"': '"2h"'}, "(forces create/destroy update)"),
    "tags": ({'["one"]': '["one", "two"]'}, "2 in-place update"),
    "group's meta": ({'color = "red"': 'color = "blue"\n      shape = "round"'}, "Meta[color]"),
    "canary": ({'min_healthy_time = "0s"': 'min_healthy_time = "0s"\n    canary = 1', '"1h"': '"2h"'}, "1 canary"),
    "template": ({"one\\ntwo": "one\\nTWO"}, "+ TWO"),
    "template's mode": ({'"local/x"': '"local/x"\n        change_mode = "noop"'}, "(2 lines, unchanged)"),
    "template's target": ({'"local/x"': '"local/y"'}, "DestPath"),
    "constraint": ({'    task "app"': f'{CONSTRAINT}    task "app"'}, "+ Constraint {"),
    # Whose values are the same but for the name: Nomad itself orders others differently from plan to plan.
    "network": ({'port "http" {}': 'mode = "bridge"\n      port "http" {}\n      port "more" {}'}, "Dynamic Port {"),
    "service removed": ({BASE[BASE.index("    service {") : BASE.index("    meta {")]: ""}, "- Service {"),
    "check added": ({'tags     = ["one"]': f'tags     = ["one"]{CHECK}'}, "+ Check {"),
    "resources": ({"memory = 10": "memory = 20"}, '+/- MemoryMB:    "10" => "20"'),
    "task added": ({'    task "app"': '    task "more" {\n      driver = "mock_driver"\n    }\n\n    task "app"'}, 'Task: "more"'),
    "group removed": ({SIDE: ""}, '- Task Group: "side" (1 destroy)'),
    "group added": ({SIDE: SIDE + SIDE.replace("side", "third")}, '+ Task Group: "third" (1 create)'),
    "priority": ({'  group "web"': '  priority = 70\n\n  group "web"'}, '+/- Priority: "50" => "70"'),
}


@pytest.fixture(scope="module")
def client(site: Site) -> t.Iterator[Client]:
    for name in NAMES:
        play.run(site, "nomad", "job", "stop", "-purge", name)
    for spec in (BASE, PERIODIC):
        register(site, spec)
    wait_until(lambda: healthy(site) == 3, "the three allocations are healthy")
    environment = site.child_environment()
    given = {"address": "NOMAD_ADDR", "token": "NOMAD_TOKEN", "ca_cert": "NOMAD_CACERT"}
    rest = dict.fromkeys(("namespace", "region", "ca_path", "client_cert", "client_key", "tls_server_name", "skip_verify", "http_auth"))
    yield Client.from_options({**rest, **{option: environment[name] for option, name in given.items()}})
    for name in NAMES:
        play.run(site, "nomad", "job", "stop", "-purge", name)


def register(site: Site, spec: str) -> None:
    file = site.state / "plan-text.test.hcl"
    file.write_text(spec)
    play.nomad(site, "job", "run", "-detach", str(file))
    file.unlink()


def healthy(site: Site) -> int:
    allocations = json.loads(play.nomad(site, "job", "allocs", "-json", JOB))
    return sum(bool((allocation["DeploymentStatus"] or {}).get("Healthy")) for allocation in allocations)


def ours(client: Client, spec: str) -> str:
    job = client.put("/v1/jobs/parse", {"JobHCL": spec, "Canonicalize": False}, "parse", "").data
    return plan_job(client, {**job, "ID": job["Name"], "Namespace": "default"}).diff


def theirs(site: Site, spec: str) -> str:
    """The diff that Nomad's own command prints, without its empty lines."""
    file = site.state / "plan-text.test.hcl"
    file.write_text(spec)
    done = play.run(site, "nomad", "job", "plan", "-no-color", str(file))
    file.unlink()
    assert done.returncode in (0, 1), done.stderr
    diff = done.stdout.split("Scheduler dry-run:")[0]
    return "\n".join(line for line in diff.splitlines() if line.strip()) + "\n"


def without_long_texts(text: str) -> str:
    """Nomad prints both versions of a long text on one line; we print what changed in it."""
    return re.sub(r"(EmbeddedTmpl:).*(?:\n +[+-] \w+$)*", r"\1", text, flags=re.M)


def test_of_a_job_that_does_not_exist(site: Site, client: Client) -> None:
    spec = BASE.replace(f'job "{JOB}"', 'job "plan-text-new"')
    text = ours(client, spec)
    assert text == theirs(site, spec)
    assert '+ Task Group: "web" (2 create)' in text
    assert '+ Task: "app" (forces create)' in text


@pytest.mark.parametrize("edit", EDITS)
def test_of_an_edit(site: Site, client: Client, edit: str) -> None:
    spec, (changes, wanted) = BASE, EDITS[edit]
    for before, after in changes.items():
        assert before in spec
        spec = spec.replace(before, after)
    text = ours(client, spec)
    assert without_long_texts(text) == without_long_texts(theirs(site, spec))
    assert wanted in text
    assert text == ours(client, spec), "the order is stable"


def test_of_a_periodic_job(site: Site, client: Client) -> None:
    spec = PERIODIC.replace("0 3 1 1 *", "0 4 1 1 *")
    text = ours(client, spec)
    assert text == theirs(site, spec)
    assert '+ Specs: "0 4 1 1 *"' in text


def test_the_secrets_of_a_spec(site: Site, client: Client) -> None:
    register(site, SECRETS)
    spec = SECRETS.replace("hunter2a", "hunter2b")
    text = ours(client, spec)
    assert "Env[DB_PASSWORD]:   (hidden) => (hidden) (changed)" in text
    assert 'Env[DATABASE_URL]:  "postgres://app:…@db/app" => "postgres://app:…@db/app" (changed)' in text
    assert re.search(r"- password=\(hidden\)\n +\+ password=\(hidden\)\n", text)
    assert '"--password (hidden)" => "--password (hidden)" (changed)' in text
    paths = '"/secrets/hunter2a" => "/secrets/hunter2b"'
    assert paths in text, "where a secret lies is none"
    # A person sees this text, and nothing else of the spec.
    argv = ("ansible", "localhost", "--check", "--diff", "-m", "notailcar.nomad.job", "-a", json.dumps({"spec": spec}))
    done = play.run(site, *argv, ANSIBLE_COLLECTIONS_PATH=str(play.ROOT / "collections"))
    assert text in done.stdout, done.stdout + done.stderr
    assert "hunter2" not in (done.stdout + done.stderr).replace(paths, "")
