import bz2
import gzip
import lzma
import zipfile

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
        (b"\n <HTML><body>", "Got an HTML page"),
        (b"<!DOCTYPE html>", "Got an HTML page"),
        (b"<!-- sorry -->\n<!-- -->\n<html lang='en'>", "Got an HTML page"),
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
        ("t.csv.gz", gzip.compress(TEXT * 1000, mtime=0)[:-20], "damaged or cut short"),
        ("t.csv.bz2", bz2.compress(TEXT * 1000)[:-20], "damaged or cut short"),
        ("t.csv.xz", lzma.compress(TEXT * 1000)[:-20], "damaged or cut short"),
        ("t.csv.zst", pa.compress(TEXT * 1000, "zstd", asbytes=True)[:-9], "damaged or cut short"),
        ("t.zip", TEXT, "damaged or cut short"),
        ("t.xlsx", b"PK", r"Got suffix '.xlsx' in .*, expected one of .csv, .*followed by one of .gz"),
        ("t", TEXT, "Got no suffix in"),
        ("t.tar.gz", gzip.compress(TEXT, mtime=0), "Got suffix '.tar'"),
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
