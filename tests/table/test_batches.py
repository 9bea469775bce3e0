from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, feather

from steps.table.batches import BatchReader, open_batches
from steps.table.source import COMPRESSIONS

TABLE = pa.table(
    {"x": range(23), "word": [f"w{n % 5}" for n in range(23)], "y": [n / 3 if n % 4 else None for n in range(23)]}
)


def batches(path: Path, rows: int, *, format: str = "auto", delimiter: str = "auto", encoding: str = "utf-8") -> list:
    with open_batches(path, format=format, delimiter=delimiter, encoding=encoding) as reader:
        return list(reader.batches(rows))


def write(path: Path, table: pa.Table = TABLE) -> Path:
    kind = path.name.partition(".")[2].split(".")[0]
    plain = path.with_name(f"plain.{kind}")
    if kind == "parquet":
        pq.write_table(table, plain, row_group_size=7)
    elif kind == "feather":
        feather.write_feather(table, plain, chunksize=4)
    elif kind == "arrow":
        with pa.ipc.new_stream(plain, table.schema) as stream:
            stream.write_table(table, max_chunksize=4)
    else:
        csv.write_csv(table, plain, csv.WriteOptions(delimiter="\t" if kind == "tsv" else ","))
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(plain, plain.name)
    else:
        plain.rename(path)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "feather", "arrow", "csv", "tsv"])
@pytest.mark.parametrize("compression", ["", ".gz", ".zip"])
def test_every_format_gives_the_rows_in_their_order(tmp_path: Path, suffix: str, compression: str) -> None:
    assert not compression or compression in COMPRESSIONS
    path = write(tmp_path / f"t.{suffix}{compression}")
    for rows in (1, 5, 7, 100):
        found = batches(path, rows)
        assert [batch.num_rows for batch in found[:-1]] == [rows] * (len(found) - 1)
        together = pa.concat_tables(found)
        if suffix in ("csv", "tsv"):
            assert set(together.schema.types) == {pa.string()}
            assert together["y"].to_pylist()[:2] == [None, "0.3333333333333333"]
            together = together.cast(TABLE.schema)
        assert together == TABLE
        # Arrow's CSV writer repeats what it wrote before when a chunk is empty.
        assert all(len(chunk) for batch in found for column in batch.columns for chunk in column.chunks)


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 7))
def test_batches_of_any_size_become_batches_of_one(sizes: list[int], rows: int) -> None:
    table = pa.table({"x": range(sum(sizes))})
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    parts = [table.slice(start, size) for start, size in zip(starts, sizes, strict=True)]
    given = [pa.RecordBatch.from_arrays([part["x"].combine_chunks()], ["x"]) for part in parts]
    found = list(BatchReader(table.schema, None, False, False, lambda _: given).batches(rows))
    assert [row for batch in found for row in batch["x"].to_pylist()] == list(range(sum(sizes)))
    assert all(batch.num_rows == rows for batch in found[:-1])
    assert all(batch.num_rows for batch in found)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name, start in (("b.parquet", 10), ("a.parquet", 0), (".hidden.parquet", 5)):
        pq.write_table(TABLE.slice(start, 10), tmp_path / name)
    with open_batches(tmp_path, format="auto", delimiter="auto", encoding="utf-8") as reader:
        assert reader.n_rows == 20
        assert pa.concat_tables(reader.batches(6)) == TABLE.slice(0, 20)
    pq.write_table(TABLE.drop_columns("y"), tmp_path / "c.parquet")
    with pytest.raises(ValueError, match=r"c.parquet, expected .* as in a.parquet"):
        batches(tmp_path, 5)


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv"])
def test_no_rows_are_a_table_too(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"t.{suffix}", TABLE.slice(0, 0))
    with open_batches(path, format="auto", delimiter="auto", encoding="utf-8") as reader:
        assert reader.schema.names == TABLE.column_names
        assert list(reader.batches(5)) == []


def test_row_numbers_without_a_name_are_left_out(tmp_path: Path) -> None:
    TABLE.to_pandas().iloc[1:].to_parquet(tmp_path / "t.parquet")
    TABLE.to_pandas().iloc[[2, 1]].to_parquet(tmp_path / "u.parquet")
    for name in ("t.parquet", "u.parquet"):
        assert batches(tmp_path / name, 50)[0].column_names == TABLE.column_names


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("t.csv", b"a,b\n1,2\n3\n", {}, "rows of different lengths .* row #3"),
        ("t.csv", b"a,a\n1,2\n", {}, "'a' more than once"),
        ("t.csv", b"a,\n1,2\n", {}, "no name for column 2"),
        ("t.csv", b"", {}, "empty file"),
        ("t.csv", b"a\n\xff\n", {}, "not valid utf-8"),
        ("t.csv", b"a\n1\n", {"encoding": "utf-9"}, "utf-9"),
        ("t.csv", b"PAR1", {}, "Got Parquet in"),
        ("t.parquet", b"a,b\n", {}, "Got text in .* expected Parquet"),
        ("t.parquet", b"PAR1 but no more", {}, "t.parquet damaged or cut short"),
        ("t.jsonl", b"a,b\n", {}, "expected JSON lines"),
        ("t.xlsx", b"PK", {}, "suffix '.xlsx'"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, options: dict, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        batches(tmp_path / name, 5, **options)


def test_damage_that_shows_late_is_told_by_the_files_name(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet.gz")
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[60:90] = bytes(30)
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(ValueError, match=r"t.parquet.gz damaged"):
        batches(path, 5)


def test_a_semicolon_makes_commas_decimal(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b\n1,5;x\n")
    with open_batches(tmp_path / "t.csv", format="auto", delimiter="auto", encoding="utf-8") as reader:
        assert (reader.decimal_comma, reader.is_delimited_text, reader.n_rows) == (True, True, None)
