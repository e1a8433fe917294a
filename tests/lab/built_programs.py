# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers and apps, built from their published Go modules and cached."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from . import go
from .errors import LabError
from .topology import CACHE, HERE

FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")
PROGRESS_SECONDS = 8


@dataclass(frozen=True)
class Tool:
    """One Go module below tools/, whose `tool` lines name the programs; without any it is itself the program."""

    name: str
    programs: tuple[str, ...]
    tags: str = ""
    # What a program on PATH must contain to be used instead of a build; None: always build (static, for an image).
    mark: bytes | None = None
    cgo: bool = False

    @property
    def source(self) -> Path:
        return HERE / "tools" / self.name

    @property
    def packages(self) -> list[str]:
        block = re.search(r"^tool (\(.*?^\)|.*?$)", (self.source / "go.mod").read_text(), re.M | re.S)
        return ["."] if block is None else [word for word in block[1].split() if "/" in word]

    @property
    def version(self) -> str:
        """Of the module that the first program comes from, or else is made around; 1 for one that needs no other."""
        text = (self.source / "go.mod").read_text()
        modules = re.findall(r"^(?:require)?\s+(\S+) v(\S+)$", text, re.M)
        if self.packages == ["."]:
            return str(modules[0][1]) if modules else "1"
        return max((str(module), str(version)) for module, version in modules if self.packages[0].startswith(module))[1]

    @property
    def flags(self) -> list[str]:
        return [*FLAGS, *([f"-tags={self.tags}"] if self.tags else [])]

    @property
    def home(self) -> Path:
        """The cache directory; its name changes with everything that decides the result."""
        key = hashlib.sha256(f"{self.flags}{'cgo' * self.cgo}".encode())
        for path in (*sorted(self.source.glob("go.*")), *sorted(self.source.glob("*.go"))):
            key.update(path.read_bytes())
        return CACHE / f"{self.name}-{key.hexdigest()[:12]}"


# A released Nomad has no mock driver, which the tests use; its package's path stands in a binary that has it. The exec driver is C.
NOMAD = Tool("nomad", ("nomad",), mark=b"github.com/hashicorp/nomad/drivers/mock", cgo=True)
HEADSCALE = Tool("headscale", ("headscale",), mark=b"")
VAULT = Tool("vault", ("vault",), tags="minimal", mark=b"")
CONSUL = Tool("consul", ("consul",), mark=b"")
TAILSCALE = Tool("tailscale", ("tailscale", "tailscaled", "containerboot"))
HTTPBIN = Tool("httpbin", ("go-httpbin",))
CADDY = Tool("caddy", ("caddy",))
TESTCONTROL = Tool("testcontrol", ("testcontrol",))
ESCAPE = Tool("escape", ("escape",))
# The longest builds first.
ALWAYS = (NOMAD, TAILSCALE, HEADSCALE, CADDY, HTTPBIN, ESCAPE)
OPTIONAL = {"vault": VAULT, "consul": CONSUL, "testcontrol": TESTCONTROL}


def needed(optional: t.Iterable[str]) -> list[Tool]:
    """What a laboratory with these optional parts needs; not each of them is a program of its own."""
    return [*ALWAYS, *(OPTIONAL[name] for name in optional if name in OPTIONAL)]


def programs(tool: Tool) -> dict[str, Path]:
    """The path of each program of the tool; builds it when the cache does not have it."""
    build_missing([tool])
    return _present(tool) or {}


def build_missing(wanted: t.Iterable[Tool]) -> None:
    """Build what is not there, two at a time: one compiles while the other one fetches its modules or links."""
    missing = [tool for tool in wanted if _present(tool) is None]
    if missing:
        go.find()  # installs it where needed, once for all
    failed = threading.Event()
    with ThreadPoolExecutor(max_workers=2) as builders:
        builds = [builders.submit(_build, tool, failed) for tool in missing]
        try:
            for build in as_completed(builds):
                build.result()
        finally:
            # Only after a failure there is something left to stop.
            failed.set()
            builders.shutdown(cancel_futures=True)


def _cached(tool: Tool) -> dict[str, Path]:
    return {program: tool.home / program for program in tool.programs}


def _present(tool: Tool) -> dict[str, Path] | None:
    cached = _cached(tool)
    if all(path.exists() for path in cached.values()):
        return cached
    found = _on_path(tool)
    return {tool.name: found} if found else None


def _on_path(tool: Tool) -> Path | None:
    program = shutil.which(tool.name)
    if tool.mark is None or program is None:
        return None
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    same = re.search(rf"\bv?{re.escape(tool.version)}\b", said) is not None
    return Path(program) if same and tool.mark in Path(program).read_bytes() else None


def _build(tool: Tool, stop: threading.Event) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    log = CACHE / f"{tool.name}.build.log"
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=f"{tool.name}-") as scratch, log.open("w") as output:
        child = subprocess.Popen(
            [go.find(), "build", "-v", *tool.flags, "-o", f"{scratch}/bin/", *tool.packages],
            cwd=tool.source,
            env={**os.environ, "CGO_ENABLED": str(int(tool.cgo)), "GOTOOLCHAIN": "local", "GOWORK": "off"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = _watch(tool, child, log, stop)
        if code != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise LabError(f"building {tool.name} failed with exit code {code}:\n{tail}\n(all of it: {log})")
        shutil.rmtree(tool.home, ignore_errors=True)
        Path(scratch, "bin").rename(tool.home)


def _watch(tool: Tool, child: subprocess.Popen[bytes], log: Path, stop: threading.Event) -> int:
    """Say how far it is until it ends: a build of minutes must not look dead."""
    begin = time.monotonic()
    print(f"building {tool.name} {tool.version} (once; then it comes from {CACHE})", flush=True)
    try:
        while not stop.is_set():
            try:
                return child.wait(PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                lines = log.read_text(errors="replace").splitlines()
                fetched = sum(line.startswith("go: downloading") for line in lines)
                print(
                    f"building {tool.name} … {time.monotonic() - begin:.0f} s, {fetched} modules fetched, "
                    f"{len(lines) - fetched} packages compiled",
                    flush=True,
                )
        raise LabError(f"building {tool.name} stopped: another build failed")
    finally:
        child.kill()
