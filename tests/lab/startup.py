# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the laboratory up: what depends on nothing of the other starts at the same time."""

from __future__ import annotations

import json
import time
import typing as t
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial

from . import (
    built_programs,
    certificates,
    consul,
    docker_engine,
    headscale,
    images,
    mounts,
    network,
    nomad,
    nomad_cluster,
    process,
    testcontrol,
    vault,
    wan,
)
from .component import Component
from .state import alone
from .tailnet_nodes import NODES
from .topology import BIN, DATA, KEYS, LOGS, SITE_FILE, STATE

OPTIONAL: dict[str, t.Callable[[], None]] = {
    "vault": vault.start,
    "consul": consul.start,
    "servers": nomad_cluster.start,
    "testcontrol": testcontrol.start,
}
# What a laboratory that goes on can do without again.
REMOVABLE: dict[str, t.Callable[[], None]] = {"servers": nomad_cluster.remove, "testcontrol": testcontrol.remove}


def components(optional: t.Iterable[str] = ()) -> list[Component]:
    """What the laboratory consists of, in the order of its status."""
    always = [wan.ECHO, headscale.HEADSCALE, headscale.RELAY, *(node.component for node in NODES.values())]
    always += [docker_engine.DOCKER, nomad.SERVER, nomad.FIRST.relay, nomad.CLIENT]
    on_request = {
        "vault": [vault.VAULT, vault.RELAY],
        "consul": [consul.CONSUL, consul.RELAY],
        "servers": nomad_cluster.components(),
        "testcontrol": [testcontrol.TESTCONTROL],
    }
    return always + [component for name in optional for component in on_request[name]]


def build_programs(optional: t.Iterable[str]) -> None:
    """Build what the cache does not have."""
    built_programs.build_missing(built_programs.needed(optional))


def start(optional: t.Sequence[str]) -> None:
    """Make everything in an empty state directory; its record is written last, so its presence means complete."""
    for directory in (LOGS, KEYS, BIN, process.RECORDS, STATE / "home", STATE / "tailnet"):
        directory.mkdir(mode=0o700)
    DATA.mkdir(mode=0o711, parents=True)
    link_programs(optional)
    certificates.create_authority()
    with alone():
        mounts.create()
        network.create()
    _in_parallel([_tailnet, _site])
    add(optional)


def add(optional: t.Sequence[str]) -> None:
    """Start optional servers of a laboratory that is up, and record them."""
    for name in optional:
        _timed(name, OPTIONAL[name])
    known = json.loads(SITE_FILE.read_text())["optional"] if SITE_FILE.exists() else []
    _record([*known, *optional])


def take_away(removed: str) -> None:
    """End an optional part of a laboratory that goes on; of `servers` the first Nomad server stays."""
    REMOVABLE[removed]()
    _record([name for name in json.loads(SITE_FILE.read_text())["optional"] if name != removed])


def link_programs(optional: t.Iterable[str]) -> None:
    """One directory with every program, for the laboratory itself and for PATH."""
    links = {"docker": docker_engine.CLIENT[0]}
    for tool in built_programs.needed(optional):
        links.update({name: str(path) for name, path in built_programs.programs(tool).items()})
    for name, path in links.items():
        link = BIN / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)


def _record(optional: t.Sequence[str]) -> None:
    SITE_FILE.write_text(json.dumps({"optional": optional}))


def _tailnet() -> None:
    _timed("echo server", wan.start)
    _timed("headscale", headscale.start)
    _in_parallel([partial(_timed, node.name, node.start) for node in NODES.values()])


def _site() -> None:
    _in_parallel([partial(_timed, "docker", docker_engine.start), partial(_timed, "nomad server", nomad.start_server)])
    _in_parallel([partial(_timed, "nomad client", nomad.start_client), partial(_timed, "images", _images)])


def _images() -> None:
    for image in images.ALL:
        images.make(image)
    images.make_chroot()


def _in_parallel(steps: t.Sequence[t.Callable[[], None]]) -> None:
    """Run them at once and raise the first failure."""
    with ThreadPoolExecutor(len(steps)) as pool:
        futures: list[Future[None]] = [pool.submit(step) for step in steps]
        for done in wait(futures, return_when=FIRST_EXCEPTION).done:
            done.result()


def _timed(what: str, step: t.Callable[[], None]) -> None:
    begin = time.monotonic()
    step()
    print(f"  {what:<12} ready after {time.monotonic() - begin:.1f} s", flush=True)
