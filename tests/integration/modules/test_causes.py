# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever keeps a job from running, the message names it, on the real Nomad."""

from __future__ import annotations

import concurrent.futures
import json
import re
import typing as t
from dataclasses import dataclass, field

import pytest

from tests.integration.support import play
from tests.lab.command import wait_until
from tests.lab.site import Site

HOLDER, FORGOTTEN, POOL = "causes-holder", "causes-forgotten", "causes-empty"
SECRET = "nomad/jobs/causes-other/secret"
# As many at once as waits, not processors, set the pace of.
CALLS = 4
# A service that fails at its first unhealthy allocation, and whose tasks are tried once.
SERVICE = """
job "NAME" {
  JOB
  group "g" {
    GROUP
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }
    update {
      progress_deadline = "0s"
      min_healthy_time  = "3s"
      healthy_deadline  = "DEADLINEs"
    }
    task "t" {
      driver = "DRIVER"
      config {
        CONFIG
      }
      resources {
        RESOURCES
      }
      TASK
    }
  }
}
"""
CHECKED = """
network {
  port "http" {
    to = 8080
  }
}
service {
  name     = "causes"
  provider = "nomad"
  port     = "http"
  check {
    name     = "answers"
    type     = "TYPE"
    path     = "/status/503"
    interval = "1s"
    timeout  = "1s"
  }
}
"""


def spec(
    name: str,
    job: str = "",
    group: str = "",
    task: str = "",
    config: str = 'run_for = "1h"',
    resources: str = "cpu = 20\nmemory = 20",
    **more: str,
) -> str:
    """The service with parts of its own; on the mock driver unless the configuration names an image."""
    parts = {"NAME": name, "JOB": job, "GROUP": group, "CONFIG": config, "TASK": task, "RESOURCES": resources}
    parts["DRIVER"] = more.get("driver", "docker" if "image" in config else "mock_driver")
    parts["DEADLINE"] = more.get("deadline", "60")
    return re.sub(r"\b(NAME|JOB|GROUP|CONFIG|TASK|RESOURCES|DRIVER|DEADLINE)(?=\b|s)", lambda found: parts[found[1]], SERVICE)


def shell(script: str) -> str:
    return f'image = "IMAGE"\ncommand = "/bin/sh"\nargs = ["-c", "{script}"]'


def template(data: str) -> str:
    # Brackets, because Ansible takes braces for its own.
    return f'template {{\n  destination = "local/x"\n  left_delimiter = "[["\n  right_delimiter = "]]"\n  data = "{data}"\n}}'


def variable(path: str) -> str:
    return template(f'[[ with nomadVar \\"{path}\\" ]][[ .x ]][[ end ]]')


def check(kind: str) -> str:
    return CHECKED.replace("TYPE", kind)


@dataclass
class Cause:
    """Parts of a job that does not run, what a person must read then, and how its task ended."""

    parts: dict[str, str]
    wanted: tuple[str, ...]
    ended: tuple[t.Any, ...] = (True, None, None, False)
    checks: list[tuple[str, int | None]] = field(default_factory=list)


