# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever texts a declaration holds: it is refused with a message, or Nomad reads exactly them, and the app gets exactly them."""

from __future__ import annotations

import base64
import os
import random
import re
import time
import typing as t
import unicodedata

import pytest
from ansible_collections.notailcar.nomad.plugins.plugin_utils._hcl_expressions import DRIVER_OPENING

from tests.integration.support import play
from tests.integration.support.rendering import rendered
from tests.lab.nomad import FIRST
from tests.lab.site import Site

# What HCL, Nomad's templates, Jinja, shells and heredocs make something of, among harmless letters and all of Unicode.
PIECES = (
    *("${", "%{", "}", "$${", "%%{", "$", "%", "\\", '"', "'", "`", "\n", "\r\n", "\t", " ", "#", "//", "/*", "*/", "=", ",", "~"),
    *("EOT", "\nEOT\n", "<<EOT\n", "<<-X\n", "{{", "}}", "{%", "%}", "{#", "[[", "]]", "[[notailcar:", ":notailcar]]"),
    *("${NOMAD_ALLOC_ID}", "${attr.kernel.name}", "${env.HOME}", "%{if true}", "${1+1}", "\\u00e9", "\\n", "null", "true", "0x1f"),
    *("é", "e\u0301", "ß", "😀", "\u2028", "\u200b", "\ufeff", "\x01", "\x1b[31m", "\x7f", "\b"),
)
DECLARATIONS = 1000
# What Nomad itself or a process cannot hold.
UNFIT = ("\x00", "\ud800")
RUNTIME = ("${NOMAD_ALLOC_ID}", "${attr.kernel.name}")


class Texts:
    """Random texts of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self, unfit: bool = False) -> str:
        pieces = [self._piece() for _ in range(self._random.randint(0, 7))]
        if unfit and self._random.random() < 0.02:
            pieces.append(self._random.choice(UNFIT))
        return "".join(pieces)

    def _piece(self) -> str:
        if self._random.random() < 0.2:
            letter = chr(self._random.choice((self._random.randrange(32, 127), self._random.randrange(160, 0x3000), 0x1F600)))
            return letter if unicodedata.category(letter)[0] != "C" else "x"
        return self._random.choice(PIECES)

    def declaration(self) -> dict[str, t.Any]:
        return {
            "name": "anytext",
            "image": self.text(unfit=True) or "image",
            "command": self.text(unfit=True),
            "args": [self.text(unfit=True) for _ in range(self._random.randint(0, 6))],
            "env": {f"V{number}": self.text(unfit=True) for number in range(self._random.randint(0, 6))},
            "files": [{"path": "local/a file", "content": self.text(unfit=True)}],
            "constraints": [{"attribute": "${attr.kernel.name}", "value": self.text(unfit=True)}],
            "datacenters": [self.text(unfit=True) or "dc1"],
            "port": 8080,
            "tags": ["tag:service"],
            "auth_key": "key",
        }


def seed() -> int:
    """The same texts in every run, unless a person wants others."""
    return int(os.environ.get("ANY_TEXT_SEED", "1"))


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def for_the_driver(text: str) -> str:
    """What the jobs API must hold so that the driver's own evaluation gives the text."""
    return nfc(DRIVER_OPENING.sub(lambda found: found["kept"] or found["mark"] * 2 + "{", text))


