"""A git repository with a project, without the user's own settings; and a store to log in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from tests.repositories import commit, write


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project at the top of its repository, without a remote."""
    place = tmp_path / 'a: "user\'s" folder'
    write(place, a__py="a = 1\n", b__py="b = 1\n\nB = 2\n", __gitignore="*.log\nmlruns/\n")
    commit(place)
    return place


@pytest.fixture
def store(client: mlflow.MlflowClient) -> Iterator[None]:
    """Let this process log in the test's store."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    mlflow.set_experiment(experiment_id="1")
    yield
    mlflow.set_tracking_uri(before)
