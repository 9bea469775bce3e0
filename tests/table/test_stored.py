from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.table.stored import ROW_GROUP, open_verified, read_verified, table_writer, write_table
from tests.tables import ANY_TABLE

TABLE = pa.table({"x": [1.5, None], "y": ["a", "b"]})


@pytest.fixture
def folder(tmp_path):
    write_table(TABLE, tmp_path / "part.parquet")
    return tmp_path


def test_a_table_is_read_as_it_was_written(folder):
    assert read_verified(folder / "part.parquet").equals(TABLE)


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path):
    (tmp_path / "k=1").mkdir()
    write_table(TABLE, tmp_path / "k=1" / "a.parquet")
    assert read_verified(tmp_path / "k=1" / "a.parquet").column_names == ["x", "y"]


def test_equal_tables_give_equal_bytes_whatever_their_chunks_and_metadata(tmp_path):
    chunked = pa.Table.from_batches(TABLE.to_batches(max_chunksize=1)).replace_schema_metadata({"pandas": "{}"})
    write_table(TABLE, tmp_path / "one.parquet")
    write_table(chunked, tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.parquet", "two.parquet"]


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(folder):
    before = (folder / "part.parquet").read_bytes()
    with pytest.raises(AttributeError):
        write_table("not a table", folder / "part.parquet")
    assert (folder / "part.parquet").read_bytes() == before
    assert not list(folder.glob(".*"))


def test_a_table_without_rows_is_written(tmp_path):
    write_table(TABLE.slice(0, 0), tmp_path / "a.parquet")
    assert read_verified(tmp_path / "a.parquet").schema.equals(TABLE.schema)


def test_a_flipped_bit_is_found(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(pa.table({"x": list(range(1000))}), path)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.parquet damaged .*, expected the bytes that were written"):
        read_verified(path)


def row_groups(table, path, rows):
    """Write one row group after the other, each from the whole table: what `table_writer` must equal."""
    with pq.ParquetWriter(path, table.schema, compression="zstd", write_page_checksum=True) as writer:
        for start in range(0, table.num_rows, rows):
            writer.write_table(table.slice(start, rows).combine_chunks(), row_group_size=rows)


@settings(deadline=None)
@given(ANY_TABLE, st.integers(1, 5), st.lists(st.integers(0, 12)))
def test_rows_given_in_any_parts_give_the_same_bytes_and_are_read_in_batches(tmp_path_factory, table, group, cuts):
    folder = tmp_path_factory.getbasetemp()
    row_groups(table, folder / "expected.parquet", group)
    ends = [*sorted(min(cut, table.num_rows) for cut in cuts), table.num_rows]
    with (
        mock.patch("steps.table.stored.ROW_GROUP", group),
        table_writer(folder / "parts.parquet", table.schema.with_metadata({"pandas": "{}"})) as write,
    ):
        for start, end in zip([0, *ends], ends, strict=False):
            write(table.slice(start, end - start))
    assert (folder / "parts.parquet").read_bytes() == (folder / "expected.parquet").read_bytes()
    with open_verified(folder / "parts.parquet") as stored:
        assert (stored.schema, stored.num_rows) == (table.schema, table.num_rows)
        batches = list(stored.batches())
        assert all(0 < batch.num_rows <= group for batch in batches)
        assert pa.concat_tables([table.schema.empty_table(), *batches]).equals(table)
        for position, column in enumerate(table.columns):
            chunks = pa.chunked_array(stored.chunks(position), column.type)
            assert chunks.equals(column)


def test_many_texts_in_parts_give_the_same_bytes(tmp_path):
    """More than a page's dictionary holds: where Arrow gives it up depends on the chunks."""
    table = pa.table({"x": [f"a rather long text {number}" for number in range(ROW_GROUP + 10)]})
    row_groups(table, tmp_path / "expected.parquet", ROW_GROUP)
    with table_writer(tmp_path / "parts.parquet", table.schema) as write:
        for start in range(0, table.num_rows, 777):
            write(table.slice(start, 777))
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "expected.parquet").read_bytes()


def test_a_writer_that_is_interrupted_leaves_the_old_file_and_nothing_else(folder):
    before = (folder / "part.parquet").read_bytes()
    with pytest.raises(KeyboardInterrupt), table_writer(folder / "part.parquet", TABLE.schema) as write:
        write(TABLE)
        raise KeyboardInterrupt
    assert (folder / "part.parquet").read_bytes() == before
    assert not list(folder.glob(".*"))


def test_what_fails_while_a_table_is_read_is_not_taken_for_its_damage(folder):
    with pytest.raises(OSError, match="disk full"), open_verified(folder / "part.parquet") as stored:
        for _ in stored.batches():
            raise OSError("disk full")


def test_a_flipped_bit_is_found_in_the_batch_that_has_it(tmp_path):
    path = tmp_path / "a.parquet"
    with mock.patch("steps.table.stored.ROW_GROUP", 1000):
        write_table(pa.table({"x": list(range(2000))}), path)
    second = pq.read_metadata(path).row_group(1).column(0)
    content = bytearray(path.read_bytes())
    content[second.data_page_offset + second.total_compressed_size // 2] ^= 1
    path.write_bytes(content)
    with open_verified(path) as stored:
        batches = stored.batches()
        assert next(batches).num_rows == 1000
        with pytest.raises(ValueError, match=r"a\.parquet damaged .*, expected the bytes that were written"):
            next(batches)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Got no file at .*a\.parquet"):
        read_verified(tmp_path / "a.parquet")
