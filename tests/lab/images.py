# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images, and a root for tasks without containers, made from nothing but the built programs, busybox and the lab's CA."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from . import built_programs, certificates
from .command import run
from .docker_engine import CLIENT
from .errors import LabError
from .topology import BIN, DATA

BUSYBOX = Path("/bin/busybox")
XTABLES = Path("/usr/sbin/xtables-nft-multi")
DIRECTORIES = {"tmp": 0o1777, "var/run": 0o755, "var/lib": 0o755, "root": 0o700}


@dataclass(frozen=True)
class Image:
    """`files` maps a path in the image to the program that goes there."""

    tag: str
    files: t.Mapping[str, Path]
    change: str


TAILSCALE = Image(
    f"lab/tailscale:{built_programs.TAILSCALE.version}",
    {
        **{f"usr/local/bin/{program}": BIN / program for program in built_programs.TAILSCALE.programs},
        # The official image has both kinds of iptables; this one works without raw sockets.
        **{f"usr/sbin/{tables}-nft{suffix}": XTABLES for tables in ("iptables", "ip6tables") for suffix in ("", "-restore")},
    },
    'CMD ["/usr/local/bin/containerboot"]',
)
HTTPBIN = Image(f"lab/go-httpbin:{built_programs.HTTPBIN.version}", {"bin/go-httpbin": BIN / "go-httpbin"}, 'CMD ["/bin/go-httpbin"]')
CADDY = Image(f"lab/caddy:{built_programs.CADDY.version}", {"usr/bin/caddy": BIN / "caddy"}, 'CMD ["/usr/bin/caddy"]')
BUSYBOX_ONLY = Image("lab/busybox:1", {}, 'CMD ["/bin/sh"]')
# A hostile app, for the tests of egress.
ESCAPE = Image(f"lab/escape:{built_programs.ESCAPE.version}", {"bin/escape": BIN / "escape"}, 'CMD ["/bin/sh"]')
# What Nomad starts first to hold an allocation's network namespace.
PAUSE = Image("lab/pause:1", {}, 'CMD ["/bin/sh", "-c", "trap exit TERM INT; while :; do sleep 3600 & wait; done"]')
# What Nomad's exec driver gives its tasks as their root, instead of the machine's own programs.
CHROOT = {**{f"usr/bin/{program}": BIN / program for program in built_programs.TAILSCALE.programs}, **HTTPBIN.files}
CHROOT_DIRECTORY = DATA / "chroot"
ALL = (PAUSE, TAILSCALE, HTTPBIN, CADDY, BUSYBOX_ONLY, ESCAPE)


def make(image: Image) -> None:
    """Hand the image's file system to Docker as a stream."""
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    argv = [*CLIENT, "import", "--change", image.change, "--change", path, "-", image.tag]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as docker:
        stdin, stdout = t.cast(t.IO[bytes], docker.stdin), t.cast(t.IO[bytes], docker.stdout)
        with stdin, tarfile.open(fileobj=stdin, mode="w|") as tar:
            _fill(tar, image.files)
        said = stdout.read().decode(errors="replace")
    if docker.returncode != 0:
        raise LabError(f"image {image.tag}: {said}")


def make_chroot() -> None:
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            _fill(tar, CHROOT)
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            tar.extractall(CHROOT_DIRECTORY, filter="tar")


def _fill(tar: tarfile.TarFile, files: t.Mapping[str, Path]) -> None:
    for name, mode in DIRECTORIES.items():
        directory = tarfile.TarInfo(name)
        directory.type, directory.mode = tarfile.DIRTYPE, mode
        tar.addfile(directory)
    _add(tar, "bin/busybox", BUSYBOX.read_bytes(), 0o755)
    for applet in run([str(BUSYBOX), "--list-full"]).split():
        link = tarfile.TarInfo(applet)
        link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
        if applet != "bin/busybox":
            tar.addfile(link)
    _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644)
    _add(tar, "etc/group", b"root:x:0:\nnogroup:x:65534:\n", 0o644)
    _add(tar, "etc/ssl/certs/ca-certificates.crt", certificates.CA.read_bytes(), 0o644)
    for name, source in {**files, **(_libraries(XTABLES) if XTABLES in files.values() else {})}.items():
        _add(tar, name, source.read_bytes(), 0o755)


def _libraries(program: Path) -> dict[str, Path]:
    """What a dynamic program of Debian's iptables loads: shared libraries, and its extensions."""
    libraries = [Path(word) for word in run(["ldd", str(program)]).split() if word.startswith("/")]
    extensions = [extension for library in libraries for extension in (library.resolve().parent / "xtables").glob("*.so")]
    return {str(path).lstrip("/"): path for path in (*libraries, *extensions)}


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
