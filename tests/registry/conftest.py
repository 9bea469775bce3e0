"""One store for all tests of the registry; each test has a model name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import mlflow
import pytest


@pytest.fixture(scope="session")
def registry_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("a store")
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("grove", artifact_location=(folder / "artifacts").as_uri())
    return folder / "mlflow.db"


@pytest.fixture
def registry(registry_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mlflow.MlflowClient]:
    """Let this process log in the store."""
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{registry_store}")
    mlflow.set_experiment(experiment_id="1")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def name(registry: mlflow.MlflowClient) -> str:
    """Give a model name that no other test has."""
    return f"model {uuid4().hex}"
