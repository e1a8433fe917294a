# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The auth key is found nowhere, and the app is not trusted with the sidecar."""

from __future__ import annotations

import json
import subprocess

from tests.integration.support import leavings, play
from tests.integration.support.play import Service
from tests.lab.command import wait_until
from tests.lab.site import Site


def docker(site: Site, *argv: str) -> subprocess.CompletedProcess[str]:
    return play.run(site, "/usr/bin/docker", *argv)


def app_shell(service: Service, script: str) -> subprocess.CompletedProcess[str]:
    """A command as root in the app's container."""
    return service.inside("app", "/bin/sh", "-c", script, user="0")


def test_auth_key_and_secrets_are_found_nowhere(site: Site, declare) -> None:
    secret = leavings.canary()
    service = declare("canary", secrets={"APP_SECRET": secret})
    key = service.inputs["auth_key"].strip()
    seen: dict[str, str] = {}
    for name, options in {"check": ("--check",), "deploy": (), "again": ()}.items():
        with leavings.every_argv() as arguments:
            done = service.play("-vvvv", "--diff", *options, environment={"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true"})
        seen[f"arguments during {name}"] = "\n".join(arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        seen[f"output of {name}"] = done.stdout + done.stderr
    seen["job"] = play.nomad(site, "job", "inspect", "canary")
    file = site.state / "canary.nomad.hcl"
    assert service.play(state="rendered", render_to=str(file)).returncode == 0
    seen["rendered file"] = file.read_text()
    seen["plan"] = play.run(site, "nomad", "job", "plan", "-verbose", str(file)).stdout
    file.unlink()
    seen["evaluations"] = play.nomad(site, "job", "status", "-json", "canary")
    allocation = service.allocation()
    seen["allocation"] = play.nomad(site, "alloc", "status", "-json", allocation)
    for task in ("tailscale", "gate", "app"):
        for stream in ("-stdout", "-stderr"):
            seen[f"log {task} {stream}"] = play.nomad(site, "alloc", "logs", stream, "-task", task, allocation)
        for path in _files(site, allocation, f"{task}/local"):
            seen[path] = play.nomad(site, "alloc", "fs", allocation, path)
    for path in _files(site, allocation, "alloc"):
        seen[path] = play.nomad(site, "alloc", "fs", allocation, path)
    assert "tailscale/local/run/evidence.json" in seen
    assert "--authkey=file:" in seen["arguments during deploy"], "tailscale up was seen"
    assert not [name for name, text in seen.items() if key in text or secret in text]
    # The search is able to find it: it is where it belongs.
    assert key in play.nomad(site, "var", "get", "-out=json", "nomad/jobs/canary/canary/tailscale")
    assert secret in app_shell(service, "cat /proc/1/environ").stdout
    assert secret not in docker(site, "exec", f"tailscale-{allocation}", "/bin/sh", "-c", "cat /proc/1/environ /secrets/*").stdout
    refused = play.run(site, "nomad", "alloc", "fs", allocation, "tailscale/secrets/auth_key")
    assert "prohibited" in refused.stdout + refused.stderr
    assert key not in refused.stdout + refused.stderr


def containers(site: Site, allocation: str) -> dict[str, str]:
    """The containers of the allocation's tasks that run, by their ids."""
    return {task: docker(site, "inspect", "--format", "{{.Id}}", f"{task}-{allocation}").stdout for task in ("app", "tailscale")}


def test_a_changed_secret_restarts_the_app_alone(site: Site, declare) -> None:
    service = declare("secretive", secrets={"APP_SECRET": "the first 'one' $HOME"})
    assert service.deploy().returncode == 0
    allocation = service.allocation()
    assert "APP_SECRET=the first 'one' $HOME\0" in app_shell(service, "cat /proc/1/environ").stdout
    before = containers(site, allocation)
    changed = service.deploy("--diff", secrets={"APP_SECRET": "the second"})
    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert "the second" not in changed.stdout + changed.stderr
    wait_until(lambda: "APP_SECRET=the second\0" in app_shell(service, "cat /proc/1/environ").stdout, "the new secret")
    assert service.allocation() == allocation
    after = containers(site, allocation)
    assert after["app"] != before["app"]
    assert after["tailscale"] == before["tailscale"]


def test_a_dropped_secret_leaves_with_its_version(site: Site, declare) -> None:
    """The new version is proved without it, so what is dropped after the proof restarts nothing."""
    service = declare("lighter", secrets={"KEPT": "a", "DROPPED": "b"})
    assert service.deploy().returncode == 0
    assert "DROPPED=b\0" in app_shell(service, "cat /proc/1/environ").stdout
    done = service.deploy("--diff", secrets={"KEPT": "a"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n-DROPPED: " in done.stdout
    environment = app_shell(service, "cat /proc/1/environ").stdout
    assert "KEPT=a\0" in environment
    assert "DROPPED" not in environment
    before = containers(site, service.allocation())
    again = service.deploy(secrets={"KEPT": "a"})
    assert play.changed(again) == 0, again.stdout
    assert containers(site, service.allocation()) == before
    assert "DROPPED" not in play.nomad(site, "var", "get", "-out=json", "nomad/jobs/lighter/lighter/app")


def _files(site: Site, allocation: str, directory: str) -> list[str]:
    listed = json.loads(play.nomad(site, "operator", "api", f"/v1/client/fs/ls/{allocation}?path={directory}"))
    found: list[str] = []
    for entry in listed or []:
        path = f"{directory}/{entry['Name']}"
        if entry["IsDir"]:
            found += _files(site, allocation, path)
        # A log's pipe would never end, and what is new gets its name in a moment.
        elif entry["FileMode"].startswith("-") and not path.endswith(".new"):
            found.append(path)
    return found


def test_the_app_cannot_read_the_key(site: Site, httpbin: Service) -> None:
    key = httpbin.inputs["auth_key"].strip()
    # The pattern matches the key, but not itself in the arguments of the search.
    pattern = f"[{key[0]}]{key[1:]}"
    search = f"for place in / /alloc /local /secrets; do find $place -xdev -type f -exec grep -l -e '{pattern}' {{}} +; done"
    assert app_shell(httpbin, search).stdout == ""
    assert key not in app_shell(httpbin, "cat /proc/*/environ /proc/*/cmdline").stdout
    # The search is able to find something, and the app holds no identity with which to ask Nomad.
    assert "/bin/busybox" in app_shell(httpbin, search.replace(pattern, "[B]usyBox")).stdout
    assert app_shell(httpbin, "test -e /secrets/nomad_token || env | grep NOMAD_TOKEN").returncode != 0


def test_the_app_does_not_reach_tailscaled(site: Site, httpbin: Service) -> None:
    found = app_shell(httpbin, "find / -xdev -name '*.sock' ; cat /proc/net/unix")
    assert found.returncode == 0, found.stderr
    sockets = [line.split()[-1] for line in found.stdout.splitlines() if "tailscaled.sock" in line]
    assert sockets, "the network namespace is shared, so its list shows the socket's name"
    for socket in sockets:
        reached = app_shell(httpbin, f"ls {socket}")
        assert reached.returncode != 0, f"the app sees {socket}"


def test_the_app_cannot_write_evidence(site: Site, httpbin: Service) -> None:
    forge = """
    for place in /alloc /local /secrets /alloc/../tailscale/local/run /local/../tailscale/local/run /local/../../tailscale/local/run; do
        echo '{"phase": "forged"}' >$place/evidence.json
    done
    ls /alloc/evidence.json /local/evidence.json
    """
    assert "/alloc/evidence.json" in app_shell(httpbin, forge).stdout, "the app can write where it may"
    evidence = httpbin.evidence()
    assert (evidence["alloc_id"], evidence["phase"]) == (httpbin.allocation(), "ready")
    assert "forged" not in json.dumps(evidence)


def test_the_gate_sees_the_verdict_read_only(site: Site, httpbin: Service) -> None:
    (task,) = [task for group in httpbin.job()["TaskGroups"] for task in group["Tasks"] if task["Name"] == "gate"]
    assert task["Config"]["volumes"] == ["../tailscale/local/run:/sidecar:ro"]
    assert task["Config"]["cap_drop"] == ["all"]


def test_the_app_holds_no_raw_sockets(site: Site, httpbin: Service) -> None:
    inspected = json.loads(docker(site, "inspect", f"app-{httpbin.allocation()}").stdout)
    capabilities = app_shell(httpbin, "grep CapEff /proc/self/status").stdout.split()[1]
    assert int(capabilities, 16) & (1 << 13) == 0, "NET_RAW"
    assert int(capabilities, 16) & (1 << 12) == 0, "NET_ADMIN"
    assert inspected[0]["HostConfig"]["Privileged"] is False
