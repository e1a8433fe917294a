# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory's command line."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import typing as t

from . import host, process, startup, teardown
from .component import Component
from .errors import LabError, Unsupported
from .site import Site
from .state import locked
from .topology import LOGS, NAME, NAMESPACES, SITE_FILE


def main() -> int:
    """Run one command; its exit code is 0 for yes, 1 for no or failure, 2 where the laboratory cannot run at all."""
    options = _parser().parse_args()
    try:
        host.require()
        command: t.Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2 if isinstance(error, Unsupported) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab", description="A real Nomad and a real tailnet on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function: t.Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(function.__name__.lstrip("_").removesuffix("_"), help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    parts = f"what to add: {', '.join(startup.OPTIONAL)}"
    for sub in (command(_up, "bring it up, and wait until everything is ready"), command(_build, "only build the programs into the cache")):
        sub.add_argument("--with", dest="optional", type=_optional, default=(), metavar="PART,…", help=parts)
    command(_status, "show each component; exit code 0 when all are ready")
    for sub in (
        command(_down, "take it away without a trace"),
        command(_check, "list what is left of it; exit code 0 when nothing is"),
    ):
        sub.add_argument("--all", action="store_true", help="every laboratory of this machine, not only the one that LAB_NUMBER names")
    command(_env, 'print shell exports: eval "$(python3 -m tests.lab env)"')
    command(_shell, "open a shell in a namespace").add_argument("namespace", choices=NAMESPACES, nargs="?", default="site")
    execute = command(_exec, "run a command in a namespace")
    execute.add_argument("namespace", choices=NAMESPACES)
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    return parser


def _optional(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    unknown = set(names) - startup.OPTIONAL.keys()
    if unknown:
        raise argparse.ArgumentTypeError(f"not among {', '.join(startup.OPTIONAL)}: {', '.join(sorted(unknown))}")
    return names


def _up(options: argparse.Namespace) -> int:
    host.install()
    startup.build_programs(options.optional)
    begin = time.monotonic()
    with locked():
        if SITE_FILE.exists() and all(map(_is_there, startup.components(Site.running().optional))):
            missing = [name for name in options.optional if name not in Site.running().optional]
            startup.link_programs(missing)
            startup.add(missing)
        else:
            # Also the rest of an `up` that was killed, or of a laboratory with a dead component.
            teardown.remove(keep_state=True)
            startup.start(options.optional)
    print(f'The laboratory is up ({time.monotonic() - begin:.1f} s). Use it: eval "$(python3 -m tests.lab env)"')
    return 0


def _is_there(component: Component) -> bool:
    """What does not answer now may be busy."""
    try:
        component.wait()
    except LabError:
        return False
    return True


def _build(options: argparse.Namespace) -> int:
    host.install()
    startup.build_programs(options.optional)
    return 0


def _status(_options: argparse.Namespace) -> int:
    all_ready = True
    for component in startup.components(Site.running().optional):
        pid, ready = process.recorded(component.name), component.is_ready()
        all_ready &= ready
        print(f"{component.name:<14} {'ready' if ready else 'NOT READY':<10} {f'pid {pid}' if pid else 'ended':<12} {component.address}")
    print(f"logs: {LOGS}")
    return 0 if all_ready else 1


def _down(options: argparse.Namespace) -> int:
    if options.all:
        return _each("down")
    with locked():
        teardown.remove()
    print(f"The laboratory is down ({NAME}).")
    return 0


def _check(options: argparse.Namespace) -> int:
    if options.all:
        return _each("check")
    found = teardown.traces()
    for trace in found:
        print(trace)
    return 1 if found else 0


def _each(command: str) -> int:
    """The worst exit code of a command for each laboratory; each in a process of its own, whose places follow from its number."""
    argv = [sys.executable, "-m", "tests.lab", command]
    numbers = sorted({0, *teardown.numbers()})
    return max(subprocess.run(argv, env={**os.environ, "LAB_NUMBER": str(number)}, check=False).returncode for number in numbers)


def _env(_options: argparse.Namespace) -> int:
    print(Site.running().shell_exports())
    return 0


def _shell(options: argparse.Namespace) -> int:
    environment = {**Site.running().child_environment(), "PS1": f"lab {options.namespace} \\w \\$ "}
    argv = [*NAMESPACES[options.namespace].enter, "bash", "--norc"]
    os.execvpe(argv[0], argv, environment)


def _exec(options: argparse.Namespace) -> int:
    if not options.argv:
        raise LabError("Which command?")
    argv = [*NAMESPACES[options.namespace].enter, *options.argv]
    os.execvpe(argv[0], argv, Site.running().child_environment())
