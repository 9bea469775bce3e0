import hashlib
import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.fingerprint import fingerprint

TABLE = pa.table({"n": [1, 2, None], "é": ["a", None, "ü"], "b": [True, False, None], "big": [2**60, 0, 1]})
DATES = pa.table({"d": pa.array([1, None, -1], pa.date32())})


def test_the_bytes_are_as_documented():
    def head(name, tag):
        return b"".join(struct.pack("<q", len(part)) + part for part in (name.encode(), tag))

    expected = b"".join(
        (
            b"grove-table-1",
            struct.pack("<qq", 3, 4),
            head("n", b"number") + b"\1\1\0" + struct.pack("<ddd", 1, 2, 0),
            head("é", b"text") + b"\1\0\1" + struct.pack("<qqq", 1, 0, 2) + "aü".encode(),
            head("b", b"boolean") + b"\1\1\0" + b"\1\0\0",
            head("big", b"integer") + b"\1\1\1" + struct.pack("<qqq", 2**60, 0, 1),
        )
    )
    assert fingerprint(TABLE) == hashlib.sha256(expected).hexdigest()


def test_the_bytes_of_dates_are_as_documented():
    head = struct.pack("<qq", 3, 1) + struct.pack("<q", 1) + b"d" + struct.pack("<q", 4) + b"date"
    expected = b"grove-table-1" + head + b"\1\0\1" + struct.pack("<qqq", 1, 0, -1)
    assert fingerprint(DATES) == hashlib.sha256(expected).hexdigest()


def test_the_digest_is_the_same_forever():
    assert fingerprint(TABLE) == "7f02ffda875a1f8649700d3d783ddc38334055e6b48324794dd4447707266438"
    assert fingerprint(DATES) == "bd3d19625a6dd6dab17ea4befcb4e880fe1fb4e1e1509fcc87924febf80ea70c"


def test_integers_and_floats_of_equal_value_are_equal():
    assert fingerprint(pa.table({"x": [1, 2]})) == fingerprint(pa.table({"x": [1.0, 2.0]}))


@pytest.mark.parametrize("size", [1, 2])
def test_chunks_slices_and_metadata_do_not_matter(size):
    chunked = pa.Table.from_batches(TABLE.to_batches(max_chunksize=size)).replace_schema_metadata({"a": "b"})
    padded = pa.concat_tables([TABLE, TABLE]).combine_chunks().slice(3)
    assert fingerprint(chunked) == fingerprint(padded) == fingerprint(TABLE)


VALUES = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), st.one_of(st.none(), st.text(max_size=3))),
    min_size=2,
    max_size=8,
)


def frame(rows):
    numbers, texts = zip(*rows, strict=True)
    return pa.table({"n": pa.array(numbers, pa.int64()), "t": pa.array(texts, pa.string())})


@given(st.data(), VALUES)
def test_any_changed_value_changes_it(data, rows):
    row = data.draw(st.integers(0, len(rows) - 1))
    changed = data.draw(VALUES.map(lambda values: values[0]).filter(lambda value: value != rows[row]))
    assert fingerprint(frame([*rows[:row], changed, *rows[row + 1 :]])) != fingerprint(frame(rows))


@given(VALUES.filter(lambda rows: rows[0] != rows[1]))
def test_swapped_rows_change_it(rows):
    assert fingerprint(frame([rows[1], rows[0], *rows[2:]])) != fingerprint(frame(rows))


@given(VALUES, st.text(max_size=3), st.text(max_size=3))
def test_renamed_or_reordered_columns_change_it(rows, one, two):
    table, renamed = frame(rows), frame(rows).rename_columns([one, two])
    assert (fingerprint(table) == fingerprint(renamed)) == ([one, two] == ["n", "t"])
    assert fingerprint(table) != fingerprint(table.select(["t", "n"]))


def test_other_types_are_refused():
    with pytest.raises(
        ValueError, match="Got type int32 in column 'x', expected int64, float64, bool, date32 or string"
    ):
        fingerprint(pa.table({"x": pa.array([1], pa.int32())}))


def test_an_empty_table_has_a_fingerprint():
    empty = TABLE.schema.empty_table()
    assert fingerprint(empty) != fingerprint(TABLE)
