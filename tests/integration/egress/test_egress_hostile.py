# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that tries to get out another way, as root in its container: nothing of it is ever seen but from the exit node."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest

from tests.integration.support import exits, play
from tests.integration.support.exits import Caller
from tests.integration.support.layouts import sidecar_image
from tests.lab.command import succeeds, wait_until
from tests.lab.site import Site
from tests.lab.topology import DATA, ECHO_IP, LOGIN_NAME, NAMESPACES, SITE_IP

# Nobody has it; what is sent there leaves the site and is seen on the wan.
UNUSED = "203.0.113.99"
# The log server and a relay, which the tailnet of the laboratory does not have.
TAILSCALES_OWN = ("controlplane.tailscale.com", "log.tailscale.com", "derp1.tailscale.com")

DENIED = {
    "mark": "operation not permitted",
    "raw": "operation not permitted",
    "packet": "operation not permitted",
    "route": "operation not permitted",
    "tailscaled-socket": "",
}


@pytest.fixture(scope="module", autouse=True)
def network(site: Site) -> t.Iterator[None]:
    with exits.isolated_network(site):
        yield


# What another job of the client listens on: a mapped port of a bridge, and a port of the client itself. They might lead on.
NEIGHBOURS = (18080, 18081)
# Directly, and through the proxy of tailscaled if there is one, which may call the local network itself.
ASK_NEIGHBOURS = """
gateway=$(ip route | sed -n 's/.* via \\([0-9.]*\\) .*/\\1/p' | head -n 1)
for proxy in "" $http_proxy; do
    for port in 18080 18081; do
        http_proxy=$proxy timeout 3 wget -q -O /dev/null http://$gateway:$port/get && echo "$gateway:$port $proxy"
    done
done >$NOMAD_TASK_DIR/reached
"""


@pytest.fixture(scope="module")
def neighbours(site: Site) -> t.Iterator[None]:
    """A job beside the hostile one, which answers in both ways; from the client's own network it is reached."""
    mapped, own = NEIGHBOURS
    groups = [
        neighbour(site, "mapped", 8080, {"Mode": "bridge", "ReservedPorts": [{"Label": "http", "Value": mapped, "To": 8080}]}),
        neighbour(site, "own", own, {"Mode": "host", "ReservedPorts": [{"Label": "http", "Value": own}]}, network_mode="host"),
    ]
    added = play.call(site, "job", spec={"ID": "neighbours", "Name": "neighbours", "Type": "service", "TaskGroups": groups})
    assert not added["failed"], added
    for port in NEIGHBOURS:
        url = f"http://{SITE_IP}:{port}/get"
        wait_until(lambda url=url: succeeds([*NAMESPACES["client"].enter, "curl", "-fsS", "--noproxy", "*", url]), url)
    yield
    play.call(site, "job", name="neighbours", state="absent", purge=True)


def neighbour(site: Site, name: str, port: int, network: dict[str, t.Any], **config: t.Any) -> dict[str, t.Any]:
    command = {"image": site.httpbin_image, "command": "/bin/go-httpbin", "args": ["-host", "0.0.0.0", "-port", str(port)]}
    resources = {"CPU": 20, "MemoryMB": 64}
    task = {"Name": "app", "Driver": "docker", "Config": {**command, **config}, "Resources": resources}
    return {"Name": name, "Networks": [network], "Tasks": [task]}


@pytest.fixture(scope="module", autouse=True)
def unused(laboratory: None) -> t.Iterator[t.Callable[[], list[str]]]:
    """What leaves the site for the unused address while the tests of this file run: nothing."""
    with exits.sniffed(UNUSED, UNUSED) as packets:
        yield packets
        assert packets() == []


