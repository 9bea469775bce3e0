from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.evaluation.contestants import _candidates, predict_seconds
from steps.lineage.artifacts import Artifact


class Model:
    """Answers after a while; writes down who was asked, and about which rows."""

    def __init__(self, calls: list, *seconds: float) -> None:
        self.calls, self.seconds = calls, list(seconds)

    def predict_proba(self, rows: pd.DataFrame) -> None:
        self.calls.append((self, rows["x"].tolist()))
        time.sleep(self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0])


def test_what_a_model_sets_up_at_its_first_call_does_not_count() -> None:
    calls: list = []
    models = [Model(calls, 0.2, 0.002), Model(calls, 0.002)]
    first, second = predict_seconds(models, pd.DataFrame({"x": range(3)}))
    assert 0.002 <= first < 0.05 and 0.002 <= second < 0.05
    assert [model for model, _ in calls] == models * 10, "one call each to warm up, and nine in turns"


def test_a_call_that_something_else_delays_does_not_count() -> None:
    (found,) = predict_seconds([Model([], 0.0, 0.001, 0.3, 0.3, 0.001)], pd.DataFrame({"x": [1.0]}))
    assert found < 0.1


@pytest.mark.parametrize(
    ("n_rows", "asked"),
    [
        (3, [0, 1, 2] * 333 + [0]),
        (1000, list(range(1000))),
        (1999, list(range(1000))),
        (5500, list(range(0, 5000, 5))),
    ],
)
def test_always_as_many_rows_are_predicted(n_rows: int, asked: list[int]) -> None:
    calls: list = []
    predict_seconds([Model(calls, 0.0)], pd.DataFrame({"x": range(n_rows)}, index=range(7, n_rows + 7)))
    assert all(rows == asked for _, rows in calls)


def test_slow_models_are_asked_less_often_but_once_at_least() -> None:
    calls: list = []
    predict_seconds([Model(calls, 0.3), Model(calls, 0.3)], pd.DataFrame({"x": [0]}))
    assert len(calls) == 2 * (1 + 2)
    calls = []
    assert predict_seconds([Model(calls, 0.0, 1.1)], pd.DataFrame({"x": [0]}))[0] >= 1.1
    assert len(calls) == 2


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_scores_are_read_as_they_were_written(scores: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"fold_0": scores}).to_csv(Path(folder) / "candidates.csv", index=False, lineterminator="\n")
        found = _candidates(Artifact(Path(folder), {}))["fold_0"]
    np.testing.assert_array_equal(found, scores)
