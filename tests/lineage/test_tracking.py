from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from steps.lineage.tracking import check_tracking_uri, is_server


@pytest.mark.parametrize("uri", ["sqlite:////tmp/mlflow.db", "postgresql://host/db", "mysql://host/db"])
def test_databases_are_accepted(uri: str) -> None:
    check_tracking_uri(uri)
    assert not is_server(uri)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sqlite:///mlflow.db", "sqlite:////.*mlflow.db"),
        ("mlruns", "mlflow migrate-filestore"),
        ("file:///tmp/mlruns", "mlflow migrate-filestore"),
    ],
)
def test_what_can_not_be_shared_is_refused_with_the_fix(uri: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_tracking_uri(uri)


def test_nobody_there() -> None:
    with pytest.raises(ConnectionError, match=r"Got no answer from the tracking server http://127") as caught:
        check_tracking_uri("http://me:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[int]]]:
    """A proxy before a server, and what it answers next."""
    answers: list[int] = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(answers.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", answers
        server.shutdown()


def test_a_proxy_that_answers_for_a_dead_server_is_none(gateway: tuple[str, list[int]]) -> None:
    uri, answers = gateway
    answers += [502]
    with pytest.raises(ConnectionError, match="Got no answer from the tracking server"):
        check_tracking_uri(uri)


def test_a_server_that_was_there_a_moment_ago_is_asked_again(gateway: tuple[str, list[int]]) -> None:
    uri, answers = gateway
    answers += [503, 401]
    check_tracking_uri(uri, patient=True)
    assert answers == []


@pytest.mark.parametrize("login", ["me:secret", "secret", ":secret"])
def test_a_login_in_the_uri_is_refused(login: str, gateway: tuple[str, list[int]]) -> None:
    uri, answers = gateway
    answers.append(200)
    with pytest.raises(ValueError, match=r"^Got a user or a password in the tracking URI of http://127") as caught:
        check_tracking_uri(uri.replace("//", f"//{login}@"))
    assert "secret" not in str(caught.value)
