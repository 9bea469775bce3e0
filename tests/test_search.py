"""Trainers that search in other ways than by default: on a cluster, by halving, and apart from other searches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from tests import tables
from tests.clusters import dask, start_scheduler
from tests.conftest import Result

pytestmark = pytest.mark.slow


@pytest.fixture
def split(step: Callable[..., Result], folder: Path) -> str:
    tables.numeric_binary(400).to_csv(folder / "t.csv", index=False)
    load = step("load", data=str(folder / "t.csv"), target="sick")
    preprocess = step("preprocess", table=f"runs:/{load.run.info.run_id}/table")
    assert preprocess.code == 0, preprocess.out
    return f"runs:/{preprocess.run.info.run_id}/split"


def below(client: mlflow.MlflowClient, done: Result) -> list[Run]:
    return client.search_runs(["1"], f"tags.mlflow.parentRunId = '{done.run.info.run_id}'", order_by=["start_time"])


GRID = {"n_estimators": "3,6", "max_depth": "1,2,3", "max_features": "sqrt", "min_samples_leaf": "1,5", "cv": "2"}


def test_halving_on_a_cluster_of_one_thread(
    split: str, step: Callable[..., Result], client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    here = step("train_rf", split=split, search="halving", **GRID)
    assert here.code == 0, here.out
    assert "train_rf: 12 candidates on " in here.out
    assert "; each candidate by itself on all rows would take 108" in here.out
    with ExitStack() as stack:
        address = start_scheduler(stack, tmp_path)
        dask(stack, tmp_path, "worker", address, "--nthreads", "1")
        there = step("train_rf", split=split, search="halving", compute=address, cache="off", **GRID)
    assert there.code == 0, there.out
    assert "taken over" not in there.out
    shown = [(run.data.params, run.data.metrics["cv_balanced_accuracy"]) for run in below(client, here)]
    assert len(shown) > 12
    assert {params.get("n_rows") for params, _ in shown} > {None}
    key = str
    assert sorted(shown, key=key) == sorted(
        [(run.data.params, run.data.metrics["cv_balanced_accuracy"]) for run in below(client, there)], key=key
    )
    assert here.run.data.tags["grove.output.search"] == there.run.data.tags["grove.output.search"]


def test_a_search_with_cache_off_neither_takes_nor_gives(split: str, step: Callable[..., Result]) -> None:
    first, again, last = (step("train_rf", split=split, cache=cache, **GRID) for cache in ("off", "use", "off"))
    assert (first.code, again.code, last.code) == (0, 0, 0)
    assert "taken over" not in first.out + again.out + last.out
    assert first.run.data.tags["grove.cache"] == "off"
