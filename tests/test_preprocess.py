from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.preprocess import (
    check_parts,
    hashed_columns,
    parted_twins,
    without_missing_target,
    without_rare_classes,
)
from steps.table.clean import clean
from steps.table.schema import infer_schema
from steps.table.split import row_hashes
from tests.conftest import Result

ROWS = pa.table({"x": [1, 2, 3, 4, 5, 6], "label": ["a", "a", "a", "b", "b", "c"]})
TWINS = pa.table({"row_id": range(80), "x": [*range(1, 9)] * 10, "label": ["a", "b"] * 40})
"""Eight different rows but for an identifier."""


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


def side_hashes(table: pa.Table, **options: list[str]) -> list[int]:
    schema, _ = infer_schema(table, target="label", max_categories=9, **options)
    return row_hashes(table, hashed_columns(schema), as_read=True).tolist()


VALUES = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 2**60))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=25, max_size=40), st.lists(st.tuples(VALUES, VALUES), max_size=40))
def test_no_row_changes_sides_when_the_table_grows(rows: list[tuple], more: list[tuple]) -> None:
    """Whatever becomes of its columns: constants, identifiers and empty ones may turn into features, and back."""

    def table(rows: list[tuple]) -> pa.Table:
        user_id, x = zip(*rows, strict=True)
        count = len(rows)
        raw = {
            "user_id": pa.array(user_id, pa.int64()),
            "x": pa.array(x, pa.int64()),
            "word": [None if value is None else f"word {value}" for value in x],
            "known": ([1.5, 2.5] * count)[:count],
            "label": (["a", "b"] * count)[:count],
        }
        return clean(pa.table(raw), keep="label")[0]

    assert side_hashes(table(rows)) == side_hashes(table(rows + more))[: len(rows)]


def test_an_identifier_that_becomes_a_feature_moves_no_row() -> None:
    count = 200
    table = pa.table({"user_id": range(count), "x": [1.5, 2.5] * 100, "label": ["a", "b"] * 100})
    grown = pa.concat_tables([table, table.slice(0, 20)])
    schemas = [infer_schema(rows, target="label", max_categories=9)[0] for rows in (table, grown)]
    assert [schema.features for schema in schemas] == [["x"], ["user_id", "x"]]
    assert side_hashes(table) == side_hashes(grown)[:count]


def test_a_column_that_the_user_drops_decides_nothing() -> None:
    table = pa.table({"x": [1.5, 1.5, 2.5], "when": [7, 8, 9], "label": ["a", "a", "b"]})
    first, second, third = side_hashes(table, drop=["when"])
    assert first == second != third


def test_twins_on_both_sides_are_counted_and_the_column_named() -> None:
    seen = np.array([1, 2, 1, 3], np.uint64)
    (note,) = parted_twins(seen, np.array([True, True, False, False]), ["user_id"])
    assert note.startswith("1 holdout rows equal a training row but for 'user_id', so")
    assert "add user_id to drop, and such rows stay on one side" in note
    assert parted_twins(seen, np.array([True, False, True, False]), ["user_id"]) == []


def test_what_was_noticed_stands_in_the_manifest(
    step: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    pa.parquet.write_table(TWINS, folder / "twins.parquet")
    load = step("load", data=str(folder / "twins.parquet"), target="label")
    noticed = {}
    for duplicates in ("keep", "drop"):
        result = step("preprocess", table=f"{load.run.info.artifact_uri}/table", target="label", duplicates=duplicates)
        assert result.code == 0, result.out
        manifest = mlflow.artifacts.load_dict(f"{result.run.info.artifact_uri}/split/manifest.json")
        noticed[duplicates] = manifest["notes"]
        for note in manifest["notes"]:
            assert f"preprocess: {note}" in result.out
    kept, twins = noticed["keep"]
    assert kept == "72 rows equal an earlier one, and are kept: duplicates=drop leaves them out."
    assert "holdout rows equal a training row but for 'row_id'" in twins
    assert noticed["drop"] == ["The holdout has no rows of 1 of 2 classes: 'b'."]
