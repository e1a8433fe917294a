# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole modules against a scripted Nomad or control plane, in process and packaged."""

from __future__ import annotations

import importlib
import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.notailcar.nomad.plugins.module_utils import _http

from tests import in_process
from tests.in_process import PLUGINS, Result, Screen
from tests.unit.support import control_planes
from tests.unit.support.control_planes import ControlPlane, Headscale, Tailscale
from tests.unit.support.scripted_server import Scripted

Call = t.Callable[..., Result]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[Scripted, str]]:
    """A server that answers from a script, and its address; no time passes between retries."""
    fake = Scripted()
    server = fake.serve()
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    yield fake, f"http://127.0.0.1:{server.server_port}"
    # The next test's server may get the same port: no connection must be left.
    _http._opener.cache_clear()
    server.shutdown()
    server.server_close()


@pytest.fixture
def nomad(scripted: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A scripted Nomad that the environment points to."""
    for name in ("NOMAD_TOKEN", "NOMAD_NAMESPACE", "NOMAD_REGION", "NOMAD_CACERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NOMAD_ADDR", scripted[1])
    return scripted[0]


@pytest.fixture
def tailscale(scripted: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch) -> Tailscale:
    """A scripted hosted API that the environment points to."""
    return Tailscale(*scripted).found_by(monkeypatch)


@pytest.fixture
def headscale(scripted: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch) -> Headscale:
    """A scripted headscale that the environment points to."""
    return Headscale(*scripted).found_by(monkeypatch)


@pytest.fixture(params=["tailscale", "headscale"])
def control_plane(request: pytest.FixtureRequest) -> ControlPlane:
    """Both control planes."""
    return t.cast("ControlPlane", request.getfixturevalue(request.param))


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture(name="in_process")
def in_process_fixture(screen: Screen) -> Call:
    """Call a module as its action plugin does inside the worker."""

    def call(name: str, /, check: bool = False, no_log: bool = False, **args: t.Any) -> Result:
        return in_process.call(screen, name, args, check, no_log)

    return call


@pytest.fixture
def packaged(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call a module's own main()."""

    def call(name: str, /, check: bool = False, **args: t.Any) -> Result:
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        with patch_module_args({**args, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            module.main()
        return t.cast("Result", json.loads(capsys.readouterr().out))

    return call


@pytest.fixture(params=["in_process", "packaged"])
def ask(request: pytest.FixtureRequest, screen: Screen) -> Call:
    """Call a module both ways; whatever it says, it shows no secret of a control plane, and a new key nowhere but as `key`."""
    call = request.getfixturevalue(request.param)

    def asked(name: str, /, check: bool = False, **args: t.Any) -> Result:
        result = call(name, check=check, **args)
        said = json.dumps([{**result, "key": None}, screen.lines, screen.warnings])
        assert not [secret for secret in (*control_planes.SECRETS, control_planes.NEW_TEXT) if secret in said]
        return t.cast("Result", result)

    return asked