NOT_ENDED = (False, None, None, False)
CAUSES = {
    "image": Cause({"config": 'image = "lab/no-such-image:1"'}, ("task t failed", "Driver Failure: Failed to pull `lab/no-such-image:1`")),
    "command": Cause(
        {"config": 'image = "IMAGE"\ncommand = "/bin/nothing"'},
        ("Driver Failure: Failed to start container", 'exec: "/bin/nothing": stat /bin/nothing: no such file or directory'),
    ),
    # The mock driver writes itself what it says; docker's log reader may come too late for a container that ends soon.
    "exit": Cause(
        {
            "config": 'run_for = "1s"\nexit_code = 3\nstdout_string = "began"\n'
            'stderr_string = "no database at db:5432, tried password=hunter2"'
        },
        ("task t failed: exit code 3\n", "stdout | began", "stderr | no database at db:5432, tried password=(hidden)"),
        (True, 3, 0, False),
    ),
    "exit-docker": Cause({"config": shell("exit 3")}, ("task t failed: exit code 3\n", "Exit Code: 3"), (True, 3, 0, False)),
    # The first process of a container survives its own signals; a shell answers with 128 and the signal's number, like docker.
    "segfault": Cause(
        {"config": shell("sh -c 'kill -SEGV $$'; exit $?")}, ("task t failed: exit code 139 (killed by SIGSEGV)",), (True, 139, 0, False)
    ),
    "killed": Cause(
        {"config": shell("sh -c 'kill -KILL $$'; exit $?")},
        ("task t failed: exit code 137 (killed by SIGKILL)", "Nomad did not kill it; often the 20 MiB of memory of its resources"),
        (True, 137, 0, False),
    ),
    "signal": Cause(
        {"config": 'run_for = "1s"\nexit_code = 1\nexit_signal = 9\nexit_err_msg = "the engine stopped"'},
        ("task t failed: exit code 1 (killed by SIGKILL)", "the engine stopped"),
        (True, 1, 9, False),
    ),
    # It lives a second longer, because docker may overlook that what ends at once was out of memory.
    "memory": Cause(
        {"config": shell("tail /dev/zero; sleep 1; exit 7")},
        ("task t failed: out of memory, exit code 7", "it used more than the 20 MiB of memory that its resources allow: raise memory"),
        (True, 7, 0, True),
    ),
    "unreadable-variable": Cause(
        {"task": variable(SECRET), "deadline": "12"},
        (
            f"Template: Missing: nomad.var.block({SECRET}@default.global)",
            f"variable {SECRET} exists, but the task may not read it; without a policy it reads only nomad/jobs, ",
            "nomad/jobs/causes-unreadable-variable/g and nomad/jobs/causes-unreadable-variable/g/t in namespace default",
            "nomad acl policy apply -job causes-unreadable-variable",
        ),
        NOT_ENDED,
    ),
    "no-variable": Cause(
        {"task": variable("nomad/jobs/causes-no-variable/g"), "deadline": "12"},
        (
            "task t is pending",
            "variable nomad/jobs/causes-no-variable/g does not exist: make it",
            "nomad var put nomad/jobs/causes-no-variable/g KEY=VALUE",
        ),
        NOT_ENDED,
    ),
    "template": Cause({"task": template("[[ if ]]")}, ("Killing: Template failed", "missing value for if")),
    "artifact": Cause(
        {"task": 'artifact {\n  source = "http://app:hunter2@127.0.0.1:9/x.tar.gz"\n}'},
        ("Failed Artifact Download", "http://app:…@127.0.0.1:9/x.tar.gz", "connection refused"),
    ),
    "driver": Cause({"config": 'start_error = "no license for this engine"'}, ("Driver Failure: no license for this engine",)),
    "configuration": Cause(
        {"config": 'speed = "9"'}, ("Failed Validation: failed to parse config: Invalid label: No argument or block type is named",)
    ),
    "http-check": Cause(
        {"config": f'ports = ["http"]\n{shell("httpd -f -p 8080")}', "group": check("http"), "deadline": "12"},
        ("healthy_deadline", "check answers of service causes: failure 404\n", "404 Not Found"),
        NOT_ENDED,
        [("failure", 404)],
    ),
    "tcp-check": Cause(
        {"config": f'ports = ["http"]\n{shell("sleep 1h")}', "group": check("tcp"), "deadline": "12"},
        ("healthy_deadline", "check answers of service causes: failure\n", "connect: connection refused"),
        NOT_ENDED,
        [("failure", None)],
    ),
}
PLACEMENTS: dict[str, tuple[dict[str, str], str]] = {
    "constraint": (
        {"job": 'constraint {\n  attribute = "${attr.kernel.name}"\n  value = "plan9"\n}'},
        "constraint ${attr.kernel.name} = plan9: excludes 1 of 1 node",
    ),
    "driver": ({"driver": "qemu"}, "missing drivers: qemu is not there, or not healthy, on 1 of 1 node"),
    "memory": ({"resources": "memory = 9999999"}, "resource memory: exhausted on 1 of 1 node (asked for: t 9999999 MB)"),
    "cpu": ({"resources": "cpu = 9999999\nmemory = 20"}, "resource cpu: exhausted on 1 of 1 node (asked for: t 9999999 MHz)"),
    "disk": (
        {"group": "ephemeral_disk {\n  size = 99999999\n}"},
        "resource disk: exhausted on 1 of 1 node (asked for: ephemeral_disk 99999999 MB)",
    ),
    "port": (
        {"group": 'network {\n  port "http" {\n    static = 18099\n  }\n}'},
        "network: reserved port collision http=18099: the static port is taken on 1 of 1 node",
    ),
    "distinct_hosts": (
        {"job": 'constraint {\n  operator = "distinct_hosts"\n  value = "true"\n}', "group": "count = 2"},
        "distinct_hosts: 1 of 1 node already holds an allocation of the job; count 2 needs as many nodes",
    ),
    "datacenter": ({"job": 'datacenters = ["mars"]'}, "no node was eligible: no ready node is in datacenter mars of node pool default"),
    "node_pool": ({"job": f'node_pool = "{POOL}"'}, f"no node was eligible: no ready node is in node pool {POOL}"),
    "host_volume": (
        {"group": 'volume "data" {\n  type = "host"\n  source = "pgdata"\n}'},
        "missing compatible host volumes: pgdata is not there, or not for this access, on 1 of 1 node",
    ),
    "device": ({"resources": 'memory = 20\ndevice "nvidia/gpu" {}'}, "missing devices: nvidia/gpu is not there on 1 of 1 node"),
    "network": ({"group": 'network {\n  mode = "cni/none"\n}'}, "missing network: network mode cni/none is not there on 1 of 1 node"),
    "provider": ({"group": 'service {\n  name = "x"\n}'}, 'where no Consul runs, say provider = "nomad"'),
}
Results = t.Callable[[str], dict[str, t.Any]]


