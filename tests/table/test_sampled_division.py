from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from steps.table.division import Division
from steps.table.schema import infer_schema
from steps.table.stored import read_verified
from tests.table.dividing import ASKED, divided

SCHEMA, _ = infer_schema(
    pa.table({"x": np.arange(40) / 8, "word": ["p", "q"] * 20, "label": ["a", "b"] * 20}),
    target="label",
    max_categories=9,
)
CLASSES = st.sampled_from("aaaabbc")
SAMPLED_ROWS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["p", "q", "007", "7"]), CLASSES), min_size=60)


def table_of(rows: list[tuple]) -> pa.Table:
    x, word, label = zip(*rows, strict=True)
    return pa.table({"x": pa.array(x, pa.float64()), "word": word, "label": label})


def sides(rows: list[tuple], folder: Path, **options: Any) -> tuple[list[tuple], list[tuple], Division]:
    """Return the training rows, the holdout, and all else; a sample that is too small is no example."""
    try:
        found = divided(table_of(rows), SCHEMA, folder, replace(ASKED, **options), group=17)
    except ValueError:
        reject()
    train, test = (
        [tuple(row.values()) for row in read_verified(folder / f"{name}.parquet").to_pylist()]
        for name in ("train", "test")
    )
    return train, test, found


@settings(deadline=None, max_examples=40)
@given(SAMPLED_ROWS, st.integers(10, 40), st.sampled_from(["keep", "drop"]), st.randoms(use_true_random=False))
def test_a_sample_moves_no_row_of_the_holdout_and_does_not_depend_on_the_rows_order(
    tmp_path_factory, rows, sample_rows, duplicates, random
):
    folder = tmp_path_factory.getbasetemp() / "sample"
    options = {"duplicates": duplicates, "min_class_rows": 2}
    every, holdout, whole = sides(rows, folder, **options)
    train, test, found = sides(rows, folder, sample_rows=sample_rows, **options)
    assert test == holdout
    if sample_rows >= len(every):
        assert (train, found.sample) == (every, None)
        assert f"sample_rows={sample_rows} are not fewer" in found.notes[-1]
    else:
        assert found.sample == {"rows": sample_rows, "of": len(every)}
        assert found.left_out.pop(f"not in the sample of {sample_rows} training rows") == len(every) - sample_rows
        assert len(train) == sample_rows
        places = iter(every)
        assert all(row in places for row in train)  # some of them, in their order
    assert found.left_out == whole.left_out
    assert sum(found.classes["train"].values()) == len(train)
    if duplicates == "keep":  # else a text that is read as another one may be the earlier
        random.shuffle(rows)
        shuffled, _, _ = sides(rows, folder, sample_rows=sample_rows, **options)
        assert sorted(shuffled) == sorted(train)


@settings(deadline=None, max_examples=40)
@given(SAMPLED_ROWS, SAMPLED_ROWS, st.integers(10, 40))
def test_when_the_table_grows_a_class_keeps_its_sampled_rows_or_some_of_them(tmp_path_factory, rows, more, sample_rows):
    """Of the old rows those that are drawn from the grown table are the first ones in the same order."""
    folder = tmp_path_factory.getbasetemp() / "grown"
    rows, more = list(dict.fromkeys(rows)), [row for row in dict.fromkeys(more) if row not in rows]
    before, _, _ = sides(rows, folder, sample_rows=sample_rows)
    after, _, _ = sides(rows + more, folder, sample_rows=sample_rows)
    for label in "abc":
        old, kept = ({row for row in found if row[2] == label} & set(rows) for found in (before, after))
        assert old <= kept or kept <= old


def test_a_sample_too_small_for_all_classes_is_refused(tmp_path: Path) -> None:
    rows = [(number, "p", label) for number, label in enumerate("a" * 80 + "b" * 80 + "c" * 10)]
    with pytest.raises(
        ValueError,
        match=r"Got sample_rows=20, expected at least 2\d, or 0 for all rows: each of 3 classes keeps min_class",
    ):
        divided(table_of(rows), SCHEMA, tmp_path, replace(ASKED, min_class_rows=10, sample_rows=20))


def test_rows_that_are_equal_as_read_are_drawn_by_what_they_are(tmp_path: Path) -> None:
    rows = [(1.0, word, label) for word in ("007", "7", "7.0", "07") for label in "ab"] * 20
    rows += [(2.0 + number, "p", label) for number in range(20) for label in "ab"]
    one, two = (sorted(sides(given, tmp_path, sample_rows=100)[0]) for given in (rows, rows[::-1]))
    assert one == two


def test_another_seed_draws_another_sample(tmp_path: Path) -> None:
    rows = [(number, "p", "ab"[number % 2]) for number in range(400)]
    one, two = (set(sides(rows, tmp_path, sample_rows=100, seed=seed)[0]) for seed in (0, 1))
    assert len(one) == len(two) == 100
    assert 5 < len(one & two) < 60  # of independent ones about a quarter, less the holdout
