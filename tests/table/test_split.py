import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table import split
from steps.table.clean import clean
from steps.table.split import RowHasher, holdout_mask, row_hashes, sample_order

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.text(max_size=5)),
    ),
    min_size=1,
    max_size=30,
)
NAMES = ["x", "flag", "word"]


def frame(rows):
    kinds = [pa.float64(), pa.bool_(), pa.string()]
    columns = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return pa.table(columns, names=NAMES)


def sides(rows, seed=0):
    return holdout_mask(row_hashes(frame(rows), NAMES, as_read=True), seed=seed, test_size=0.5)


def test_hashes_are_the_same_forever():
    table = pa.table({"x": [1.0, None], "flag": [True, False], "word": ["é", None]})
    expected = np.array([8704994475833799044, 289826341388170287], np.uint64)
    np.testing.assert_array_equal(row_hashes(table, NAMES, as_read=True), expected)


def test_integers_hash_like_their_floats():
    integers, floats = pa.table({"x": [1, -2, 0]}), pa.table({"x": [1.0, -2.0, -0.0]})
    np.testing.assert_array_equal(row_hashes(integers, ["x"], as_read=True), row_hashes(floats, ["x"], as_read=True))


def test_types_names_and_missing_values_are_told_apart():
    table = pa.table({"a": [1.0, 0.0, None], "b": [True, False, None], "c": ["x", "y", ""], "d": [1.0, 0.0, None]})
    hashes = np.concatenate([row_hashes(table, [name], as_read=True) for name in "abcd"])
    assert len(np.unique(hashes)) == 12


def test_swapped_values_of_two_columns_differ():
    table = pa.table({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    first, second = row_hashes(table, ["a", "b"], as_read=True)
    assert first != second


def test_a_table_without_rows():
    table = pa.table({"word": pa.array([], pa.string()), "x": pa.array([], pa.float64())})
    assert row_hashes(table, ["word", "x"], as_read=True).shape == (0,)


@given(ROWS)
def test_equal_rows_are_on_one_side(rows):
    mask = sides(rows * 2)
    np.testing.assert_array_equal(mask[: len(rows)], mask[len(rows) :])


@given(ROWS, ROWS)
def test_growing_the_table_moves_no_row(rows, more):
    np.testing.assert_array_equal(sides(rows), sides(rows + more)[: len(rows)])


@given(st.data(), ROWS)
def test_shuffled_rows_keep_their_side(data, rows):
    order = data.draw(st.permutations(range(len(rows))))
    np.testing.assert_array_equal(sides([rows[i] for i in order]), sides(rows)[order])


@given(ROWS, st.integers(1, 5))
def test_chunks_and_column_order_do_not_matter(rows, size):
    table = frame(rows)
    chunked = pa.Table.from_batches(table.to_batches(max_chunksize=size))
    np.testing.assert_array_equal(
        row_hashes(chunked, NAMES[::-1], as_read=True), row_hashes(table, NAMES, as_read=True)
    )


@given(ROWS, st.integers(1, 5), st.booleans())
def test_rows_hash_in_batches_as_in_one_table_also_when_not_all_texts_are_remembered(rows, size, as_read):
    table = frame(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "_REMEMBERED_TEXTS", 2)
        patch.setattr(split, "_REMEMBERED_CHARACTERS", 3)
        hasher = RowHasher(NAMES, as_read=as_read)
        parts = [hasher(table.slice(start, size)) for start in range(0, len(rows), size)]
        assert all(len(known) <= 2 for known in hasher._known.values())
    np.testing.assert_array_equal(np.concatenate(parts), row_hashes(table, NAMES, as_read=as_read))


def test_the_order_of_a_sample_tells_nothing_of_the_side():
    hashes = row_hashes(pa.table({"x": np.arange(20_000)}), ["x"], as_read=True)
    first = sample_order(hashes, seed=0) < 2**62
    assert abs(first.mean() - 0.25) < 0.01
    assert abs(holdout_mask(hashes, seed=0, test_size=0.2)[first].mean() - 0.2) < 0.02
    assert abs((sample_order(hashes, seed=1) < 2**62)[first].mean() - 0.25) < 0.02


def test_the_share_is_close_to_test_size_and_seeds_are_independent():
    hashes = row_hashes(pa.table({"x": np.arange(20_000)}), ["x"], as_read=True)
    one, two = (holdout_mask(hashes, seed=seed, test_size=0.2) for seed in (0, 1))
    assert abs(one.mean() - 0.2) < 0.01
    assert abs(two.mean() - 0.2) < 0.01
    assert abs((one & two).mean() - 0.04) < 0.01


def test_a_larger_holdout_contains_the_smaller():
    hashes = row_hashes(pa.table({"x": np.arange(1000)}), ["x"], as_read=True)
    small, large = (holdout_mask(hashes, seed=7, test_size=size) for size in (0.1, 0.3))
    assert not (small & ~large).any()


@pytest.mark.parametrize("test_size", [0, 1, -0.1, 1.5, float("nan")])
def test_test_size_is_a_share(test_size):
    with pytest.raises(ValueError, match=r"Got test_size .*, expected a share between 0 and 1"):
        holdout_mask(np.zeros(1, np.uint64), seed=0, test_size=test_size)


DATE = dt.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array([1.0, 2.5, None]), ["1", "2.50", "?"]),
        (pa.array([1000, -3, 7]), ["1,000", "-3", "007"]),
        (pa.array([1.5, 1234.5, 0.0]), ["1,5", "1.234,5", "0"]),
        (pa.array([True, False, None]), ["true", "FALSE", "NA"]),
        (pa.array([DATE, DATE, DATE]), ["2024-02-29", "2024-02-29T23:59:59.5Z", "2024-03-01 00:30+01:00"]),
        (pa.array([None, None, 1.0]), ["inf", "1e400", " 1 "]),
    ],
)
def test_a_text_hashes_like_what_it_says(column, texts):
    np.testing.assert_array_equal(
        row_hashes(pa.table({"x": column}), ["x"], as_read=True),
        row_hashes(pa.table({"x": texts}), ["x"], as_read=True),
    )


