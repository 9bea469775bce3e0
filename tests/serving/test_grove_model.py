from __future__ import annotations

import ast
import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from steps.serving import grove_model
from steps.serving.grove_model import GroveModel, check
from tests import tables
from tests.inference.models import arrow, model_of, scorer_of

INSTALLED = {"mlflow", "numpy", "pandas", "skops", "sklearn"}
"""What is named in the requirements of each model."""


def test_it_needs_nothing_of_grove() -> None:
    tree = ast.parse(Path(grove_model.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in imported} <= INSTALLED | sys.stdlib_module_names


@pytest.mark.parametrize("name", ["numeric_binary", "all_categorical", "many_classes"])
def test_it_answers_as_score_does(name: str) -> None:
    trained, frame = model_of(name), getattr(tables, name)().head(50)
    features = [{"name": feature.name, "type": feature.type} for feature in trained.features]
    model, rows = GroveModel(trained.pipeline, features), frame[[feature["name"] for feature in features]]
    scored = scorer_of(trained, arrow(frame)).score(arrow(frame), 1).rows.to_pandas()
    answer = model.predict(rows, {"probabilities": True})
    pd.testing.assert_frame_equal(answer, scored[answer.columns.tolist()], check_dtype=False)
    assert (
        list(model.predict(rows)) == list(model.predict(rows, {"probabilities": False})) == list(answer["prediction"])
    )
    with pytest.raises(MlflowException, match="Got no rows"):
        model.predict(rows.head(0))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", [1, 2.5, None, np.nan, pd.NA, np.float32(1)]),
        ("number", np.array([1.5, np.nan])),
        ("number", pd.array([1, None], dtype="Int64")),
        ("boolean", [True, np.False_, None, 1, 0.0]),
        ("boolean", pd.array([True, None], dtype="boolean")),
        ("date", ["2024-02-29", "2024-02-29T10:00:00Z", None, dt.date(2024, 2, 29), pd.Timestamp(0), pd.NaT]),
        ("date", pd.to_datetime(["2024-02-29"])),
        ("text", ["a", None, np.nan]),
        ("text", pd.Series(["a", None], dtype="str")),
        ("text", pd.Series(["a", None], dtype="category")),
    ],
)
def test_values_of_the_type_and_missing_ones_pass(kind: str, values: list) -> None:
    check(
        pd.Series(values) if not isinstance(values, list) else pd.Series(values, dtype=object),
        {"name": "x", "type": kind},
    )


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", "abc", "Got 'abc' in column 'x', row 2, expected a number or null."),
        ("number", "1", "Got '1' in"),
        ("number", True, "Got True in"),
        ("number", [1], r"Got \[1\] in"),
        ("boolean", "true", "Got 'true' in column 'x', row 2, expected true or false or null"),
        ("boolean", 2, "Got 2 in"),
        ("date", "29.02.2024", "expected a date such as '2024-02-29' or null"),
        ("date", 5, "Got 5 in"),
        ("text", np.int64(5), "Got 5 in column 'x', row 2, expected text or null"),
        ("text", {"a": 1}, "Got {'a': 1} in"),
    ],
)
def test_another_type_is_refused_by_value_and_row(kind: str, value: object, words: str) -> None:
    with pytest.raises(MlflowException, match=words) as caught:
        check(pd.Series([None, value], dtype=object), {"name": "x", "type": kind})
    assert caught.value.get_http_status_code() == 400
