from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest

from steps.inference.model import TrainedModel, read_model
from tests import tables
from tests.inference.models import register, trained


@pytest.fixture(autouse=True)
def _store(client: mlflow.MlflowClient) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    yield
    mlflow.set_tracking_uri(before)


def test_a_registered_model_has_all_that_scoring_needs(client: mlflow.MlflowClient, tmp_path: Path) -> None:
    uri = register(client, tables.dates(), "weekend", tmp_path)
    found, expected = read_model(uri), trained(tables.dates(), "weekend")
    assert [(c.name, c.type, c.role) for c in found.features] == [(c.name, c.type, c.role) for c in expected.features]
    assert (found.target.name, found.target.type) == ("weekend", "text")
    assert found.profile == expected.profile
    assert found.known == {"flag": {"True", "False"}}
    assert found.class_texts == ["no", "yes"]
    assert len(found.digest) == 64
    rows = tables.dates().head(3)
    assert np.array_equal(found.pipeline.predict_proba(rows), expected.pipeline.predict_proba(rows))
    folder = mlflow.artifacts.download_artifacts(artifact_uri=uri)
    assert isinstance(read_model(folder), TrainedModel), "a path will do"


def test_what_is_no_model_of_grove_is_refused(client: mlflow.MlflowClient, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Got model=models:/nothing@champion, which can't be fetched"):
        read_model("models:/nothing@champion")
    with pytest.raises(ValueError, match="which can't be fetched"):
        read_model(str(tmp_path / "nothing"))
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    with pytest.raises(ValueError, match=r"which does not say .* expected a model of a trainer of Grove"):
        read_model(str(tmp_path))
