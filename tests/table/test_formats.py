"""One table is one table, whatever file it comes from, and no file is a crash."""

import bz2
import gzip
import lzma
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.table.clean import clean
from steps.table.fingerprint import fingerprint
from steps.table.read import read_table
from steps.table.schema import infer_schema
from tests.table.any_table import WRITERS, tables

COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


def cleaned(content, name, keep=None, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return clean(read_table(path, **options), keep=keep)[0]


@settings(deadline=None)
@given(tables(), st.sampled_from(list(COMPRESS)))
def test_the_fingerprint_is_the_same_in_every_format(table, compression):
    expected = fingerprint(clean(table)[0])
    for suffix, write in WRITERS.items():
        content = COMPRESS[compression](write(table))
        options = {"delimiter": ","} if suffix == ".csv" else {}
        assert fingerprint(cleaned(content, f"t{suffix}{compression}", **options)) == expected, suffix


LABELS = ["1", "1.0", "2", "NA", "None", "?", "inf", "nan", "007", "1,5", "1e400", "99999999999999999999", " 1"]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*LABELS, "true", "false", "x", "2024-01-31"]), min_size=1, max_size=4))
def test_labels_are_the_same_in_every_format(labels):
    table = pa.table({"y": labels, "k": ["1"] * len(labels)})
    expected = clean(table, keep="y")[0]
    for suffix, write in WRITERS.items():
        assert cleaned(write(table), "t" + suffix, keep="y").equals(expected), suffix


@given(tables())
def test_cleaning_twice_changes_nothing(table):
    try:
        once = clean(table)[0]
    except ValueError:
        return
    assert clean(once)[0].equals(once)


PIECES = st.sampled_from(["a", "b", "1", "0", ".", "-", ",", ";", "\t", '"', "\n", "\r", "\0", "é", "{", "}", "[", ":"])
GARBLED = st.lists(PIECES, max_size=40).map("".join).map(str.encode) | st.binary(max_size=60)
HEADS = st.sampled_from(
    [b"", b"a,b\n", b'{"a": ', b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x1f\x8b\x08\0", b"PK\x03\x04"]
)
NAMES = ["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.feather", "t.csv.gz", "t.jsonl.bz2", "t.csv.xz"]


@settings(max_examples=400, deadline=None)
@given(
    HEADS, GARBLED, st.sampled_from([*NAMES, "t.parquet.zst", "t.zip"]), st.sampled_from(["utf-8", "utf-16", "latin-1"])
)
def test_garbled_files_are_read_or_refused_in_one_line(start, content, name, encoding):
    try:
        table = cleaned(start + content, name, encoding=encoding)
        infer_schema(table, target=table.column_names[-1], max_categories=20)
    except (ValueError, OSError) as error:
        assert "\n" not in str(error)
        assert "Got " in str(error)


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
@settings(deadline=None)
@given(st.data())
def test_flipped_bits_are_read_or_refused_in_one_line(suffix, data):
    content = bytearray(WRITERS[suffix](pa.table({"a": [1, 2, None], "b": ["x", "y", "é"]})))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        cleaned(content, "t" + suffix)
    except (ValueError, OSError) as error:
        assert "\n" not in str(error)