@pytest.fixture(scope="module")
def results(site: Site) -> t.Iterator[Results]:
    """The result of each job, all called at the first need, several at a time."""
    remove(site)
    prepare(site)
    specs = {f"causes-{name}": spec(f"causes-{name}", **cause.parts) for name, cause in CAUSES.items()}
    specs.update({f"place-{name}": spec(f"place-{name}", **parts) for name, (parts, _wanted) in PLACEMENTS.items()})
    with concurrent.futures.ThreadPoolExecutor(CALLS) as pool:
        calls = {
            name: pool.submit(play.call, site, "job", spec=text.replace("IMAGE", site.busybox_image), timeout=90)
            for name, text in specs.items()
        }
        yield lambda name: calls[name].result()
    remove(site)


def prepare(site: Site) -> None:
    play.nomad(site, "var", "put", "-force", SECRET, "x=1")
    file = site.state / "causes.test.hcl"
    file.write_text(f'node_pool "{POOL}" {{}}\n')
    play.nomad(site, "node", "pool", "apply", str(file))
    file.write_text(spec(HOLDER, group=PLACEMENTS["port"][0]["group"]))
    play.nomad(site, "job", "run", "-detach", str(file))
    file.unlink()
    wait_until(lambda: json.loads(play.nomad(site, "job", "allocs", "-json", HOLDER)), "the port is taken")


def remove(site: Site) -> None:
    for name in (HOLDER, FORGOTTEN, *(f"causes-{cause}" for cause in CAUSES)):
        play.run(site, "nomad", "job", "stop", "-purge", "-detach", name)
    play.run(site, "nomad", "node", "pool", "delete", POOL)
    play.run(site, "nomad", "var", "purge", SECRET)


@pytest.mark.parametrize("name", CAUSES)
def test_why_it_failed(results: Results, name: str) -> None:
    cause, result = CAUSES[name], results(f"causes-{name}")
    assert result["failed"], result
    assert result["failure"]["kind"] == "failed", result["msg"]
    for words in cause.wanted:
        assert words in result["msg"], result["msg"]
    (allocation,) = result["failure"]["allocations"]
    (task,) = allocation["tasks"]
    assert (task["failed"], task["exit_code"], task["signal"], task["oom_killed"]) == cause.ended
    assert [(check["status"], check["status_code"]) for check in allocation["checks"]] == cause.checks
    assert "hunter2" not in str(result)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_why_it_found_no_place(site: Site, results: Results, name: str) -> None:
    result = results(f"place-{name}")
    assert result["failed"], result
    assert PLACEMENTS[name][1] in result["msg"], result["msg"]
    assert "nothing was registered" in result["msg"]
    assert play.run(site, "nomad", "job", "inspect", f"place-{name}").returncode != 0


def test_a_check_that_nomad_forgets(site: Site, results: Results) -> None:
    """A rollback stops the allocation, and with it go the results of its checks."""
    config = f'ports = ["http"]\n{shell("mkdir -p /www/status; touch /www/status/503; exec httpd -f -p 8080 -h /www")}'
    good = spec(FORGOTTEN, config=config, group=check("http"), deadline="15", task='kill_signal = "SIGKILL"')
    good = good.replace("update {", "update {\n      auto_revert = true").replace("IMAGE", site.busybox_image)
    done = play.call(site, "job", spec=good, timeout=60)
    assert not done["failed"], done
    bad = play.call(site, "job", spec=good.replace("touch /www/status/503; ", ""), timeout=60)
    assert "rolled back to version 0" in bad["msg"], bad["msg"]
    assert "check answers of service causes: failure 404" in bad["msg"], bad["msg"]
