# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One scan over what the whole suite has left: no key and no canary of any test lies where it does not belong."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import typing as t
from pathlib import Path

from tests.integration.support import leavings, play
from tests.lab.command import wait_until
from tests.lab.site import Site

# What is certainly among what is kept of each kind, or the scan would have nothing to look at.
MARKS = {
    **dict.fromkeys(("output", "ansible.log", "artifacts"), "TASK ["),
    **dict.fromkeys(("job", "containers"), "SIDECAR_TAGS"),
    "events": "runner_on_ok",
    "arguments": "ansible-playbook",
}


def _files() -> t.Iterator[Path]:
    """What the tests of all lanes have kept, temporary files, and the project itself."""
    yield from leavings.files(leavings.KEPT)
    yield from leavings.files(Path.home() / ".ansible")
    for directory in Path(tempfile.gettempdir()).glob("ansible*"):
        yield from leavings.files(directory)
    tracked = subprocess.run(["git", "ls-files"], cwd=play.ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    yield from (play.ROOT / name for name in tracked)


def _texts() -> t.Iterator[tuple[Path, str]]:
    for file in _files():
        # A link to a directory is nothing to read.
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            yield file, file.read_text(errors="replace")


def test_no_secret_is_left(site: Site) -> None:
    wait_until(leavings.other_lanes_ended, "the other lanes to end", 1800)
    leavings.keep_laboratory()
    canaries = leavings.CANARIES.read_text().split()
    secrets = set(leavings.KEYS_SEEN.read_text().split()) | set(canaries)
    places, found = 0, []
    for place, text in _texts():
        places += 1
        found += [f"{secret[:4]}… in {place}" for secret in secrets if secret in text]
    print(f"{len(secrets)} secrets, of which {len(canaries)} canaries, were looked for in {places} places")
    assert canaries
    assert [kind for kind, mark in MARKS.items() if mark not in (leavings.KEPT / kind).read_text(errors="replace")] == []
    assert list((leavings.KEPT / "allocations").glob("*/tailscale/local/run/evidence.json"))
    assert found == []
