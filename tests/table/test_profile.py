from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.clean import clean
from steps.table.profile import MOST_CATEGORIES, PROFILE, bin_counts, class_counts, profile, training_classes
from steps.table.schema import Schema, infer_schema


def schema_of(table: pa.Table, **options: list[str]) -> Schema:
    return infer_schema(table, target="label", max_categories=9, **options)[0]


def test_class_counts_the_most_frequent_first_without_the_missing() -> None:
    table = pa.table({"label": ["b", "a", None, "b", "None"]})
    assert list(class_counts(table, "label").items()) == [("b", 2), ("a", 1), ("None", 1)]


def test_a_small_table() -> None:
    table = pa.table(
        {
            "tens": [float(value) for value in range(1, 21)],
            "mostly_zero": [0.0] * 17 + [1.0, 2.0, None],
            "day": [dt.date(1970, 1, 1 + day % 2) for day in range(20)],
            "word": ["b", "a", None, "b"] * 5,
            "flag": [True, False] * 10,
            "label": [1, 2] * 10,
        }
    )
    found = profile(table, schema_of(table))
    assert found["rows"] == 20
    assert found["classes"] == {"1": 10, "2": 10}
    assert found["columns"] == {
        "tens": {"edges": [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0], "counts": [2] * 10, "missing": 0},
        "mostly_zero": {"edges": [0.0, 1.0], "counts": [17, 1, 1], "missing": 1},
        "day": {"edges": [0.0, 1.0], "counts": [10, 10, 0], "missing": 0},
        "word": {"categories": ["b", "a"], "counts": [10, 5, 0], "missing": 5},
        "flag": {"categories": ["False", "True"], "counts": [10, 10, 0], "missing": 0},
    }


def test_values_outside_of_training_are_in_the_outer_bins_and_no_numbers_are_missing() -> None:
    about = {"edges": [1.0, 2.0], "counts": [1, 1, 1], "missing": 0}
    column = pa.array([-100.0, 1.0, 1.5, 2.0, 1e300, None, float("nan"), float("inf")])
    assert bin_counts(column, about).tolist() == [2, 2, 1, 3]
    assert bin_counts(pa.array(["new", "a", None]), {"categories": ["a"]}).tolist() == [1, 1, 1]


def test_rare_categories_of_many_are_counted_together() -> None:
    words = [f"w{number}" for number in range(MOST_CATEGORIES + 20)]
    table = pa.table({"word": words * 2 + words[-3:], "label": (["a", "b"] * 200)[: 2 * len(words) + 3]})
    (about,) = profile(table, schema_of(table))["columns"].values()
    assert about["categories"][:3] == sorted(words[-3:])
    assert about["counts"] == [3, 3, 3, *[2] * (MOST_CATEGORIES - 3), 40]


VALUES = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False))


@given(st.lists(st.tuples(VALUES, st.one_of(st.none(), st.text(max_size=2))), min_size=2, max_size=40))
def test_every_row_is_counted_once_and_json_holds_it(rows: list[tuple]) -> None:
    numbers, words = zip(*rows, strict=True)
    raw = {"x": pa.array([None if v is None else float(v) for v in numbers]), "word": pa.array(words, pa.string())}
    table, _ = clean(pa.table({**raw, "label": (["a", "b"] * 20)[: len(rows)], "y": np.arange(len(rows)) / 7}))
    found = profile(table, schema_of(table))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for about in found["columns"].values():
        assert sum(about["counts"]) + about["missing"] == len(rows)


def test_of_an_empty_column_all_is_missing() -> None:
    table = pa.table({"x": pa.nulls(4, pa.float64()), "y": [1.5, 2.5] * 2, "label": ["a", "b"] * 2})
    found = profile(table, schema_of(table))["columns"]
    assert found == {"y": {"edges": [1.5, 2.5], "counts": [2, 2, 0], "missing": 0}}
    assert bin_counts(table["x"], {"edges": []}).tolist() == [0, 4]


def test_the_training_classes_of_a_split(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Got a split without profile\.json, .* run preprocess again"):
        training_classes(tmp_path)
    (tmp_path / PROFILE).write_text('{"classes": {"b": 5, "a": 3}}', encoding="utf-8")
    assert training_classes(tmp_path) == {"b": 5, "a": 3}
