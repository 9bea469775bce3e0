import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from steps.table.read import read_table
from tests.table.files import TABLE, TEXT, read, refused


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)


# Formats


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TEXT),
        ("T.CSV", TEXT),
        ("t.txt", b"a|b\r\n1|x\r\n2|y"),
        ("t.tsv", b"a\tb\n1\tx\n2\ty\n"),
        ("t.tab", b"a\tb\r1\tx\r2\ty\r"),
        ("t.jsonl", b'{"a": 1, "b": "x"}\n\n{"b": "y", "a": 2}'),
        ("t.ndjson", b'\xef\xbb\xbf{"a": 1, "b": "x"}\r\n{"a": 2, "b": "y"}\r\n'),
        ("t.csv.gz", gzip.compress(TEXT, mtime=0)),
        ("t.csv.bz2", bz2.compress(TEXT)),
        ("t.csv.xz", lzma.compress(TEXT)),
        ("t.csv.zst", pa.compress(TEXT, "zstd", asbytes=True)),
        ("two_members.csv.gz", gzip.compress(TEXT[:6], mtime=0) + gzip.compress(TEXT[6:], mtime=0)),
    ],
)
def test_text_formats_and_compressions(tmp_path, name, content):
    assert read(tmp_path, content, name).to_pydict() == TABLE


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.feather", "t.arrow", "t.parquet.gz", "t.feather.xz"])
def test_binary_formats(tmp_path, name):
    sink, table = pa.BufferOutputStream(), pa.table(TABLE)
    if "." + name.split(".")[1] in (".parquet", ".pq"):
        pq.write_table(table, sink)
    else:
        pyarrow.feather.write_feather(table, sink)
    content = sink.getvalue().to_pybytes()
    compress = {".gz": gzip.compress, ".xz": lzma.compress}.get(Path(name).suffix, bytes)
    assert read(tmp_path, compress(content), name).to_pydict() == TABLE


def test_an_arrow_stream(tmp_path):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.table(TABLE).schema) as writer:
        writer.write(pa.table(TABLE))
    assert read(tmp_path, sink.getvalue().to_pybytes(), "t.arrow").to_pydict() == TABLE


@pytest.mark.parametrize("name", ["t.zip", "t.csv.zip"])
def test_a_zip_with_one_data_file(tmp_path, name):
    zipped(tmp_path / name, t_csv=TEXT, _DS_Store=b"", **{"__MACOSX__._t_csv": b""})
    assert read_table(tmp_path / name).to_pydict() == TABLE


def test_a_folder_of_parquet_files_is_read_in_the_order_of_names(tmp_path):
    for name, values in (("b.parquet", [3]), ("a.parquet", [1, 2]), ("c.parquet", [])):
        pq.write_table(pa.table({"a": pa.array(values, pa.int64())}), tmp_path / name)
    for name in ("manifest.json", "schema.json", ".hidden", "_SUCCESS"):
        (tmp_path / name).write_text("")
    assert read_table(tmp_path).to_pydict() == {"a": [1, 2, 3]}


# Rows and names


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "Got an empty file"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "Got no rows .*the file is empty"),
        ("t.csv", "\n\n", "Got no rows .*the file is empty"),
        ("t.csv", "a,b", "Got a header and no rows"),
        ("t.csv", "a,b\n", "Got a header and no rows"),
        ("t.jsonl", "\n", "Got no rows .*the file is empty"),
        ("t.csv", "a,b\n1,2\n1,2,3\n", "rows of different lengths .*row #3: Expected 2 columns, got 3"),
        ("t.csv", 'a,b\n1,2\n"3,4\n5,6\n', "rows of different lengths"),
        ("t.csv", 'a,b\n1,"' + "x\n" * 5_000_000, "Got a row longer than 4 MB .*quote"),
        ("t.csv", "a,b,a\n1,2,3\n", "Got the column name 'a' more than once"),
        ("t.csv", ",b\n1,2\n", "Got no name for column 1 .*index=False"),
        ("t.csv", "a, \n1,2\n", "Got no name for column 2"),
        (
            "t.csv",
            "5.1,3.5,5.1\n4.9,3,1\n",
            "the column name '5.1' more than once .*the header line seems to be missing",
        ),
        ("t.csv", "5.1,,x\n4.9,3,y\n", "Got no name for column 2 .*the header line seems to be missing"),
        ("t.jsonl", '{"a": 1}\n{"a": "x"}\n', "Got a string after a number in column 'a'"),
        ("t.jsonl", '{"a": 1, "a": 2}\n', "Got column 'a' twice"),
        ("t.jsonl", '{"": 1}\n', "Got no name for column 1"),
        ("t.jsonl", '[{"a": 1}]', "Got a JSON array .*one object a line"),
        ("t.jsonl", "a,b\n1,2", "Got 'a,b.* at the start"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', "Got invalid JSON in line 2"),
        ("t.jsonl", '{"a": 1}\n[1]\n', "Got a value that is not an object in line 2"),
        ("t.jsonl", '{"a": 1e400}\n', "a number too large"),
        ("t.jsonl", '{"a": "y"}\n{"a": "' + "x" * 9_000_000 + '"}\n', "Got a line longer than 4 MB"),
        ("t.json", "{}\n{}\n", "Got no columns"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, name, content, message):
    refused(tmp_path, content, message, name)


def test_doubled_names_in_parquet_are_refused(tmp_path):
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="Got the column name 'a' more than once"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_the_unnamed_index_of_pandas_is_no_column_and_a_named_one_is(tmp_path, suffix):
    write = {"parquet": pq.write_table, "feather": pyarrow.feather.write_feather}[suffix]
    frame = pd.DataFrame({"a": [3, 1, 2]})
    for kept, columns in ((frame[frame["a"] != 1], ["a"]), (frame.set_index(frame["a"].rename("k")), ["a", "k"])):
        write(pa.Table.from_pandas(kept), tmp_path / f"t.{suffix}")
        assert read_table(tmp_path / f"t.{suffix}").column_names == columns


def test_the_format_can_be_named(tmp_path):
    (tmp_path / "download").write_text("a\tb\n1\t2\n", encoding="utf-8")
    assert read_table(tmp_path / "download", format="tsv").to_pydict() == {"a": [1], "b": [2]}
    with pytest.raises(ValueError, match=r"Got no suffix .* format=csv"):
        read_table(tmp_path / "download")


def test_times_in_json_stay_text_and_columns_in_order(tmp_path):
    table = read(tmp_path, '{"b": 1, "t": "2024-01-31", "a": 2}\n', "t.jsonl")
    assert table.to_pydict() == {"b": [1], "t": ["2024-01-31"], "a": [2]}


# Paths


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Got no file at .*t\.csv, expected a table"):
        read_table(tmp_path / "t.csv")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("steps.table.csv_file.head", deny)
    with pytest.raises(PermissionError, match=r"Got no permission to read .*t\.csv"):
        read(tmp_path, TEXT)


def test_a_folder_without_parquet_files(tmp_path):
    with pytest.raises(ValueError, match="Got no Parquet file in the folder"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "sub"])
def test_a_folder_with_something_else(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=f"Got '{name}' in the folder .*, expected nothing but Parquet files"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("other", "message"),
    [({"b": [1]}, r"Got columns \['b'\] in .*b.parquet"), ({"a": ["x"]}, "Got type string for column 'a'")],
)
def test_a_folder_has_one_schema(tmp_path, other, message):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table(other), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path)
