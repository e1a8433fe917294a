# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as it is published: built, installed, and called by its full name."""

from __future__ import annotations

from pathlib import Path

from tests.integration.support import play
from tests.lab.site import Site


def test_the_installed_collection_deploys(site: Site, declare, tmp_path: Path) -> None:
    built = play.run(site, "ansible-galaxy", "collection", "build", "--output-path", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (tarball,) = tmp_path.glob("notailcar-nomad-*.tar.gz")
    # Galaxy's client installs nothing that it finds on the path already.
    path = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    install = ("ansible-galaxy", "collection", "install", "--offline", "-p", str(tmp_path), str(tarball))
    installed = play.run(site, *install, cwd=tmp_path, **path)
    assert installed.returncode == 0, installed.stderr
    service = declare("installed")
    arguments = [
        f"-eprivate_service_{name}={value}"
        for name, value in service.inputs.items()
        if isinstance(value, (str, int)) and name != "auth_key"
    ]
    done = play.run(
        site,
        "ansible-playbook",
        "notailcar.nomad.deploy_private_service",
        *arguments,
        "-e",
        '{"private_service_args": ["-host", "127.0.0.1", "-port", "8080"]}',
        "-e",
        "private_service_auth_key={{ lookup('ansible.builtin.file', lookup('ansible.builtin.env', 'LAB_KEYS') ~ '/service') }}",
        cwd=tmp_path,
        **path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.fetch("client", f"{service.url}/get", retries=30).returncode == 0
