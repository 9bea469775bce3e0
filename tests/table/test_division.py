from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

from steps.table.clean import clean
from steps.table.division import Asked, check_sides, learned_classes, parted_twins
from steps.table.schema import Schema, infer_schema
from steps.table.sides import hashed_columns
from steps.table.split import row_hashes
from steps.table.stored import open_verified, write_table
from tests.table.dividing import ASKED, divided
from tests.table.whole_table import divide_whole


def outcome(function: Any, *given: Any) -> Any:
    try:
        found = function(*given)
    except ValueError as error:
        return str(error)
    told = found if isinstance(found, dict) else asdict(found)
    # Their order counts, too.
    return told | {"classes": [list(counts.items()) for counts in told["classes"].values()]}


NUMBERS = st.one_of(st.none(), st.integers(0, 3), st.sampled_from([1.5, -2.0, 2**60]))
TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "007", "7", "1.10", "true", "2024-01-31", "NA", "é", ""]))
LABELS = {
    "words": st.one_of(st.none(), st.sampled_from(["a", "b", "b", "c", "c", "c", "NA", "7"])),
    "integers": st.one_of(st.none(), st.sampled_from([1, 1, 2, 2**60])),
    "booleans": st.one_of(st.none(), st.booleans()),
    "fractions": st.sampled_from([0.5, 1.5, 1.5]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, Schema]:
    """A table as load makes it: columns and labels of any kind, an identifier, a constant; some are dropped."""
    count = draw(st.integers(24, 60))
    labels = LABELS[draw(st.sampled_from(list(LABELS)))]

    def column(values: st.SearchStrategy) -> list[Any]:
        # Drawn from a few, as many draws take long.
        some = draw(st.lists(values, min_size=8, max_size=8))
        return [some[place] for place in np.random.default_rng(draw(st.integers(0, 99))).integers(0, 8, count)]

    label = column(labels)
    numbers = [None if value is None else float(value) for value in column(NUMBERS)]
    raw = pa.table(
        {
            "user_id": np.arange(count),
            "x": pa.array(numbers, pa.float64()),
            "word": pa.array(column(TEXTS), pa.string()),
            "flag": pa.array(column(st.one_of(st.none(), st.booleans())), pa.bool_()),
            "day": pa.array(column(st.one_of(st.none(), st.integers(0, 9))), pa.int32()).cast(pa.date32()),
            "same": ["x"] * count,
            "name": pa.array(column(TEXTS), pa.string()),
            "same_if_labelled": [None if value is None else 1.5 for value in label],
            "label": label,
        }
    )
    table, _ = clean(raw, keep="label")
    drop = draw(st.lists(st.sampled_from(["user_id", "name", "same"]), unique=True))
    try:
        schema, _ = infer_schema(table, target="label", drop=drop, max_categories=9)
    except ValueError:  # one class only, or nothing but missing values
        reject()
    return table, schema


@settings(deadline=None, max_examples=60)
@given(
    tables(),
    st.sampled_from([0.1, 0.3, 0.5]),
    st.sampled_from([1, 3, 15]),
    st.sampled_from(["refuse", "drop"]),
    st.sampled_from(["keep", "drop"]),
    st.integers(0, 3),
    st.integers(1, 70),
)
def test_in_any_batches_the_files_notes_and_errors_are_those_of_the_whole_table(
    tmp_path_factory, given_table, test_size, min_class_rows, rare_classes, duplicates, seed, group
):
    table, schema = given_table
    asked = Asked(test_size, min_class_rows, rare_classes, duplicates, 0, seed)
    whole, batches = (tmp_path_factory.getbasetemp() / name for name in ("whole", "batches"))
    whole.mkdir(exist_ok=True)
    expected = outcome(divide_whole, table, schema, whole, asked)
    assert outcome(divided, table, schema, batches, asked, group) == expected
    event("an error" if isinstance(expected, str) else "a split")
    if isinstance(expected, dict):
        for name in ("train.parquet", "test.parquet", "profile.json"):
            assert (batches / name).read_bytes() == (whole / name).read_bytes(), name


ROWS = pa.table({"x": [1, 2, 3, 4, 5, 6], "label": ["a", "a", "a", "b", "b", "c"]})


def learned(folder: Path, table: pa.Table, **options: Any) -> tuple[list[Any], dict[str, int]]:
    left_out: dict[str, int] = {}
    write_table(table, folder / "table.parquet")
    with open_verified(folder / "table.parquet") as stored:
        return learned_classes(stored, "label", replace(ASKED, **options), left_out), left_out


def test_rows_without_target_are_left_out_and_counted(tmp_path: Path) -> None:
    table = pa.table({"x": [1, 2, 3], "label": ["a", None, "b"]})
    assert learned(tmp_path, table) == (["a", "b"], {"no target": 1})


def test_rare_classes_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Got 1 of 3 classes .* min_class_rows=2: 'c' \(1\); .* rare_classes=drop"):
        learned(tmp_path, ROWS, min_class_rows=2)


def test_rare_classes_are_dropped_and_counted(tmp_path: Path) -> None:
    found = learned(tmp_path, ROWS, min_class_rows=2, rare_classes="drop")
    assert found == (["a", "b"], {"class with fewer than 2 rows: 'c' (1)": 1})


def test_two_classes_must_be_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Got 1 classes with at least min_class_rows=3 rows"):
        learned(tmp_path, ROWS, min_class_rows=3, rare_classes="drop")


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        ({"a": 1}, {"a": 1, "b": 1}, "Got 1 train rows with 1 classes"),
        ({"a": 1, "b": 1}, {}, "Got 0 test rows with 0 classes"),
        ({"a": 1, "b": 1}, {"c": 1}, "class 'c' in the holdout only"),
    ],
)
def test_sides_that_can_not_serve(train: dict[str, int], test: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_sides(train, test)


def test_classes_without_a_row_in_the_holdout_are_named() -> None:
    assert check_sides({"a": 1, "b": 1}, {"a": 1}) == ["The holdout has no rows of 1 of 2 classes: 'b'."]


def side_hashes(table: pa.Table, **options: list[str]) -> list[int]:
    schema, _ = infer_schema(table, target="label", max_categories=9, **options)
    return row_hashes(table, hashed_columns(schema), as_read=True).tolist()


VALUES = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 2**60))