def test_every_declaration_is_refused_or_read_exactly(nomad_environment: None) -> None:
    begin = seed()
    texts = Texts(begin)
    declarations = [texts.declaration() for _ in range(DECLARATIONS)]
    refused = 0
    for number, (wanted, got) in enumerate(zip(declarations, rendered(declarations), strict=True)):
        about = f"ANY_TEXT_SEED={begin}, declaration {number}: {wanted!r}"
        if "error" in got:
            refused += 1
            assert any(unfit in str(wanted) for unfit in ("\\ud800", "\\ufeff")), f"{about}: {got['error']}"
            continue
        job = FIRST.ask("/v1/jobs/parse", "PUT", {"JobHCL": got["spec"], "Canonicalize": False})
        (group,) = job["TaskGroups"]
        (app,) = (task for task in group["Tasks"] if task["Name"] == "app")
        config = {name: value for name, value in app["Config"].items() if name != "cap_drop"}
        expected = {"image": for_the_driver(wanted["image"]), "command": for_the_driver(wanted["command"])}
        if wanted["args"]:
            expected["args"] = [for_the_driver(text) for text in wanted["args"]]
        assert config == expected, about
        assert app["Env"] == ({name: nfc(text) for name, text in wanted["env"].items()} or None), about
        assert [template["EmbeddedTmpl"] for template in app["Templates"]] == [nfc(wanted["files"][0]["content"])], about
        assert [constraint["RTarget"] for constraint in job["Constraints"]] == [nfc(wanted["constraints"][0]["value"])], about
        assert job["Datacenters"] == [nfc(wanted["datacenters"][0])], about
    assert 0 < refused < DECLARATIONS / 2


# An argument is printed whole, in letters that logs keep.
PRINT = """
for text; do printf "%s" "$text" | base64 -w 0; echo; done
echo ENVIRONMENT
base64 -w 0 /proc/self/environ
echo
echo END
exec sleep 3600
"""


@pytest.mark.parametrize("many", [300])
def test_the_app_gets_exactly_these_arguments_and_this_environment(site: Site, declare, many: int) -> None:
    begin = seed()
    texts = Texts(begin)
    arguments, environment, secrets = (
        # A variable of the task's environment that does not exist is an error of the declaration, a byte order mark is refused.
        [texts.text().replace("${env.HOME}", "$HOME").lstrip("\ufeff") for _ in range(many)]
        for many in (many, many, 20)
    )
    service = declare(
        "anytext",
        image=site.busybox_image,
        command="/bin/sh",
        args=["-c", PRINT, "sh", *map(unsafe, arguments)],
        env={f"V{number}": unsafe(text) for number, text in enumerate(environment)},
        secrets={f"S{number}": unsafe(text) for number, text in enumerate(secrets)},
        resources={"memory": 64},
    )
    done = service.deploy()
    assert done.returncode == 0, f"ANY_TEXT_SEED={begin}: {done.stdout}{done.stderr}"
    allocation = service.allocation()
    lines = log_of(site, allocation)
    split = lines.index("ENVIRONMENT")
    runtime = dict(zip(RUNTIME, (allocation, "linux")))
    got = [base64.b64decode(line).decode() for line in lines[:split]]
    for wanted, found in zip(arguments, got):
        assert found == filled(wanted, runtime, driver=True), f"ANY_TEXT_SEED={begin}: {wanted!r}"
    assert len(got) == len(arguments)
    pairs = dict(pair.split("=", 1) for pair in base64.b64decode(lines[split + 1]).decode().split("\0") if pair)
    for number, wanted in enumerate(environment):
        assert pairs[f"V{number}"] == filled(wanted, runtime, driver=False), f"ANY_TEXT_SEED={begin}: {wanted!r}"
    for number, wanted in enumerate(secrets):
        assert pairs[f"S{number}"] == wanted, f"ANY_TEXT_SEED={begin}: {wanted!r}"


def unsafe(text: str) -> dict[str, str]:
    """A text in an extra-vars file that Ansible does not take for a template."""
    return {"__ansible_unsafe": text}


def filled(text: str, runtime: t.Mapping[str, str], driver: bool) -> str:
    """What the task gets. A driver takes a name after a dollar sign for text; in an environment Nomad knows no such escape."""
    text = nfc(text)
    before = r"(?<!\$)" if driver else ""
    for name, value in runtime.items():
        text = re.sub(before + re.escape(name), value, text)
    return text


def log_of(site: Site, allocation: str) -> list[str]:
    for _attempt in range(50):
        lines = play.run(site, "nomad", "alloc", "logs", allocation, "app").stdout.splitlines()
        if "END" in lines:
            return lines
        time.sleep(0.2)
    raise AssertionError("the app printed nothing")
