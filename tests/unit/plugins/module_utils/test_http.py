# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection serves many requests, and never gives an answer to the wrong one."""

from __future__ import annotations

import os
import resource
import threading
import urllib.request

import pytest
from ansible_collections.notailcar.nomad.plugins.module_utils import _http

URL = "/v1/var/x"
OLD, NEW = ({"Path": "x", "ModifyIndex": 3, "Items": {"key": value}} for value in ("old", "new"))
ARGS = {"path": "x", "items": {"key": "new"}}


def ask(address: str, seconds: float = 5) -> bytes:
    request = urllib.request.Request(address)
    with _http.opener(None).open(request, timeout=seconds) as answer:
        return answer.read()


def write(nomad, in_process):
    """A module that asks twice: it reads, and writes."""
    nomad.on(f"GET {URL}", OLD)
    nomad.on(f"PUT {URL}", NEW)
    assert in_process("variable", **ARGS)["changed"]
    assert [asked.method for asked in nomad.asked if asked.path == URL] == ["GET", "PUT"]


def test_one_connection_for_all_requests(nomad, in_process):
    write(nomad, in_process)
    nomad.on(f"GET {URL}", (500, "busy"), (404, "no such path"), OLD)
    in_process("variable", **ARGS)
    assert nomad.connections == 1


def test_a_server_that_hangs_up_after_each_answer(nomad, in_process):
    nomad.hangs_up = True
    write(nomad, in_process)
    assert nomad.connections == len(nomad.asked)


def test_after_a_long_silence_the_connection_is_new(nomad, in_process, monkeypatch):
    monkeypatch.setattr(_http, "KEPT_SECONDS", 0)
    write(nomad, in_process)
    assert nomad.connections == len(nomad.asked)


def test_other_proxies_or_another_place_are_other_connections(nomad, in_process, monkeypatch):
    write(nomad, in_process)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    in_process("variable", **ARGS)
    assert nomad.connections == 2


def test_file_descriptors_above_1023(nomad, in_process):
    """As in an Ansible with many forks, or with many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _number in range(1100)]
    try:
        write(nomad, in_process)
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert nomad.connections == 1


def test_a_late_answer_is_not_taken_for_that_of_the_next_request(nomad, monkeypatch):
    released = threading.Event()
    answer = nomad.answer

    def late(asked):
        if asked.path == "/late":
            released.wait()
        return answer(asked)

    monkeypatch.setattr(nomad, "answer", late)
    nomad.on("GET /late", "late")
    nomad.on("GET /prompt", "prompt")
    address = os.environ["NOMAD_ADDR"]
    assert ask(f"{address}/prompt") == b"prompt"
    with pytest.raises(TimeoutError):
        ask(f"{address}/late", seconds=0.05)
    released.set()
    assert ask(f"{address}/prompt") == b"prompt"
    assert nomad.connections == 2