@pytest.mark.parametrize(
    ("level", "mode", "layout"), [("locked", "kernel", "tabbed"), ("isolated", "userspace", "compact"), ("isolated", "kernel", "")]
)
def test_nothing_of_it_gets_out(site: Site, neighbours: None, declare, level: str, mode: str, layout: str) -> None:
    """Whatever the layout of the status is, from which the sidecar learns what it has to close."""
    path = uuid.uuid4().hex
    ask_peer = f"nc -w 3 {exits.tailnet_address('exit1')} 9 </dev/null 2>$NOMAD_TASK_DIR/peer"
    script = f"({ASK_NEIGHBOURS}) & /bin/escape {ECHO_IP} /{path} >$NOMAD_TASK_DIR/said; {ask_peer}; wait; sleep 3"
    images = {"image": site.escape_image, "tailscale_image": sidecar_image(layout) if layout else site.tailscale_image}
    hostile = declare("hostile", play.Worker, type="batch", level=level, mode=mode, command="/bin/sh", args=["-c", script], **images)
    with exits.sniffed(path) as packets:
        done = hostile.deploy()
        leaked = packets()
    assert done.returncode == 0, done.stdout + done.stderr
    (allocation,) = [one["ID"] for one in json.loads(play.nomad(site, "job", "allocs", "-json", "hostile"))]
    local = DATA / "nomad-client/alloc" / allocation / "app/local"
    assert (local / "reached").read_text() == "", "another job of the client would be a way out"
    outcomes = {one["attempt"]: one["outcome"] for one in map(json.loads, (local / "said").read_text().splitlines())}
    print(json.dumps(outcomes, indent=1))
    assert "NET_ADMIN=false NET_RAW=false" in outcomes["capabilities"]
    for attempt, words in DENIED.items():
        assert words in outcomes[attempt], (attempt, outcomes[attempt])
    asked = [outcome for attempt, outcome in outcomes.items() if attempt.startswith("peer-api-100.")]
    assert mode != "kernel" or asked
    assert all("connection refused" in outcome for outcome in asked)
    assert mode != "kernel" or "Connection refused" in (local / "peer").read_text(), "another node of the tailnet"
    # Where the app is routed it is seen, so the attempts were made; with a proxy, those that use it.
    assert exits.by_exits(exits.seen(path))
    assert leaked == [], "not even a packet without an answer"


def test_the_names_of_tailscaleds_servers_lead_nowhere_else(site: Site, declare, unused: t.Callable[[], list[str]]) -> None:
    """The lock holds while the guard stands still; once it looks again, it ends the allocation."""
    worker: Caller = declare("steering", Caller, level="locked", login_server=f"https://{LOGIN_NAME}", extra_group="")
    with exits.name_server():
        done = worker.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    allocation = worker.allocation()
    with exits.frozen(site, allocation):
        # It would end when tailscaled starts again.
        assert worker.inside("tailscale", "killall", "-STOP", "containerboot").returncode == 0
        names = " ".join([LOGIN_NAME, *TAILSCALES_OWN])
        steered = f"{{ echo {UNUSED} {names}; cat /etc/hosts; }} >/tmp/hosts && cat /tmp/hosts >/etc/hosts"
        done = worker.inside("app", "sh", "-c", steered)
        assert done.returncode == 0, done.stderr
        # Otherwise it would ask for the name again only after ten minutes.
        worker.tailscale("debug", "localapi", "POST", "start", "{}")
        wait_until(lambda: bool(unused() or rejected(worker)), "tailscaled to call its login server")
        assert unused() == []
    wait_until(lambda: allocation not in worker.running(), "the allocation to end")
    assert "the hosts file of the allocation was changed" in worker.egress(allocation)["reason"]


def rejected(worker: Caller) -> int:
    """How many of tailscaled's own packets the lock has rejected."""
    rules = worker.inside("tailscale", "iptables-nft", "-L", "NOTAILCAR-OUT", "-v", "-n", "-x").stdout.splitlines()
    marked = [rule.split() for rule in rules if "mark match" in rule]
    return sum(int(packets) for packets, _bytes, target, *_rest in marked if target == "REJECT")