def grown(rows: list[tuple]) -> pa.Table:
    """Columns that are constants, identifiers or empty, and turn into features with more rows, and back."""
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


FEW = st.lists(st.tuples(VALUES, VALUES), min_size=25, max_size=40)


@given(FEW, st.lists(st.tuples(VALUES, VALUES), max_size=40))
def test_no_row_changes_sides_when_the_table_grows(rows: list[tuple], more: list[tuple]) -> None:
    assert side_hashes(grown(rows)) == side_hashes(grown(rows + more))[: len(rows)]


def test_an_identifier_that_becomes_a_feature_moves_no_row() -> None:
    count = 200
    table = pa.table({"user_id": range(count), "x": [1.5, 2.5] * 100, "label": ["a", "b"] * 100})
    more = pa.concat_tables([table, table.slice(0, 20)])
    schemas = [infer_schema(rows, target="label", max_categories=9)[0] for rows in (table, more)]
    assert [schema.features for schema in schemas] == [["x"], ["user_id", "x"]]
    assert side_hashes(table) == side_hashes(more)[:count]


def test_a_column_that_the_user_drops_decides_nothing() -> None:
    table = pa.table({"x": [1.5, 1.5, 2.5], "when": [7, 8, 9], "label": ["a", "a", "b"]})
    first, second, third = side_hashes(table, drop=["when"])
    assert first == second != third


def test_twins_on_both_sides_are_counted_and_the_column_named() -> None:
    (note,) = parted_twins(np.array([1, 3], np.uint64), np.array([1, 2], np.uint64), ["user_id"])
    assert note.startswith("1 holdout rows equal a training row but for 'user_id', so")
    assert "add user_id to drop, and such rows stay on one side" in note
    assert parted_twins(np.array([2, 3], np.uint64), np.array([1, 1], np.uint64), ["user_id"]) == []


# A sample
