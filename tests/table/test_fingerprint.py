import hashlib
import struct
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.table.fingerprint import fingerprint
from steps.table.stored import open_verified, write_table
from tests.tables import ANY_TABLE

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


def test_an_integer_beyond_exactness_in_a_late_chunk_counts_for_all():
    column = pa.chunked_array([[1, None], [2], [2**60]])
    assert fingerprint(pa.table({"x": column})) == fingerprint(pa.table({"x": column.combine_chunks()}))


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


def as_defined(table):
    """The definition, word for word, by Python's own types."""
    digest = hashlib.sha256(b"grove-table-1" + struct.pack("<qq", table.num_rows, table.num_columns))
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.type == pa.date32():
            column = column.cast(pa.int32())
        values = column.to_pylist()
        present = [value for value in values if value is not None]
        is_exact = all(abs(value) <= 2**53 for value in present if column.type == pa.int64())
        tags = {pa.string(): "text", pa.bool_(): "boolean", pa.int32(): "date", pa.float64(): "number"}
        tag = tags.get(column.type, "number" if is_exact else "integer")
        for text in (name.encode(), tag.encode()):
            digest.update(struct.pack("<q", len(text)) + text)
        digest.update(bytes(value is not None for value in values))
        if tag == "text":
            texts = [(value or "").encode() for value in values]
            digest.update(b"".join(struct.pack("<q", len(text)) for text in texts) + b"".join(texts))
        else:
            code = {"number": "<d", "boolean": "<?"}.get(tag, "<q")
            digest.update(b"".join(struct.pack(code, value or 0) for value in values))
    return digest.hexdigest()


@settings(deadline=None)
@given(ANY_TABLE, st.integers(1, 5), st.integers(1, 5))
def test_a_table_in_memory_and_one_in_a_file_have_the_defined_digest(tmp_path_factory, table, chunk, group):
    expected = as_defined(table)
    assert fingerprint(pa.Table.from_batches(table.to_batches(max_chunksize=chunk), table.schema)) == expected
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    with mock.patch("steps.table.stored.ROW_GROUP", group):
        write_table(table, path)
    with open_verified(path) as stored:
        assert fingerprint(stored) == expected
