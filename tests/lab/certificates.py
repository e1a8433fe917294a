# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority and the certificates it issues, by the openssl command."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .command import run
from .topology import STATE

HOME = STATE / "tls"
CA = HOME / "ca.pem"
CA_KEY = HOME / "ca.key"
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]


def create_authority() -> None:
    """Make a fresh authority; its key never leaves the state directory."""
    HOME.mkdir()
    extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    target = ["-keyout", str(CA_KEY), "-out", str(CA), "-days", "30", "-subj", "/CN=notailcar laboratory"]
    run(["openssl", "req", "-x509", *NEW_KEY, *target, *extensions])


def issue(name: str, subjects: t.Sequence[str]) -> tuple[Path, Path]:
    """Issue a certificate for addresses (`IP:…`) and names (`DNS:…`); returns the paths of certificate and key."""
    certificate, key = HOME / f"{name}.pem", HOME / f"{name}.key"
    usage = ["-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", f"subjectAltName={','.join(subjects)}"]
    target = ["-keyout", str(key), "-out", str(certificate), "-days", "30", "-subj", f"/CN={name}"]
    run(
        [
            "openssl",
            "req",
            "-x509",
            "-CA",
            str(CA),
            "-CAkey",
            str(CA_KEY),
            *NEW_KEY,
            *target,
            "-addext",
            "basicConstraints=CA:FALSE",
            *usage,
        ]
    )
    return certificate, key
