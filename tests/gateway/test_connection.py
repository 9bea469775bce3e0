"""What goes to a gateway's server and what comes from it: who gets the login, and what no server can do to a client."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from steps.gateway.client import Gateway, NoAnswerError, find_gateway, gateway_url
from tests.gateway.raw_server import LISTING, Server, http
from tests.llm_server import completion
from tests.servers import free_port

MESSAGES = [{"role": "user", "content": "Describe a forest."}]


def refused(url: str, gateway: Gateway | None = None) -> str:
    with pytest.raises(NoAnswerError) as caught:
        gateway.ask("one", MESSAGES) if gateway else find_gateway(url)
    sentence = str(caught.value)
    assert sentence.startswith("Got ")
    assert "secret" not in sentence
    return sentence


@pytest.fixture
def tracking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A tracking server for a user with a password."""
    with Server([LISTING]) as server:
        monkeypatch.setattr("mlflow.get_tracking_uri", lambda: f"{server.url}/mlflow")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret-of-ann")
        yield server


def authorization(server: Server) -> set[str]:
    """Return what each request to the server had as its login."""
    assert server.heard
    lines = [line for heard in server.heard for line in heard.splitlines() if "uthorization" in line]
    assert len(lines) in (0, len(server.heard))
    return {line.partition(": ")[2] for line in lines}


def ask_both_kinds(url: str) -> None:
    """Ask in every way that there is, whatever the answer."""
    find_gateway(url)
    for kind in ("built-in", "standalone"):
        with contextlib.suppress(NoAnswerError):
            Gateway(url, kind).ask("one", MESSAGES)


def test_the_tracking_server_gets_the_login(tracking: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_both_kinds(f"{tracking.url}/elsewhere")
    assert authorization(tracking) == {f"Basic {base64.b64encode(b'ann:secret-of-ann').decode()}"}
    assert {heard.split()[1] for heard in tracking.heard} == {
        "/elsewhere/gateway/mlflow/v1/models",
        "/elsewhere/gateway/mlflow/v1/chat/completions",
        "/elsewhere/endpoints/one/invocations",
    }
    tracking.heard.clear()
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret-token")
    ask_both_kinds(tracking.url)
    assert authorization(tracking) == {"Bearer secret-token"}


def test_nobody_else_gets_the_login(tracking: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = ann\nmlflow_tracking_password = secret-of-file\n", encoding="utf-8"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    with Server([LISTING]) as other:
        ask_both_kinds(other.url)
        assert authorization(other) == set()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret-token")
        ask_both_kinds(other.url)
        assert authorization(other) == set()
    # The same port of the same machine under another name may be another server tomorrow.
    ask_both_kinds(tracking.url.replace("127.0.0.1", "localhost"))
    assert authorization(tracking) == set()


def test_a_server_that_leads_elsewhere_is_not_followed(tracking: Server) -> None:
    with Server([LISTING]) as other:
        moved = http(b"", "307 Temporary Redirect", Location=f"{other.url}/?token=secret-token")
        tracking.answers = ([moved],)
        assert f"leads on to {other.url}/" in refused(tracking.url)
        assert not other.heard


def test_a_gateway_behind_a_path_is_found() -> None:
    with Server([LISTING]) as server:
        assert find_gateway(f"{server.url}/team/llm/").url == f"{server.url}/team/llm"
        assert server.heard[0].startswith("GET /team/llm/gateway/mlflow/v1/models ")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http(b"<html>Hello</html>", kind="text/html"), "where no gateway of MLflow is (it answers 200)"),
        (http(b"[]"), "where no gateway of MLflow is (it answers 200)"),
        (http(b'{"data": 3}'), "where no gateway of MLflow is (it answers 200)"),
        (http(b'{"data": ["a"]}'), "where no gateway of MLflow is (it answers 200)"),
        (http(b"[" * 100_000), "where no gateway of MLflow is (it answers 200)"),
        (
            http(b'{"detail": "Not Found"}', "404 Not Found"),
            "where no gateway of MLflow is (it answers 404: Not Found)",
        ),
        (http(b"", "500 Internal Server Error"), "where no gateway of MLflow is (it answers 500)"),
        (http(b"Who?", "401 Unauthorized", "text/plain"), "expected it to let this user in"),
        (http(b"No.", "403 Forbidden", "text/plain"), "expected it to let this user in"),
        (http(b"{}", "501 Not Implemented"), "where no gateway of MLflow is (it answers 501)"),
        (http(b"x" * 2_000_000), "more than 1,000,000 bytes"),
        (http(b"{}", Content_Length=50), "which broke off"),
        (b"", "Got no answer from"),
        (b"Hello\r\n\r\n", "Got no answer from"),
        (http(b"\x00\x01", Content_Encoding="gzip"), "Got no answer from"),
    ],
)
def test_a_server_that_is_no_gateway_is_called_so(answer: bytes, why: str) -> None:
    with Server([answer]) as server:
        assert why in refused(server.url)


