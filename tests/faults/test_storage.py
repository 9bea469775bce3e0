"""An artifact storage whose client has errors of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest

from tests import tables
from tests.conftest import Result
from tests.servers import s3

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "not-to-be-seen", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def client(folder: Path) -> mlflow.MlflowClient:
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("grove", artifact_location="s3://bucket/grove")
    return client


@pytest.mark.slow
def test_a_storage_that_is_not_there_is_said(
    environment: dict[str, str], step: Callable[..., Result], folder: Path
) -> None:
    environment |= KEYS | {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    load = step("load", data=str(folder / "t.csv"), target="sick")
    assert load.code == 1
    assert load.run.info.status == "FAILED"
    assert "Traceback" not in load.out
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in load.out
    assert "Error: Got an error of the artifact storage, expected it to keep and give artifacts: " in load.out


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_said(
    environment: dict[str, str], step: Callable[..., Result], folder: Path
) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    with s3() as storage:
        environment |= KEYS | {"MLFLOW_S3_ENDPOINT_URL": storage}
        load = step("load", data=str(folder / "t.csv"), target="sick")
    assert load.code == 1
    assert load.run.info.status == "FAILED"
    assert not [tag for tag in load.run.data.tags if tag.startswith("grove.output.")]
    sentence = load.out.splitlines()[-1]
    assert sentence.startswith("Error: Got an error of the artifact storage, ")
    assert "bucket does not exist" in sentence
    assert "Traceback" not in load.out
