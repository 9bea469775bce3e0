"""Repositories to check out from, and a place for it that must be left empty."""

from __future__ import annotations

import base64
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.repositories import commit, write
from tests.servers import git_daemon


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which must be left empty."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a larger repository, with two commits, at the second one."""
    place = tmp_path / "served" / "larger" / "my tools"
    write(place, a__py="a = 1\n", __gitignore="*.log\n")
    write(place.parent, other__py="b = 1\n")
    commit(place.parent)
    write(place, a__py="a = 2\n")
    commit(place.parent)
    return place


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder in a clone that has none of the commits."""
    write(tmp_path / "elsewhere", a__py="a = 1\n")
    commit(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """A git daemon that serves the projects of this test."""
    with git_daemon(tmp_path / "served") as url:
        yield url


class _Guarded(SimpleHTTPRequestHandler):
    """Serve files to whoever knows the password."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == "Basic " + base64.b64encode(b"user:secret").decode():
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """A server that wants a password and knows nothing of git but its files."""
    handler = partial(_Guarded, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
