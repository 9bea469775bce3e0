from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from steps.lineage import web
from steps.lineage.artifacts import NotFetchedError, download
from tests.conftest import Result

CONTENT = b"a,b\n" + b"1,2\n" * 1000


class Site(BaseHTTPRequestHandler):
    """Answers as its path says, and counts how often it was asked."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        times = len(type(self).asked)
        if self.path.startswith("/error-then-whole") and times == 1:
            self.send_error(500)
        elif self.path.startswith("/status/"):
            self.send_error(int(self.path.split("/")[2]))
        elif self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "/blobs/0123")
            self.end_headers()
        elif self.path.startswith("/chunks"):
            self.protocol_version = "HTTP/1.1"
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"4\r\na,b\n\r\n")
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            if self.path.startswith("/named"):
                self.send_header("Content-Disposition", 'attachment; filename="../../t.csv"')
            self.end_headers()
            breaks = self.path.startswith(("/half", "/stall")) or (self.path.startswith("/half-then") and times == 1)
            self.wfile.write(CONTENT[:2004] if breaks and not ("then" in self.path and times > 1) else CONTENT)
            self.wfile.flush()
            if self.path.startswith("/stall"):
                time.sleep(2)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(web, "_PAUSES", (0.01, 0.01))
    monkeypatch.setattr(web, "_TIMEOUTS", (10.0, 0.5))
    Site.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.mark.parametrize("path", ["/t.csv", "/error-then-whole/t.csv", "/half-then-whole/t.csv"])
def test_a_file_comes_whole_at_the_first_attempt_or_the_second(path: str, site: str) -> None:
    assert web.fetch_file(site + path).read_bytes() == CONTENT
    assert len(Site.asked) == (2 if "then" in path else 1)


@pytest.mark.parametrize(
    ("path", "words", "attempts"),
    [
        ("/half/t.csv", "answer breaks off before it is whole", 3),
        ("/chunks/t.csv", "answer breaks off before it is whole", 3),
        ("/stall/t.csv", "is silent for 0 seconds", 3),
        ("/status/500/t.csv", "answers 500 Internal Server Error", 3),
        ("/status/404/t.csv", "answers 404 Not Found", 1),
    ],
)
def test_half_a_file_is_none(path: str, words: str, attempts: int, site: str, temporary: Path) -> None:
    url = site.replace("//", "//me:secret@") + path + "?sig=secret"
    with pytest.raises(
        NotFetchedError, match=rf"^Got data={site}{path}\?…, which can't be fetched: .*{words}$"
    ) as caught:
        download(url, "data")
    assert "secret" not in str(caught.value)
    assert len(Site.asked) == attempts
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://no-such-host.invalid/t.csv", "name is unknown"),
        ("http://127.0.0.1:9/t.csv", "does not answer"),
    ],
)
def test_nobody_there(url: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_PAUSES", (0.01, 0.01))
    with pytest.raises(requests.RequestException) as caught:
        web.fetch_file(url)
    assert words in web.why(caught.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/named?id=3", "t.csv"),
        ("/elsewhere/t%20u.csv?x=y.txt", "t u.csv"),
        ("/..%2F..%2Ft.csv", "t.csv"),
        ("/", "data"),
    ],
)
def test_the_file_has_the_name_that_it_has_there_and_stays_in_its_folder(
    path: str, name: str, site: str, temporary: Path
) -> None:
    found = web.fetch_file(site + path)
    assert found.name == name
    assert found.parents[1] == temporary


@pytest.mark.slow
def test_a_table_that_breaks_off_is_refused_by_main_before_anything_runs(
    site: str, step: Callable[..., Result], client: object
) -> None:
    main = step("main", data=f"{site}/half/t.csv", target="b")
    assert main.code == 1
    assert f"Error: Got data={site}/half/t.csv, which can't be fetched: its server's answer breaks off" in main.out
    assert "Traceback" not in main.out
    assert len(Site.asked) == 3