@pytest.mark.parametrize("text", ["2024-02-30", "0001-01-01T00:00:00+01:00", "1.2.3", "x"])
def test_other_texts_are_themselves(text):
    first, second = row_hashes(pa.table({"x": [text, text + "y"]}), ["x"], as_read=True)
    assert first != second


GROWING = {
    "number": ["1", "2.5", "-3", "0.10", "1e3"],
    "integer": ["1", "2", "30"],
    "thousands": ["1,000", "12", "1,234,567"],
    "marked": ["1", "?", "NA"],
    "flag": ["true", "false"],
    "day": ["2024-01-31", "2023-12-01"],
    "word": ["a", "b c", "é"],
}
FLIPS = ["unknown", "007", "maybe", "soon", "2024-01-31T00:00:00Z", "1.5", "", "?", "true"]


@given(st.data())
def test_a_new_value_that_changes_the_types_moves_no_row(data):
    rows = data.draw(st.integers(1, 8))
    texts = {
        name: data.draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows))
        for name, values in GROWING.items()
    }
    flips = {name: data.draw(st.sampled_from(FLIPS)) for name in GROWING}
    small, _ = clean(pa.table(texts))
    grown, _ = clean(pa.table({name: [*texts[name], flips[name]] for name in GROWING}))
    np.testing.assert_array_equal(
        row_hashes(small, list(GROWING), as_read=True), row_hashes(grown, list(GROWING), as_read=True)[:rows]
    )


@given(st.lists(st.sampled_from(["007", "7", "1.1", "1.10", "none", "NA", "true", "TRUE", "a", None]), min_size=1))
def test_exactly_equal_texts_alone_are_equal_where_they_are_not_read(texts):
    hashes = row_hashes(pa.table({"x": pa.array(texts, pa.string())}), ["x"], as_read=False)
    assert len(set(hashes.tolist())) == len(set(texts))
    for value, code in zip(texts, hashes, strict=True):
        assert all((other == code) == (text == value) for text, other in zip(texts, hashes, strict=True))
