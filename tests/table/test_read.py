import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from steps.table.read import read_table

TEXT = b"a,b\n1,x\n2,y\n"
TABLE = {"a": [1, 2], "b": ["x", "y"]}


def read(tmp_path, content, name="t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **options)


def refused(tmp_path, content, message, name="t.csv", **options):
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, content, name, **options)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)
    assert name in str(caught.value) or options


def column(tmp_path, *values, header="a,k", end=",0", **options):
    lines = "\n".join([header, *(f"{value}{end}" for value in values)])
    return read(tmp_path, lines + "\n", **options).column("a").to_pylist()


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
        ("t.csv.gz", gzip.compress(TEXT)),
        ("t.csv.bz2", bz2.compress(TEXT)),
        ("t.csv.xz", lzma.compress(TEXT)),
        ("t.csv.zst", pa.compress(TEXT, "zstd", asbytes=True)),
        ("two_members.csv.gz", gzip.compress(TEXT[:6]) + gzip.compress(TEXT[6:])),
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


# Delimiters


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    text = f'a{delimiter}b\n1{delimiter}"x,;\t|\n,;\t|"\n2{delimiter}\'y\n'
    assert read(tmp_path, text).to_pydict() == {"a": [1, 2], "b": ["x,;\t|\n,;\t|", "'y"]}


def test_a_delimiter_is_found_in_a_long_file(tmp_path):
    table = read(tmp_path, "a;b\n" + "1;2,5\n" * 100_000)
    assert table.column_names == ["a", "b"]
    assert table.num_rows == 100_000


@pytest.mark.parametrize("delimiter", ["tab", "\t"])
def test_a_delimiter_can_be_named(tmp_path, delimiter):
    assert read(tmp_path, "a,x\tb\n1,x\t2\n", delimiter=delimiter).column_names == ["a,x", "b"]


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", "€"])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    refused(tmp_path, TEXT, "Got delimiter .*, expected 'auto', 'tab' or a single character", delimiter=delimiter)


def test_one_column_has_no_delimiter(tmp_path):
    assert read(tmp_path, "a\n1\n2\n").to_pydict() == {"a": [1, 2]}


# Types


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1e5", ".5", "5."], [1e5, 0.5, 5.0]),
        (["true", "FALSE"], [True, False]),
        (["", ""], [None, None]),
        (["1", "true"], ["1", "true"]),
        (["t", "f"], ["t", "f"]),
        (["NA", "None", "null", "NaN"], ["NA", "None", "null", "NaN"]),
        (["nan", "inf"], ["nan", "inf"]),
        (["nan", "inf", "a"], ["nan", "inf", "a"]),
        (["1.5", "NA"], ["1.5", "NA"]),
        (["007", "8"], ["007", "8"]),
        (["-01", "2"], ["-01", "2"]),
        (["0", "0.5", "-0.5"], [0.0, 0.5, -0.5]),
        (["0x1F", "1"], ["0x1F", "1"]),
        (["99999999999999999999", "1"], ["99999999999999999999", "1"]),
        (["1e400", "1"], ["1e400", "1"]),
        (["2024-01-31", "2024-02-01"], ["2024-01-31", "2024-02-01"]),
        ([" 1", "2"], [" 1", "2"]),
        (['"1,000"', "2"], ["1,000", "2"]),
        (["-", "1"], ["-", "1"]),
        (['""', "x"], [None, "x"]),
    ],
)
def test_values_are_numbers_only_if_all_are_plainly_written(tmp_path, values, expected):
    assert column(tmp_path, *values) == expected
    assert [type(v) for v in column(tmp_path, *values)] == [type(v) for v in expected]


@pytest.mark.parametrize(
    ("late", "kind"),
    [("2.5", pa.float64()), ("007", pa.string()), ("x", pa.string()), ("true", pa.string()), ("", pa.int64())],
)
def test_a_type_may_change_in_a_late_block(tmp_path, late, kind):
    rows = 1_500_000
    table = read(tmp_path, "a,k\n" + "1234,0\n" * rows + f"{late},0\n")
    assert table.schema.field("a").type == kind
    assert table.num_rows == rows + 1


def test_decimal_commas_in_a_file_with_semicolons(tmp_path):
    table = read(tmp_path, "a;b;c;d\n1,5;1.5;0,5;1.234,5\n2;2;x;1\n")
    assert table.to_pydict() == {"a": [1.5, 2.0], "b": [1.5, 2.0], "c": ["0,5", "x"], "d": ["1.234,5", "1"]}


# Encodings


