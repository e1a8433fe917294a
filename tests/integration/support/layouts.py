# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the sidecar whose `tailscale` prints its status in another layout than each version so far."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.lab import images
from tests.lab.topology import BIN

COMMAND = "usr/local/bin/tailscale"
# `serve status --json`, too.
WRAPPER = """\
#!/bin/sh
case "$*" in
    *"status --json"*) real-tailscale "$@" | {changed} ;;
    *) exec real-tailscale "$@" ;;
esac
"""
LAYOUTS = {
    "compact": "tr -d '\\n'",
    "tabbed": """sed 's/^  */\\t/; s/": /"\\t:\\t/'""",
    # Not a document at all.
    "unreadable": "head -n 1",
}


def sidecar_image(layout: str) -> str:
    """Make the image, and return its name."""
    name = f"lab/tailscale-{layout}:1"
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder) / "tailscale"
        wrapper.write_text(WRAPPER.format(changed=LAYOUTS[layout]))
        files = {**images.TAILSCALE.files, COMMAND: wrapper, "usr/local/bin/real-tailscale": BIN / "tailscale"}
        images.make(images.Image(name, files, images.TAILSCALE.change))
    return name
