from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from steps.evaluation.report import _address, _commands, _data, importances_of
from steps.lineage.artifacts import Artifact
from steps.report.bar_figures import compared_importances
from steps.report.style import literals
from steps.table.profile import PROFILE, profile
from steps.table.schema import Column, Schema
from steps.table.stored import write_table

SCHEMA = Schema((Column("x", "number", "numeric", ""), Column("y", "text", "target", "named as target")))
SOURCE = {"url": "https://example.org/grove.git", "folder": ""}


@pytest.fixture
def store(folder: Path, client: mlflow.MlflowClient) -> Iterator[mlflow.MlflowClient]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    yield client
    mlflow.set_tracking_uri(before)


def split(folder: Path, load: str, **more: Any) -> Artifact:
    train, test = (pa.table({"x": pa.array([1.0] * len(labels)), "y": labels}) for labels in (["a", "b", "a"], ["b"]))
    (folder / PROFILE).write_text(json.dumps(profile(train, SCHEMA)), encoding="utf-8")
    write_table(test, folder / "test.parquet")
    manifest = {"schema": SCHEMA.to_dict(), "chain": {"load": load}, "left_out": {"no target": 3}, **more}
    return Artifact(folder, manifest)


@pytest.mark.parametrize(("more", "noticed"), [({}, []), ({"notes": ["twins"]}, ["twins"])], ids=["old", "new"])
def test_what_load_and_preprocess_said_of_the_data_is_told(
    store: mlflow.MlflowClient, tmp_path: Path, more: dict, noticed: list[str]
) -> None:
    loaded = Schema((*SCHEMA.columns, Column("same", "text", "dropped", "it is constant")))
    run_id = store.create_run("1").info.run_id
    manifest = {"schema": loaded.to_dict(), "notes": ["a note"], "apart": {"source": "t.csv"}}
    store.log_dict(run_id, manifest, "table/manifest.json")
    store.log_dict(run_id, {"missing": {"x": 0.5}}, "profile.json")
    found = _data(split(tmp_path, run_id, **more))
    assert (found.source, found.schema, found.missing) == ("t.csv", loaded, {"x": 0.5})
    assert found.notes == ["a note", *noticed]
    assert found.sides == {"training": {"a": 2, "b": 1}, "holdout": {"b": 1}}
    assert found.left_out == {"no target": 3}


@pytest.mark.parametrize("gone", ["artifacts", "run"])
def test_what_is_known_without_the_run_of_load_is_told_too(
    store: mlflow.MlflowClient, tmp_path: Path, gone: str
) -> None:
    run_id = store.create_run("1").info.run_id if gone == "artifacts" else "0" * 32
    found = _data(split(tmp_path, run_id, notes=["twins"]))
    assert found.schema == SCHEMA
    assert found.sides["holdout"] == {"b": 1}
    assert "is gone" in found.notes[0] and run_id in found.notes[0]
    assert found.notes[1:] == ["twins"]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (SOURCE, "https://example.org/grove.git"),
        ({**SOURCE, "folder": "tools/my grove"}, "'https://example.org/grove.git#tools/my grove'"),
        ({**SOURCE, "url": "git@example.org:me/grove.git"}, "git@example.org:me/grove.git"),
    ],
)
def test_the_commands_name_the_store_without_its_password_and_the_repository(source: dict, place: str) -> None:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri("https://me:secret@localhost:1/a b")
    try:
        commands = _commands(source, "0123")
    finally:
        mlflow.set_tracking_uri(before)
    assert commands == [
        "export MLFLOW_TRACKING_URI='https://localhost:1/a b'",
        "mlflow run . -e reproduce --env-manager uv -P run_id=0123",
        f"mlflow run {place} -e reproduce --env-manager uv -P run_id=0123",
    ]


@pytest.mark.parametrize("url", [None, "/srv/grove"])
def test_a_repository_that_is_nowhere_else_is_no_place_to_run_from(store: mlflow.MlflowClient, url: str | None) -> None:
    assert len(_commands({**SOURCE, "url": url}, "0123")) == 2


def test_a_run_in_a_database_has_no_address(store: mlflow.MlflowClient) -> None:
    assert _address(store.create_run("1").info.run_id) == ""


@pytest.mark.parametrize(
    "names",
    [
        ["1.1", "1.10", "2"],
        ["001", "1e0", "7"],
        ["NA", "nan", "None", "null", ""],
        [" x ", "a,b", 'say "x"', "two\nlines", "car\rriage", "both\r\n"],
    ],
)
def test_the_names_of_columns_stay_the_texts_that_they_are(tmp_path: Path, names: list[str]) -> None:
    written = pd.DataFrame({"column": names, "mean": np.arange(len(names), 0, -1) / 8, "std": 0.125})
    written.loc[len(names) - 1, "mean"] = None
    # As the trainers write it.
    written.to_csv(tmp_path / "permutation_importances.csv", index=False, lineterminator="\n")
    read = importances_of(Artifact(tmp_path, {}))
    assert read["column"].tolist() == names
    pd.testing.assert_frame_equal(read[["mean", "std"]], written[["mean", "std"]])
    axes = compared_importances({"rf": read, "rf_kmeans": read}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == literals(names)
