"""A team on one tracking server: hits and reproductions across clients."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from tests import tables
from tests.conftest import TRIVIAL, copy_project
from tests.servers import free_port, wait_for

SMALL = {"data": "table.csv", "target": "sick", **TRIVIAL}


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    """A tracking server that keeps the artifacts itself."""
    port = free_port()
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination",
        str(folder / "kept"),
    ]
    with subprocess.Popen([*command, *store], cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True) as started:
        try:
            wait_for(port, started)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(started.pid, signal.SIGTERM)


def type_as(name: str, server: str, tmp_path: Path, entry_point: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Type `mlflow run` as a user with a home, a clone, a table and a name of their own."""
    home = tmp_path / name
    if not home.exists():
        copy_project(home / f"{name}'s grove")
        tables.numeric_binary().to_csv(home / "table.csv", index=False)
    words = [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
    return subprocess.run(
        ["mlflow", "run", str(home / f"{name}'s grove"), "-e", entry_point, "--env-manager", "local", *words],
        cwd=home,
        env={**os.environ, "HOME": str(home), "USER": name, "LOGNAME": name, "MLFLOW_TRACKING_URI": server},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.slow
def test_a_colleague_gets_the_hits_and_reproduces_the_run(server: str, tmp_path: Path) -> None:
    first = type_as("ann", server, tmp_path, "main", **SMALL)
    assert first.returncode == 0, first.stdout + first.stderr
    client = mlflow.MlflowClient(server)
    (main,) = client.search_runs(["0"], "tags.mlflow.project.entryPoint = 'main'")

    second = type_as("bob", server, tmp_path, "main", **SMALL)
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stdout.count(": cached, from main of ") == 6, second.stdout

    # The recorded table is what it starts from: bob has none of ann's files.
    (tmp_path / "ann" / "table.csv").rename(tmp_path / "ann" / "away.csv")
    third = type_as("bob", server, tmp_path, "reproduce", run_id=main.info.run_id)
    assert third.returncode == 0, third.stdout + third.stderr
    assert "starts from the recorded table" in third.stdout
    assert "identical: all 4 steps after load" in third.stdout
    assert client.get_run(main.info.run_id).data.tags["grove.reproduction"] == "identical"
