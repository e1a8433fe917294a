# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: two services deployed into the laboratory, and what each side sees of them.

Every line that it prints was measured in this run; where a promise is not kept the demo fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
import typing as t
from pathlib import Path

from tests.lab.site import Site

ROOT = Path(__file__).parent.parent
SERVICES = {"httpbin": "/get?hello=tailnet", "website": "/"}
SITE_ADDRESS = "198.51.100.10"
APP_PORT = 8080
REFUSED = 7  # curl's exit code


class BrokenPromise(Exception):
    """The demo saw something that must not be."""


def heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m", flush=True)


def shown(text: str, lines: int = 12) -> None:
    kept = text.strip().splitlines()
    print(textwrap.indent("\n".join(kept[:lines] + (["…"] if len(kept) > lines else [])), "    "), flush=True)


def deploy(site: Site, name: str) -> str:
    """Deploy one declaration as a person would; the output goes to the screen and comes back."""
    command = ["ansible-playbook", "deploy-private-service.yml", "-e", f"@examples/demo/{name}.yml"]
    print(f"$ {' '.join(command)}", flush=True)
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=site.child_environment(), stdout=subprocess.PIPE, text=True) as playbook:
        output = ""
        for line in playbook.stdout or ():
            output += line
            print(f"    {line}", end="", flush=True)
    if playbook.returncode != 0:
        raise BrokenPromise(f"the deployment of {name} failed")
    print(f"  {time.monotonic() - begin:.1f} s")
    return output


def expect(kept: bool, promise: str) -> None:
    print(f"  {'ok  ' if kept else 'FAIL'} {promise}", flush=True)
    if not kept:
        raise BrokenPromise(promise)


def nomad(site: Site, *argv: str) -> str:
    return subprocess.run(["nomad", *argv], env=site.child_environment(), capture_output=True, text=True, check=True).stdout


def allocation_of(site: Site, name: str) -> str:
    (allocation,) = (found["ID"] for found in json.loads(nomad(site, "job", "allocs", "-json", name)) if found["ClientStatus"] == "running")
    return str(allocation)


def allocation_address(site: Site, name: str) -> str:
    """Where the allocation's network namespace is reached from its machine."""
    return str(json.loads(nomad(site, "alloc", "status", "-json", allocation_of(site, name)))["NetworkStatus"]["Address"])


def evidence_of(site: Site, name: str) -> t.Any:
    """The evidence of the service's one allocation, read as the modules read it: through Nomad's API."""
    return json.loads(nomad(site, "alloc", "fs", allocation_of(site, name), "tailscale/local/run/evidence.json"))


def show(site: Site, name: str, path: str) -> None:
    evidence = evidence_of(site, name)
    node = evidence["status"]["Self"]
    host, address = node["DNSName"].rstrip("."), evidence["status"]["TailscaleIPs"][0]
    url = f"http://{host}{path}"
    heading(f"{name}: what was proved")
    print(f"  name      {host}\n  address   {address}\n  url       {url}")
    state = f"{evidence['status']['BackendState']}, online {node['Online']}, tags {' '.join(node['Tags'])}"
    print(f"  evidence  allocation {evidence['alloc_id'][:8]}: {state}")

    answer = site.fetch("client", url, retries=30)
    expect(answer.returncode == 0, f"the permitted client GETs {url}:")
    shown(answer.stdout)
    refused = site.fetch("outsider", f"http://{address}{path}", seconds=4)
    expect(refused.returncode != 0, "the forbidden client does not:")
    shown(refused.stderr or refused.stdout)
    for place, host in {"wan": SITE_ADDRESS, "site": allocation_address(site, name)}.items():
        for port in (80, APP_PORT):
            direct = site.run_in(place, ["curl", "-sS", "--max-time", "4", f"http://{host}:{port}{path}"])
            expect(direct.returncode == REFUSED, f"a direct request from the {place} is refused:")
            shown(direct.stderr)


def main() -> None:
    site = Site.running()
    heading("Deploy two services")
    for name in SERVICES:
        deploy(site, name)
    for name, path in SERVICES.items():
        show(site, name, path)
    heading("The same again: nothing changes")
    for name in SERVICES:
        expect("changed=0" in deploy(site, name), f"{name}: changed=0")
    heading("Look further")
    print(
        textwrap.dedent("""\
          eval "$(make -s lab-env)"                      the laboratory's environment: nomad, tailscale and headscale work then
          nomad job status httpbin                       what Nomad runs; also nomad alloc logs -task tailscale ALLOC
          make lab-status                                the laboratory's servers
        Remove
          .venv/bin/ansible-playbook deploy-private-service.yml -e @examples/demo/httpbin.yml -e private_service_state=absent
          make lab-down                                  everything""")
    )


if __name__ == "__main__":
    try:
        main()
    except BrokenPromise as broken:
        sys.exit(f"The demo saw what must not be: {broken}")
