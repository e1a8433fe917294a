# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured, and beside what. Each measure returns medians of its rounds; ours and the peer's rounds alternate."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
import typing as t
from pathlib import Path

from tests.lab.nomad import FIRST
from tests.lab.site import Site

from .playing import BenchError, Cost, Json, Player

PREFIX = "benchmark-"
# So little that fifty services find a place on a small machine.
RESOURCES = {"cpu": 10, "memory": 64}
PLAY = {"hosts": "all", "gather_facts": False, "connection": "local"}


def mock_job(name: str, run_for: str = "24h", release: str = "1") -> str:
    """A service without a container that is healthy at once."""
    return f"""job "{name}" {{
  meta {{
    release = "{release}"
  }}

  group "app" {{
    update {{
      min_healthy_time = "0s"
    }}

    task "app" {{
      driver = "mock_driver"

      config {{
        run_for = "{run_for}"
      }}

      logs {{
        disabled = true
      }}

      resources {{
        cpu    = 1
        memory = 10
      }}
    }}
  }}
}}
"""


class Measures:
    """The measures of one run; `raw` keeps every round."""

    def __init__(self, site: Site, player: Player, rounds: int, rest: int, say: t.Callable[[str], None]) -> None:
        self._site = site
        self._player = player
        self._rounds = rounds
        self._rest = rest
        self._say = say
        self.raw: Json = {}

    def job_noop(self, loop: int) -> Json:
        """An unchanged job in a loop of one task; the start of ansible-playbook is taken off both."""
        spec = mock_job(f"{PREFIX}noop")
        self._player.play([{**PLAY, "tasks": [_ours(spec)]}])
        empty, ours, peer = self._alternate(
            "job_noop",
            lambda: self._player.play([{**PLAY, "tasks": []}]),
            lambda: self._unchanged(1, [{**PLAY, "tasks": [{**_ours(spec), "loop": list(range(loop))}]}]),
            lambda: self._unchanged(1, [{**PLAY, "tasks": [{**self._peer(spec), "loop": list(range(loop))}]}]),
        )
        return {
            "job_noop_ratio": (ours - empty) / (peer - empty),
            "job_noop_s": (ours - empty) / loop,
            "job_noop_peer_s": (peer - empty) / loop,
        }

    def role_noop(self, count: int) -> Json:
        """The whole role on unchanged services, against one bare task of the peer for each."""
        names = [f"{PREFIX}{number:03}" for number in range(count)]
        inventory = self._player.inventory("services", {name: self._declaration(name) for name in names})
        rendered = self._player.scratch / "rendered"
        rendered.mkdir()
        self._say(f"role: deploying {count} services")
        playbook = "deploy-private-service.yml"
        hosts: Json = {"private_service_hosts": "all"}
        self._player.play(playbook, inventory, **hosts)
        self._player.play(
            playbook,
            inventory,
            **hosts,
            private_service_state="rendered",
            private_service_render_to=f"{rendered}/{{{{ inventory_hostname }}}}.nomad.hcl",
        )
        peer_task = self._peer(f"{{{{ lookup('ansible.builtin.file', '{rendered}/' ~ inventory_hostname ~ '.nomad.hcl') }}}}")
        self._settle()
        ours, peer = self._alternate(
            f"role_noop_{count}",
            lambda: self._unchanged(count, playbook, inventory, essential="Check the declaration and plan", **hosts),
            lambda: self._unchanged(count, [{**PLAY, "tasks": [peer_task]}], inventory),
        )
        return {f"role_noop_ratio_{count}": ours / peer, "role_noop_s": ours / count, "role_noop_peer_s": peer / count}

    def scale(self, few: int, many: int) -> Json:
        """Cost for each of many unchanged services over that of few: variable, plan and run, every service a host.

        Without the start of ansible-playbook, which would make the few look dearer.
        """
        tasks = [
            {"notailcar.nomad.variable": {"path": "nomad/jobs/{{ inventory_hostname }}", "items": {"word": "{{ inventory_hostname }}"}}},
            {**_ours(mock_job("{{ inventory_hostname }}")), "check_mode": True, "register": "planned"},
            _ours(mock_job("{{ inventory_hostname }}"), check_index="{{ planned.job_modify_index }}"),
        ]
        names = [f"{PREFIX}mock-{number:03}" for number in range(many)]
        inventories = {count: self._player.inventory(f"mock{count}", {name: {} for name in names[:count]}) for count in (few, many)}
        self._say(f"scale: deploying {many} mock services")
        self._player.play([{**PLAY, "tasks": tasks}], inventories[many])
        walls = self._alternate(
            "scale",
            *(lambda count=count: self._unchanged(3 * count, [{**PLAY, "tasks": tasks}], inventories[count]) for count in (few, many)),
            spent=lambda cost: cost.playing,
        )
        # Two hundred more jobs would only be in the way of what is measured next.
        remove(self._player)
        memory = [statistics.median(one["memory"] for one in rounds) for rounds in self.raw["scale"]]
        return {
            f"scale_{many}_over_{few}": (walls[1] / many) / (walls[0] / few),
            f"memory_{many}_over_{few}": memory[1] / memory[0],
            "scale_few_s": walls[0] / few,
            "scale_many_s": walls[1] / many,
            "memory_few_mib": memory[0],
            "memory_many_mib": memory[1],
        }

    def latency(self) -> Json:
        """From the start of the task to "deployment successful" against `nomad job run`, and how long after the server's own time."""
        name = f"{PREFIX}latency"
        found: dict[str, list[float]] = {"ours": [], "peer": [], "lag": []}
        for number in range(self._rounds * 2):
            task = self._player.play([{**PLAY, "tasks": [_ours(mock_job(name, release=f"ours-{number}"))]}]).tasks[0]
            if not task["changed"]:
                raise BenchError("The job of the latency measure did not change.")
            found["ours"].append(task["end"] - task["begin"])
            found["lag"].append(task["end"] - _decided(name))
            file = self._player.scratch / "latency.nomad.hcl"
            file.write_text(mock_job(name, release=f"nomad-{number}"))
            begin = time.monotonic()
            subprocess.run(["nomad", "job", "run", str(file)], env=self._player.environment, capture_output=True, check=True)
            found["peer"].append(time.monotonic() - begin)
            self._say(f"latency round {number + 1}: ours {found['ours'][-1]:.2f} s, nomad job run {found['peer'][-1]:.2f} s")
        self.raw["latency"] = found
        ours, peer = statistics.median(found["ours"]), statistics.median(found["peer"])
        return {
            "run_latency_ratio": ours / peer,
            "success_lag_s": statistics.median(found["lag"]),
            "run_latency_s": ours,
            "run_latency_peer_s": peer,
        }

    def _settle(self) -> None:
        """Wait until what was started has come to rest: the machine is half idle, or its load the same for half a minute.

        Fifty sidecars keep a small machine more than half busy. Without a time for it, go on.
        """
        if not self._rest:
            return
        shares: list[float] = []
        for _attempt in range(self._rest // 5):
            before, begin = _idle(), time.monotonic()
            time.sleep(5)
            shares.append((_idle() - before) / (time.monotonic() - begin) / (os.cpu_count() or 1))
            last = shares[-6:]
            if shares[-1] > 0.5 or (len(last) == 6 and max(last) - min(last) < 0.1):
                self._say(f"the machine is {shares[-1]:.0%} idle")
                return
        raise BenchError("The machine does not come to rest; what would be measured is something else.")

    def _alternate(self, what: str, *sides: t.Callable[[], Cost], spent: t.Callable[[Cost], float] = lambda cost: cost.wall) -> list[float]:
        """Play every side in every round, so that a busy minute meets all of them; return the medians of their times."""
        rounds: list[list[Cost]] = [[] for _side in sides]
        for number in range(self._rounds):
            for place, side in enumerate(sides):
                rounds[place].append(side())
            self._say(f"{what} round {number + 1}: " + ", ".join(f"{spent(costs[-1]):.2f} s" for costs in rounds))
        self.raw[what] = [[{"wall": one.wall, "cpu": one.cpu, "memory": one.memory} for one in costs] for costs in rounds]
        return [statistics.median(spent(one) for one in costs) for costs in rounds]

    def _unchanged(self, results: int, *arguments: t.Any, essential: str = "", **options: t.Any) -> Cost:
        """Play, and make sure that nothing changed and that the essential task (or all of them) came to so many results."""
        cost = self._player.play(*arguments, **options)
        changed = [task for task in cost.tasks if task["changed"]]
        done = sum(essential in task["task"] for task in cost.tasks)
        if changed or done != results:
            raise BenchError(f"Wanted were {results} results that change nothing; there were {done}, and these changed: {changed[:3]}")
        return cost

    def _declaration(self, name: str) -> Json:
        declaration = {
            "name": name,
            "image": self._site.httpbin_image,
            "command": "/bin/go-httpbin",
            "args": ["-host", "127.0.0.1", "-port", "8080"],
            "port": 8080,
            "resources": RESOURCES,
            "tags": ["tag:service"],
            "tailnet": self._site.tailnet,
            "login_server": self._site.login_server,
            "tailscale_image": self._site.tailscale_image,
            "auth_key": self._site.auth_key("service"),
            "purge": True,
            # Fifty start at once, which takes a slow machine minutes; the start is not measured.
            **{"healthy_deadline": "10m", "timeout": 900},
        }
        # The sidecar's resources are the house's own affair; by default fifty of them ask for more than a small machine has.
        return {**{f"private_service_{key}": value for key, value in declaration.items()}, "private_service_tailscale_resources": RESOURCES}

    def _peer(self, spec: str) -> Json:
        host, port = self._site.nomad_addr.removeprefix("https://").split(":")
        options = {"host": host, "port": int(port), "token": self._site.nomad_token, "state": "present", "content": spec}
        # It takes the address from the environment before its own option, and then without the port.
        return {"community.general.nomad_job": options, "environment": {"NOMAD_ADDR": self._site.nomad_addr}}


def remove(player: Player) -> None:
    """Remove every job and variable of this and earlier runs; a job is gone when its allocations have ended."""
    jobs: dict[str, Json] = {job["ID"]: {} for job in FIRST.ask(f"/v1/jobs?prefix={PREFIX}")}
    if jobs:
        gone = {"notailcar.nomad.job": {"name": "{{ inventory_hostname }}", "state": "absent", "purge": True}}
        player.play([{**PLAY, "tasks": [gone]}], player.inventory("left", jobs))
    paths = [variable["Path"] for variable in FIRST.ask(f"/v1/vars?prefix=nomad/jobs/{PREFIX}")]
    if paths:
        player.play([{**PLAY, "tasks": [{"notailcar.nomad.variable": {"path": "{{ item }}", "state": "absent"}, "loop": paths}]}])


def _idle() -> float:
    """Seconds that all CPUs together have been idle since the machine's start."""
    return float(Path("/proc/uptime").read_text().split()[1])


def _ours(spec: str, **options: t.Any) -> Json:
    return {"notailcar.nomad.job": {"spec": spec, **options}}


def _decided(name: str) -> float:
    """When the server declared the newest deployment successful, by its own clock: the end of the evaluation that did so.

    Nomad 1.11 leaves the deployment's own ModifyTime at zero.
    """
    deployment = FIRST.ask(f"/v1/job/{name}/deployment")
    ends = [one["ModifyTime"] for one in FIRST.ask(f"/v1/job/{name}/evaluations") if one.get("DeploymentID") == deployment["ID"]]
    if deployment["Status"] != "successful" or not ends:
        raise BenchError(f"The deployment of {name} is {deployment['Status']}, with {len(ends)} evaluations.")
    return float(max(ends) / 1e9)