@pytest.mark.parametrize("trickling", ["head", "body", "nothing"])
def test_no_server_takes_longer_than_allowed(trickling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "1")
    content = http(json.dumps(completion("x" * 1_000)).encode())
    pieces = {"head": [content[i : i + 1] for i in range(len(content))], "body": [content[:-500]], "nothing": [b""]}
    pieces["body"] += [content[i : i + 1] for i in range(len(content) - 500, len(content))]
    with Server(pieces[trickling], pause=60 if trickling == "nothing" else 0.1) as server:
        for kind in ("built-in", "standalone"):
            started = time.monotonic()
            assert "within 1 seconds" in refused("", Gateway(server.url, kind))
            assert time.monotonic() - started < 9


def test_a_server_that_asks_for_patience_gets_it() -> None:
    busy = http(b"{}", "503 Service Unavailable", Retry_After=2)
    with Server([busy], [http(json.dumps(completion("Yes.")).encode())]) as server:
        started = time.monotonic()
        assert Gateway(server.url, "built-in").ask("one", MESSAGES).text == "Yes."
        assert 2 <= time.monotonic() - started < 15


def test_a_server_that_asks_for_an_hour_is_left_at_once() -> None:
    with Server([http(b'{"error": "Too many"}', "429 Too Many Requests", Retry_After=3600)]) as server:
        started = time.monotonic()
        assert "rate limit from the endpoint one that lasts: Too many" in refused("", Gateway(server.url, "standalone"))
        assert time.monotonic() - started < 9
        assert len(server.heard) == 1


def test_a_server_that_is_busy_and_then_silent_is_called_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "3")
    busy = http(b'{"detail": "Wait"}', "429 Too Many Requests")
    with Server([busy]) as server:
        silence = (b"" for _ in iter(lambda: server.ended.wait(0.1), True))
        server.answers = ([busy], silence)
        assert "a rate limit from the endpoint one that lasts: Wait" in refused("", Gateway(server.url, "built-in"))
        assert len(server.heard) == 2


def test_a_gateway_that_is_down_is_called_so() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert f"Got no answer from {url} (ConnectionError), expected a gateway: is it running" in refused(url)
    assert f"Got no answer from {url} (ConnectionError)" in refused("", Gateway(url, "built-in"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "databricks",
        "sqlite:////tmp/mlflow.db",
        "127.0.0.1:5000",
        "http://",
        "http://host:port",
        "http://host:99999",
        "ftp://host",
        "http://host/?key=secret",
        "http://[::1",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    assert "as the gateway, expected a URL with http or https" in refused(url)


def test_a_login_in_the_url_is_not_repeated() -> None:
    assert "Got no answer from http://127.0.0.1:" in refused(f"http://me:secret@127.0.0.1:{free_port()}")


def test_the_gateway_meant_is_the_given_one_then_the_variable_s_then_the_tracking_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MLFLOW_DEPLOYMENTS_TARGET", raising=False)
    monkeypatch.setattr("mlflow.get_tracking_uri", lambda: "sqlite:////home/me/mlflow.db")
    with pytest.raises(NoAnswerError, match=r"^Got no gateway, and no tracking server that has one; expected a URL"):
        gateway_url("")
    monkeypatch.setattr("mlflow.get_tracking_uri", lambda: "http://tracking")
    assert gateway_url("") == "http://tracking"
    monkeypatch.setenv("MLFLOW_DEPLOYMENTS_TARGET", "http://target")
    assert gateway_url("") == "http://target"
    assert gateway_url("http://given") == "http://given"
