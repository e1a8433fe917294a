# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions of the sidecar's shell scripts, called under `busybox sh` as in the official image."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

FILES = Path(__file__).parents[3] / "roles/workload/files"
# As the job sets them; a test adds what the function under test reads.
ENVIRONMENT = {
    "SIDECAR_APP_PORT": "8080",
    "SIDECAR_EPHEMERAL": "true",
    "SIDECAR_HEALTH_IP": "",
    "SIDECAR_MODE": "userspace",
    "SIDECAR_OPEN_PORTS": "9002",
    "SIDECAR_RELEASE": "r1",
    "SIDECAR_TAGS": "tag:service",
    "NOMAD_ALLOC_ID": "7e00a98e",
    "TS_HOSTNAME": "whoami",
    "GUARD_ECHO": "http://192.0.2.1/",
    "GUARD_EXIT_NODES": "exit1 exit2",
    "GUARD_EXPECT": "203.0.113.7",
    "GUARD_INTERVAL": "0",
    "GUARD_LEVEL": "locked",
    "GUARD_LOGIN": "https://controlplane.tailscale.com",
    "GUARD_PEERS": "",
    "GUARD_PROXY": "",
    "GUARD_QUORUM": "1",
}
# The parts of both scripts, in their order, without the call that starts the sidecar. The machine's own hosts file is not touched.
READ_PARTS = 'set -u; cd "$FILES"; eval "$(sed -n "/^\\. /p" sidecar.sh guard.sh)"; cd "$OLDPWD"; guard_etc=$PWD/etc'
# The functions look for tailscaled by its name, and end it: that of a laboratory beside the tests must not be found.
NO_PROCESSES = "killall() { :; }; pidof() { false; }"
STATUS = Path(__file__).parent / "status"
# The versions of tailscale whose documents are in status/.
VERSIONS = ("v1.80.3", "v1.90.9", "v1.98.5")


class Shell:
    """Calls functions of the scripts in an empty task directory."""

    def __init__(self, home: Path, applets: Path) -> None:
        self.home = home
        self.etc = home / "etc"
        self.etc.mkdir()
        (self.etc / "hosts").write_text("127.0.0.1 localhost\n")
        (self.etc / "resolv.conf").write_text("nameserver 192.0.2.53\n")
        self.environment = {**ENVIRONMENT, "PATH": str(applets), "FILES": str(FILES), "TS_SOCKET": str(home / "socket")}
        for name in ("NOMAD_TASK_DIR", "NOMAD_SECRETS_DIR", "SIDECAR_GATE_DIR", "TS_STATE_DIR"):
            self.environment[name] = str(home)

    def run(self, script: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script after the functions are defined; `given` is its standard input."""
        return subprocess.run(
            ["sh", "-c", f"{READ_PARTS}\n{NO_PROCESSES}\n{script}"],
            executable=str(Path(self.environment["PATH"]) / "sh"),
            cwd=self.home,
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def print(self, script: str, given: str = "", **environment: str) -> str:
        """What the script prints, without the end of its last line; it must succeed and warn of nothing."""
        done = self.run(script, given, **environment)
        assert (done.returncode, done.stderr) == (0, ""), (done.stdout, done.stderr)
        return done.stdout.removesuffix("\n")

    def lines(self, script: str, given: str = "", **environment: str) -> list[str]:
        """The lines that the script prints."""
        return self.print(script, given, **environment).splitlines()


class Recorded:
    """The recorded documents of a version."""

    def __init__(self, version: str) -> None:
        self.path = STATUS / version

    def text(self, name: str) -> str:
        return (self.path / f"{name}.json").read_text()

    def json(self, name: str) -> t.Any:
        return json.loads(self.text(name))

    def is_read(self, name: str) -> str:
        """A line of a script, after which `tailscale` prints this document, and the functions have read it."""
        return f"tailscale_cli() {{ cat '{self.path}/{name}.json'; }}; status_refresh"
