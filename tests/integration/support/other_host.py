# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another host, reached by real SSH: a namespace of the laboratory with an SSH server and a home directory for this run only."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.lab import host
from tests.lab.topology import NAMESPACES, NOMAD_PORT, SITE_IP

# Binaries only: the machine itself gets no SSH service.
PACKAGES = ("busybox-static", "dropbear-bin", "openssh-client")
PLACE = NAMESPACES["client"]
# The machine's relay to Nomad does not exist over there, and from here there is no way to the site's own address.
NOMAD_ADDR = f"https://{SITE_IP}:{NOMAD_PORT}"


@contextlib.contextmanager
def running(directory: Path) -> t.Iterator[dict[str, t.Any]]:
    """The host while the block runs; gives its variables for an inventory."""
    host.install(PACKAGES)
    home = directory / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    server_key, key = directory / "server_key", directory / "key"
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(server_key)], capture_output=True, check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    key.with_suffix(".pub").rename(home / ".ssh/authorized_keys")
    # The server looks for authorized keys in root's home only; with a passwd of its own that is not the machine's.
    passwd = directory / "passwd"
    passwd.write_text(f"root:x:0:0:root:{home}:/bin/sh\n")
    mount = shlex.join(["mount", "--bind", str(passwd), "/etc/passwd"])
    serve = shlex.join(["dropbear", "-F", "-E", "-s", "-p", "127.0.0.1:22", "-P", str(directory / "pid"), "-r", str(server_key)])
    server = subprocess.Popen(
        [*PLACE.enter, "setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "sh", "-c", f"{mount} && exec {serve}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            assert server.stderr
            first = server.stderr.readline()
            # It says so when it listens.
            assert "Not backgrounding" in first, first + server.stderr.read()
            yield {
                "ansible_connection": "ansible.builtin.ssh",
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(key),
                "ansible_ssh_host_key_checking": False,
                "ansible_ssh_args": "-F none -o ControlMaster=no -o UserKnownHostsFile=/dev/null",
                "ansible_ssh_common_args": f"-o ProxyCommand='{shlex.join([*PLACE.enter, 'busybox', 'nc', '127.0.0.1', '22'])}'",
                "ansible_pipelining": True,
                "ansible_python_interpreter": sys.executable,
            }
        finally:
            server.terminate()