def test_a_byte_order_mark_is_skipped(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + TEXT).to_pydict() == TABLE


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize(("name", "text"), [("t.csv", "é,b\nü,1\n"), ("t.jsonl", '{"é": "ü", "b": 1}')])
def test_other_encodings(tmp_path, encoding, name, text):
    assert read(tmp_path, text.encode(encoding), name, encoding=encoding).to_pydict() == {"é": ["ü"], "b": [1]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"a,b\n\xe9,1\n"),
        ("t.csv", b"\xe9,b\n1,1\n"),
        ("t.csv", b"a,b\n" + b"1,1\n" * 200_000 + b"\xe9,1\n"),
        ("t.csv", b"a,b\n1,\xc3"),
        ("t.jsonl", b'{"a": "\xe9"}\n'),
        ("t.jsonl", b'{"\xe9": 1}\n'),
        ("t.jsonl", b'{"a": "x"}\n' * 50_000 + b'{"a": "\xe9"}\n'),
    ],
)
def test_bytes_in_another_encoding_are_refused(tmp_path, name, content):
    refused(tmp_path, content, "not valid utf-8, .*encoding=latin-1", name)


def test_bytes_not_in_the_encoding_named(tmp_path):
    refused(tmp_path, "a,b\né,1\n", "not valid ascii, .*encoding=utf-8", encoding="ascii")


@pytest.mark.parametrize("encoding", ["nope", "rot13", "", "a\0b"])
def test_an_unknown_encoding_is_refused(tmp_path, encoding):
    refused(tmp_path, TEXT, "Got encoding .*, expected one that Python knows", encoding=encoding)


def test_utf_16_is_recognised(tmp_path):
    refused(tmp_path, "a,b\n1,2\n".encode("utf-16"), "Got UTF-16 text .*encoding=utf-16")


# Content that belies the name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1....", "Got Parquet in .*, expected delimited text"),
        (b"ARROW1..", "Got Feather/Arrow IPC in"),
        (b"\n <HTML><body>", "Got a web page"),
        (b"<!DOCTYPE html>", "Got a web page"),
        (b"PK\x03\x04....", "Got a zip archive or an Excel workbook"),
        (b"\x1f\x8b\x08", "Got gzip-compressed data"),
        (b"a,b\n1,\0\n", "Got NUL bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Got a Git LFS pointer"),
    ],
)
def test_a_csv_that_is_something_else(tmp_path, content, message):
    refused(tmp_path, content, message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.parquet", TEXT, "Got text in .*, expected Parquet"),
        ("t.feather", TEXT, "Got text in .*, expected Feather"),
        ("t.parquet", b"PAR1 cut short", "damaged or cut short"),
        ("t.feather", b"ARROW1\0\0 cut short", "damaged or cut short"),
        ("t.arrow", b"\xff\xff\xff\xff\x10\0\0\0", "damaged or cut short"),
        ("t.csv.gz", TEXT, "damaged or cut short"),
        ("t.csv.gz", gzip.compress(TEXT * 1000)[:-20], "damaged or cut short"),
        ("t.csv.bz2", bz2.compress(TEXT * 1000)[:-20], "damaged or cut short"),
        ("t.csv.xz", lzma.compress(TEXT * 1000)[:-20], "damaged or cut short"),
        ("t.csv.zst", pa.compress(TEXT * 1000, "zstd", asbytes=True)[:-9], "damaged or cut short"),
        ("t.zip", TEXT, "damaged or cut short"),
        ("t.xlsx", b"PK", r"Got suffix '.xlsx' in .*, expected one of .csv, .*followed by one of .gz"),
        ("t", TEXT, "Got no suffix in"),
        ("t.tar.gz", gzip.compress(TEXT), "Got suffix '.tar'"),
    ],
)
def test_damaged_and_unknown_files(tmp_path, name, content, message):
    refused(tmp_path, content, message, name)


def test_a_truncated_parquet_file(tmp_path):
    pq.write_table(pa.table(TABLE), tmp_path / "whole.parquet")
    refused(tmp_path, (tmp_path / "whole.parquet").read_bytes()[:-10], "damaged or cut short", "t.parquet")


@pytest.mark.parametrize("members", [{}, {"a_csv": TEXT, "b_csv": TEXT}])
def test_a_zip_holds_exactly_one_data_file(tmp_path, members):
    zipped(tmp_path / "t.zip", **members)
    with pytest.raises(ValueError, match=f"Got {len(members)} files inside .*t.zip, expected exactly one"):
        read_table(tmp_path / "t.zip")


# Rows and names


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "Got an empty file"),
        ("t.csv.gz", gzip.compress(b""), "Got no rows .*the file is empty"),
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
