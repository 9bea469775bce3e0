from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, children
from tests.registry.chains import run_step, uri

TWINS = pa.table({"row_id": range(80), "x": [*range(1, 9)] * 10, "label": ["a", "b"] * 40})
"""Eight different rows but for an identifier."""


def test_what_was_noticed_stands_in_the_manifest(
    registry: mlflow.MlflowClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(TWINS, tmp_path / "twins.parquet")
    load = run_step("load", data=tmp_path / "twins.parquet", target="label")
    noticed = {}
    for duplicates in ("keep", "drop"):
        run = run_step("preprocess", table=uri(load, "table"), target="label", duplicates=duplicates)
        noticed[duplicates] = mlflow.artifacts.load_dict(f"{uri(run, 'split')}/manifest.json")["notes"]
        said = capsys.readouterr().err
        for note in noticed[duplicates]:
            assert f"preprocess: {note}" in said
    kept, twins = noticed["keep"]
    assert kept == "72 rows equal an earlier one, and are kept: duplicates=drop leaves them out."
    assert "holdout rows equal a training row but for 'row_id'" in twins
    assert noticed["drop"] == ["The holdout has no rows of 1 of 2 classes: 'b'."]


@pytest.mark.slow
def test_a_sample_is_said_wherever_its_models_are(
    mlflow_run: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    tables.numeric_binary(400).to_csv(folder / "patients.csv", index=False)
    result = mlflow_run(PROJECT, data="patients.csv", target="sick", sample_rows="150", **TRIVIAL)
    assert result.code == 0, result.out
    steps = children(client, result.run)
    split = mlflow.artifacts.load_dict(f"{steps['preprocess'].info.artifact_uri}/split/manifest.json")
    of = split["sample"]["of"]
    assert split["sample"] == {"rows": 150, "of": of}
    assert split["files"]["train.parquet"]["rows"] == 150
    assert split["left_out"] == {"not in the sample of 150 training rows": of - 150}
    metrics = steps["preprocess"].data.metrics
    assert (metrics["train_rows"], metrics["dropped_rows"]) == (150, of - 150)
    assert metrics["train_rows"] + metrics["test_rows"] + metrics["dropped_rows"] == 400
    assert f"150 training rows, a sample of {of}, and {400 - of} in the holdout" in result.out
    told = f"The training rows are a sample of 150 from {of}, by class."
    verdict = mlflow.artifacts.load_dict(f"{steps['evaluate'].info.artifact_uri}/verdict/verdict.json")
    assert verdict["sentence"].endswith(told)
    assert told in result.note
    assert told in client.get_model_version("grove", "1").description
    for name, path in (("preprocess", "card.html"), ("evaluate", "report.html"), ("evaluate", "verdict/card.html")):
        assert told in mlflow.artifacts.load_text(f"{steps[name].info.artifact_uri}/{path}"), path
