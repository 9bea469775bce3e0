"""score, as a process of its own on a registered model."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from steps.score import metrics_of, place_of
from tests import tables
from tests.conftest import PROJECT, Result, Started
from tests.inference.models import arrow, register, scorer_of, trained
from tests.processes import wait_until
from tests.test_bad_input import assert_one_sentence

Step = Callable[..., Result]


@pytest.fixture
def model(client: mlflow.MlflowClient, tmp_path: Path) -> str:
    return register(client, tables.all_categorical(), "label", tmp_path)


def new_rows(rows: int = 200) -> pa.Table:
    """Rows with more columns than the model needs, in another order, and a new category."""
    table = arrow(tables.all_categorical().head(rows))
    shape = pa.array([*table["shape"].to_pylist()[:-1], "square"])
    return pa.table(
        {"note": [f"n, {n}" for n in range(rows)], "shape": shape, "label": table["label"], "colour": table["colour"]}
    )


def expected(table: pa.Table) -> pa.Table:
    return scorer_of(trained(tables.all_categorical(), "label"), table).score(table, 1).rows


@pytest.mark.parametrize(
    ("data", "output"),
    [
        ("new.parquet", "out.csv"),
        pytest.param("new.csv", "out.parquet", marks=pytest.mark.slow),
        ("new", "out/"),
        pytest.param("new.csv", "out.csv.gz", marks=pytest.mark.slow),
    ],
)
def test_from_any_format_to_any(data: str, output: str, model: str, step: Step, folder: Path) -> None:
    table, path = new_rows(), folder / data
    if data == "new":
        path.mkdir()
        for name, start in (("a.parquet", 0), ("b.parquet", 120)):
            pq.write_table(table.slice(start, 120 if start == 0 else 80), path / name)
    else:
        (csv.write_csv if path.suffix == ".csv" else pq.write_table)(table, path)
    result = step("score", data=str(path), model=model, output=str(folder / output))
    assert result.code == 0, result.out
    written = folder / output
    texts = {"keep_default_na": False, "na_values": [""]}
    found = pd.read_csv(written, **texts) if "csv" in output else pq.read_table(written).to_pandas()
    pd.testing.assert_frame_equal(found, expected(table).to_pandas(), check_dtype=False)
    assert result.run.data.metrics["rows"] == 200
    assert result.run.data.metrics["accuracy"] == pytest.approx((found["prediction"] == found["label"]).mean())
    assert "200 rows in" in result.out
    assert "Column 'shape': 0.50% are categories that training had not." in result.out
    assert list(folder.glob(".*")) == []


def test_what_the_run_says(model: str, step: Step, folder: Path, client: mlflow.MlflowClient) -> None:
    frame = tables.all_categorical().assign(colour="mauve").drop(columns="label")
    pq.write_table(arrow(frame), folder / "new.parquet")
    result = step("score", data=str(folder / "new.parquet"), model=model, output=str(folder / "out.parquet"))
    assert result.code == 0, result.out
    run = result.run
    drift = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/drift.json")
    assert [column["name"] for column in drift["columns"]] == ["colour", "shape"]
    assert run.data.metrics["psi_colour"] == drift["columns"][0]["psi"] > 0.25
    assert run.data.metrics["unknown_colour"] == 1
    assert run.data.metrics["missing_shape"] == frame["shape"].isna().mean()
    assert "accuracy" not in run.data.metrics
    assert "score: Drift from the training rows: large in colour" in result.out
    assert "Column 'colour': none of its values occurred in training" in result.out
    assert "large in colour" in result.note
    assert "<h1>Drift</h1>" in mlflow.artifacts.load_text(f"{run.info.artifact_uri}/drift.html")
    assert run.inputs.dataset_inputs[0].dataset.name == "new.parquet"
    key = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/key.json")
    assert key["parameters"] == {"format": "auto", "delimiter": "auto", "encoding": "utf-8"}
    assert [name for name, _ in key["inputs"]] == ["data", "model"]


@pytest.mark.slow
def test_one_row_no_row_and_a_model_without_a_profile(
    client: mlflow.MlflowClient, tmp_path: Path, step: Step, folder: Path
) -> None:
    model = register(client, tables.all_categorical(), "label", tmp_path, profiled=False)
    for rows in (1, 0):
        pq.write_table(new_rows(5).slice(0, rows), folder / f"{rows}.parquet")
        result = step("score", data=str(folder / f"{rows}.parquet"), model=model, output=str(folder / f"{rows}.csv"))
        assert result.code == 0, result.out
        assert len(pd.read_csv(folder / f"{rows}.csv")) == rows
        assert "no drift can be told" in result.out
        assert "no drift can be told" in result.note


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"output": "there.csv"}, ["there.csv", "exists already"]),
        pytest.param({"data": "gone.csv"}, ["gone.csv", "check the path"], marks=pytest.mark.slow),
        pytest.param({"data": "short.csv"}, ["without 'shape'", "did you mean 'Shape'?"], marks=pytest.mark.slow),
    ],
)
def test_it_refuses(given: dict[str, str], words: list[str], model: str, step: Step, folder: Path) -> None:
    csv.write_csv(new_rows(5), folder / "new.csv")
    (folder / "there.csv").write_text("precious")
    (folder / "short.csv").write_text("colour,Shape\nred,round\n")
    given = {"data": "new.csv", "output": "out.csv"} | given
    values = {name: str(folder / value) for name, value in given.items()}
    assert_one_sentence(step("score", model=model, **values), *words)
    assert not (folder / "out.csv").exists()
    assert (folder / "there.csv").read_text() == "precious"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_no_output(
    number: signal.Signals,
    client: mlflow.MlflowClient,
    tmp_path: Path,
    start: Callable[..., Started],
    step: Step,
    folder: Path,
) -> None:
    model = register(client, tables.numeric_binary(), "sick", tmp_path)
    random = np.random.default_rng(0)
    many = pd.DataFrame(random.normal(size=(500_000, 4)), columns=list("abcd"))
    pq.write_table(arrow(many), folder / "new.parquet")
    output = folder / "out.csv"
    process, created = start("score", data=str(folder / "new.parquet"), model=model, output=str(output))
    begun = lambda: [path for path in folder.glob(".out.csv.*.unfinished") if path.stat().st_size > 100_000]  # noqa: E731
    wait_until(lambda: begun() or process.poll() is not None, 60)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not output.exists()
    if number == signal.SIGTERM:
        assert begun() == []
        assert client.get_run(created.info.run_id).info.status == "KILLED"
    pq.write_table(arrow(many.head(10)), folder / "new.parquet")
    assert step("score", data=str(folder / "new.parquet"), model=model, output=str(output)).code == 0
    assert begun() == []
    assert len(pd.read_csv(output)) == 10


@pytest.mark.slow
def test_a_relative_path_starts_where_the_command_is_typed(
    model: str, mlflow_run: Callable[..., Result], folder: Path
) -> None:
    csv.write_csv(new_rows(5), folder / "new.csv")
    result = mlflow_run(PROJECT, "score", data="new.csv", model=model, output="out.csv")
    assert result.code == 0, result.out
    assert len(pd.read_csv(folder / "out.csv")) == 5
    assert str(folder / "out.csv") in result.out


def test_metrics_have_names_that_mlflow_takes_each_its_own() -> None:
    columns = [{"name": name, "psi": 0.5, "missing": 0.0, "unknown": None} for name in ("a{b", "a}b", "Größe", "a/b")]
    shares = [{"name": "x" * 300, "predicted": 0.25}]
    content = {"rows": 3, "columns": columns, "classes": {"psi": None, "shares": shares}, "metrics": {"accuracy": 1.0}}
    found = metrics_of(json.loads(json.dumps(content)))
    assert list(found) == [
        "rows",
        "accuracy",
        f"class_share_{'x' * 228}",
        "psi_a_b",
        "psi_a_b_2",
        "psi_Größe",
        "psi_a_b_3",
        "missing_a_b",
        "missing_a_b_2",
        "missing_Größe",
        "missing_a_b_3",
    ]


@pytest.mark.parametrize(
    ("output", "is_folder"), [("a/b.csv", False), ("a/b", True), ("a/b.d/", True), ("/x.parquet", False)]
)
def test_a_name_without_a_suffix_is_a_folder(output: str, is_folder: bool) -> None:
    assert place_of(output)[1] == is_folder


def test_an_output_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="Got output=s3://bucket/out, expected a path on this machine"):
        place_of("s3://bucket/out")
