"""A tracking store that is a database which clients open themselves, and that dies in the middle of a run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mlflow
import pytest

from tests import tables
from tests.conftest import Started
from tests.processes import wait_until
from tests.servers import postgres

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things
PASSWORD = "not-to-be-seen"


@pytest.fixture
def database() -> Iterator[contextlib.ExitStack]:
    """A PostgreSQL, which ends when this is closed."""
    with contextlib.ExitStack() as running:
        running.port = running.enter_context(postgres(PASSWORD))  # type: ignore[attr-defined]
        yield running


@pytest.fixture
def client(database: contextlib.ExitStack, folder: Path) -> mlflow.MlflowClient:
    client = mlflow.MlflowClient(f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{database.port}/postgres")
    assert client.create_experiment("grove", artifact_location=(folder / "artifacts").as_uri()) == "1"
    return client


@pytest.mark.slow
def test_a_database_that_dies_is_said_at_once_and_without_its_password(
    database: contextlib.ExitStack, start: Callable[..., Started]
) -> None:
    asked, released = threading.Event(), threading.Event()

    class Patient(BaseHTTPRequestHandler):
        """Gives the table when the database is dead."""

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            asked.set()
            released.wait(600)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(tables.numeric_binary().to_csv(index=False).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Patient) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        process, _ = start("load", data=f"http://127.0.0.1:{site.server_port}/t.csv", target="sick")
        wait_until(asked.is_set, 300)
        database.close()
        released.set()
        out, err = process.communicate(timeout=600)
        site.shutdown()
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("Error: Got an error of the tracking store postgresql+psycopg://127.0.0.1:")
    assert "Traceback" not in out + err
    assert PASSWORD not in out + err
