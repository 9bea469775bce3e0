from __future__ import annotations

import pyarrow as pa
import pytest

from steps.preprocess import check_parts, hashed_columns, without_missing_target, without_rare_classes
from steps.table.schema import infer_schema
from steps.table.split import row_hashes

ROWS = pa.table({"x": [1, 2, 3, 4, 5, 6], "label": ["a", "a", "a", "b", "b", "c"]})


def test_rows_without_target_are_left_out_and_counted() -> None:
    left_out: dict[str, int] = {}
    rows = without_missing_target(pa.table({"x": [1, 2, 3], "label": ["a", None, "b"]}), "label", left_out)
    assert rows.to_pydict() == {"x": [1, 3], "label": ["a", "b"]}
    assert left_out == {"no target": 1}


def test_rare_classes_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"Got 1 of 3 classes .* min_class_rows=2: 'c' \(1\); .* rare_classes=drop"):
        without_rare_classes(ROWS, "label", 2, drop=False, left_out={})


def test_rare_classes_are_dropped_and_counted() -> None:
    left_out: dict[str, int] = {}
    rows = without_rare_classes(ROWS, "label", 2, drop=True, left_out=left_out)
    assert rows["x"].to_pylist() == [1, 2, 3, 4, 5]
    assert left_out == {"class with fewer than 2 rows: 'c' (1)": 1}


def test_two_classes_must_be_left() -> None:
    with pytest.raises(ValueError, match="Got 1 classes with at least min_class_rows=3 rows"):
        without_rare_classes(ROWS, "label", 3, drop=True, left_out={})


def test_no_rare_class_changes_nothing() -> None:
    assert without_rare_classes(ROWS, "label", 1, drop=False, left_out={}) is ROWS


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (["a"], ["a", "b"], "train rows with 1 classes"),
        (["a", "b"], [], "0 test rows with 0 classes"),
        (["a", "b"], ["c"], "class 'c' in the holdout only"),
    ],
)
def test_sides_that_can_not_serve(train: list[str], test: list[str], words: str) -> None:
    parts = {"train": pa.table({"label": pa.array(train)}), "test": pa.table({"label": pa.array(test, pa.string())})}
    with pytest.raises(ValueError, match=words):
        check_parts(parts, "label")


def test_classes_without_a_row_in_the_holdout_are_named() -> None:
    parts = {"train": pa.table({"label": ["a", "b"]}), "test": pa.table({"label": ["a"]})}
    assert check_parts(parts, "label") == ["The holdout has no rows of 1 of 2 classes: 'b'."]


def test_a_constant_that_becomes_a_feature_moves_no_row() -> None:
    """A column left out as constant must not change a row's hash when a growing table makes it a feature."""
    small = pa.table({"x": [1.5, 2.5, 3.5], "same": [7, 7, 7], "label": ["a", "b", "a"]})
    grown = pa.table({"x": [1.5, 2.5, 3.5, 4.5], "same": [7, 7, 7, 8], "label": ["a", "b", "a", "b"]})
    before, after = (
        row_hashes(table, hashed_columns(table, infer_schema(table, target="label", max_categories=9)[0]))
        for table in (small, grown)
    )
    assert before.tolist() == after[:3].tolist()


def test_a_column_that_the_user_drops_decides_nothing() -> None:
    table = pa.table({"x": [1.5, 1.5], "when": [7, 7], "label": ["a", "b"]})
    schema, _ = infer_schema(table, target="label", drop=["when"], numeric=["x"], max_categories=9)
    assert hashed_columns(table, schema) == ["x", "label"]
