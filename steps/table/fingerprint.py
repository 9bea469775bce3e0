"""The fingerprint of a table: one digest of all its content, whatever file it came from."""

import hashlib
import struct
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.stored import ROW_GROUP, StoredTable, chunks_of, null_count_of

VERSION = b"grove-table-1"
EXACT = 2**53
"""float64 holds every integer up to this one exactly."""


def fingerprint(table: pa.Table | StoredTable) -> str:
    """Digest all rows and columns of a cleaned table.

    The digest depends on the names, order and content of the columns and on the order of the rows, and on
    nothing else: not on the file format, the chunks, or the versions of the libraries.

    Parameters
    ----------
    table : pyarrow.Table or StoredTable
        Columns of type int64, float64, bool, date32 or string, as `clean` returns them. A file is read column by
        column, each as often as it has parts below, so that a row group of one column is in memory.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Raises
    ------
    ValueError
        If a column has another type.

    Notes
    -----
    The bytes digested, all integers little-endian int64, are ``grove-table-1``, the number of rows and the
    number of columns, and then for each column:

    1. its name and its tag (``number``, ``integer``, ``boolean``, ``date`` or ``text``), both UTF-8 and each
       preceded by its length in bytes;
    2. one byte a row: 1 if there is a value, 0 if it is missing;
    3. the values, zero where missing: ``number`` as float64, ``integer`` as int64, ``boolean`` as one byte,
       ``date`` as days since 1970-01-01 in int64, ``text`` as all lengths in bytes followed by all UTF-8 bytes.

    Integers are tagged ``number`` unless one is beyond 2**53, so that 1 and 1.0 are the same.
    """
    digest = hashlib.sha256(VERSION)
    digest.update(struct.pack("<qq", table.num_rows, len(table.schema)))
    for position, field in enumerate(table.schema):
        chunks = partial(chunks_of, table, position)
        tag, encoders = _encoding(field, chunks)
        for text in (field.name.encode(), tag):
            digest.update(struct.pack("<q", len(text)) + text)
        has_missing = null_count_of(table, position) > 0
        if not has_missing:  # which a file says without being read
            for start in range(0, table.num_rows, ROW_GROUP):
                digest.update(b"\1" * min(ROW_GROUP, table.num_rows - start))
        for encode in (_validity, *encoders) if has_missing else encoders:
            for chunk in chunks():
                digest.update(encode(chunk))
    return digest.hexdigest()


Encoder = Callable[[pa.Array], np.ndarray | memoryview]


def _encoding(field: pa.Field, chunks: Callable[[], Iterable[pa.Array]]) -> tuple[bytes, tuple[Encoder, ...]]:
    kind = field.type
    if kind == pa.string():
        return b"text", (_lengths, _characters)
    if kind == pa.bool_():
        return b"boolean", (lambda chunk: _filled(chunk, False).astype(np.uint8),)
    if kind == pa.float64() or (kind == pa.int64() and all(map(_is_exact, chunks()))):
        return b"number", (lambda chunk: _filled(chunk, 0).astype("<f8", copy=False),)
    if kind == pa.int64():
        return b"integer", (lambda chunk: _filled(chunk, 0).astype("<i8", copy=False),)
    if kind == pa.date32():
        return b"date", (lambda chunk: _filled(chunk.cast(pa.int32()), 0).astype("<i8"),)
    raise ValueError(
        f"Got type {kind} in column {field.name!r}, expected int64, float64, bool, date32 or string: clean it first."
    )


def _is_exact(chunk: pa.Array) -> bool:
    extremes = pc.min_max(chunk).as_py()
    return extremes["min"] is None or (extremes["min"] >= -EXACT and extremes["max"] <= EXACT)


def _filled(chunk: pa.Array, value: float) -> np.ndarray:
    chunk = chunk.fill_null(value) if chunk.null_count else chunk
    return chunk.to_numpy(zero_copy_only=False)


def _validity(chunk: pa.Array) -> np.ndarray:
    return chunk.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8)


def _lengths(chunk: pa.StringArray) -> np.ndarray:
    return _filled(pc.binary_length(chunk), 0).astype("<i8")


def _characters(chunk: pa.StringArray) -> memoryview:
    chunk = chunk.fill_null("") if chunk.null_count else chunk
    _, offsets, data = chunk.buffers()
    if data is None or not len(chunk):
        return memoryview(b"")
    first, last = np.frombuffer(offsets, np.int32)[[chunk.offset, chunk.offset + len(chunk)]]
    return memoryview(data)[first:last]
