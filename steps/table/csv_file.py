"""Reading delimited text: types found over the whole file, so that no value is lost to a guess."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from steps.table.clean import empty_batch
from steps.table.csv_dialect import find_delimiter, parse_delimiter
from steps.table.source import (
    HEAD_BYTES,
    decode_head,
    head,
    not_in_encoding,
    one_line,
    open_plain,
    refuse_disguise,
)
from steps.table.text import LEADING_ZERO, TRUTH

BLOCK_BYTES = 1 << 22
TRUE, FALSE = ([text for text in TRUTH if TRUTH[text] is truth] for truth in (True, False))
ODD = r"^[+-]?[0-9]{19,}$|^[+][0-9]+$"

BOOLEAN, TEXT, INTEGER, ODD_INTEGER, POINT, COMMA, EXPONENT = (
    "boolean",
    "text",
    "integer",
    "integer with a plus or of 19 digits and more",
    "number with a point",
    "number with a comma",
    "number with an exponent",
)


def typed_batches(path: Path, parsing: csv.ParseOptions, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a delimited text file, its columns typed by all rows.

    The file is read twice: once as text to find each column's type over all rows, once with these types.
    A column becomes numbers only if every value is a plainly written one: ``007``, ``nan`` or an integer
    beyond 64 bits keep the column text. In a file delimited by semicolons, ``1,5`` is a decimal number.

    Parameters
    ----------
    path : pathlib.Path
    parsing : pyarrow.csv.ParseOptions
        As `parsing_of` returns it.
    encoding : str
        Any text encoding Python knows.

    Yields
    ------
    pyarrow.RecordBatch
        Columns of type int64, float64, bool, string or null; empty values are null.

    Raises
    ------
    ValueError
        As `text_batches` does.
    """
    kinds = _find_kinds(path, parsing, encoding)
    types = {name: _arrow_type(found) for name, found in kinds.items()}
    commas = [position for position, found in enumerate(kinds.values()) if _has_decimal_comma(found)]
    options = csv.ConvertOptions(
        null_values=[""],
        strings_can_be_null=True,
        true_values=TRUE,
        false_values=FALSE,
        column_types=types,
    )
    yield empty_batch(pa.schema(types.items()))  # or nobody would know the columns of no rows
    try:
        with open_plain(path) as stream:
            for batch in csv.open_csv(stream, _reading(encoding), parsing, options):
                for position in commas:
                    numbers = pc.replace_substring(batch.column(position), ",", ".").cast(pa.float64())
                    batch = batch.set_column(position, batch.schema.names[position], numbers)
                yield batch
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise _explain(error, path, encoding) from error


def parsing_of(path: Path, *, delimiter: str, encoding: str) -> csv.ParseOptions:
    """Return how a delimited text file is parsed; the options are those of `read_table`.

    Raises
    ------
    ValueError
        If its first bytes are not delimited text in `encoding`.
    """
    start = head(path)
    refuse_disguise(start, path, expected="delimited text", encoding=encoding)
    sample = decode_head(start, path, encoding)
    if delimiter == "auto":
        delimiter = find_delimiter(sample, complete=len(start) < HEAD_BYTES)
    if not sample.strip():
        raise ValueError(f"Got no rows in {path}, expected a header line and data: the file is empty.")
    return csv.ParseOptions(delimiter=parse_delimiter(delimiter), newlines_in_values=True)


def text_names(path: Path, parsing: csv.ParseOptions, encoding: str) -> list[str]:
    """Return the names in the header of a delimited text file; raise ValueError as `text_batches` does."""
    try:
        with open_plain(path) as stream:
            return list(_open_texts(stream, parsing, encoding).schema.names)
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise _explain(error, path, encoding) from error


def text_batches(path: Path, parsing: csv.ParseOptions, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a delimited text file, every value as the text that it is, or null if it is empty.

    Raises
    ------
    ValueError
        If the content is not delimited text in `encoding`, or its rows have different lengths.
    """
    try:
        with open_plain(path) as stream:
            yield from _open_texts(stream, parsing, encoding)
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise _explain(error, path, encoding) from error


def _open_texts(stream: pa.NativeFile, parsing: csv.ParseOptions, encoding: str) -> csv.CSVStreamingReader:
    options = csv.ConvertOptions(null_values=[""], strings_can_be_null=True, default_column_type=pa.string())
    # Only a reader without threads knows the row number of a parse error.
    return csv.open_csv(stream, _reading(encoding, threads=False), parsing, options)


def _reading(encoding: str, *, threads: bool = True) -> csv.ReadOptions:
    return csv.ReadOptions(encoding=encoding, block_size=BLOCK_BYTES, use_threads=threads)


def _explain(error: Exception, path: Path, encoding: str) -> ValueError:
    text = one_line(error)
    if isinstance(error, UnicodeError) or "invalid UTF8" in text:
        return not_in_encoding(path, encoding)
    if "Empty CSV" in text:
        return ValueError(f"Got a header and no rows in {path}, expected data below the header line.")
    if "straddling" in text:
        return ValueError(
            f"Got a row longer than {BLOCK_BYTES >> 20} MB in {path}, expected one row a line: "
            "look for a quote that is opened and never closed."
        )
    detail = text.removeprefix("CSV parse error: ").removeprefix("Row ")
    return ValueError(
        f"Got rows of different lengths in {path}, expected as many values as the header has names: "
        f"row {detail} (the header is row 1; look there for a stray delimiter or quote, or pass delimiter=…)."
    )


def _find_kinds(path: Path, parsing: csv.ParseOptions, encoding: str) -> dict[str, set[str]]:
    """Return each column's name and what kinds of values it has; names must differ."""
    kinds: dict[str, set[str]] = {name: set() for name in text_names(path, parsing, encoding)}
    for batch in text_batches(path, parsing, encoding):
        for name, found in kinds.items():
            if TEXT not in found:
                found |= _kinds(batch.column(name), decimal_comma=parsing.delimiter == ";")
    return kinds


def _arrow_type(kinds: set[str]) -> pa.DataType:
    """Return the type that Arrow is to read, which is text if Grove has to parse it."""
    if not kinds:
        return pa.null()
    if kinds == {BOOLEAN}:
        return pa.bool_()
    if kinds == {INTEGER}:
        return pa.int64()
    # Of integers beyond int64 cleaning says what becomes of their digits.
    return pa.float64() if kinds <= {INTEGER, POINT, EXPONENT} else pa.string()


def _has_decimal_comma(kinds: set[str]) -> bool:
    return COMMA in kinds and kinds <= {COMMA, INTEGER, ODD_INTEGER, EXPONENT}


def _kinds(values: pa.StringArray, *, decimal_comma: bool) -> set[str]:
    """Return what kinds there are among some values: those of two parts together are those of both."""
    values = values.drop_null()
    if not len(values):
        return set()
    characters = _characters(values)
    if characters <= set("trueTRUEfalsFALS"):
        return {BOOLEAN} if pc.all(pc.is_in(values, pa.array(TRUE + FALSE))).as_py() else {TEXT}
    if not characters <= set("0123456789+-.,eE") or pc.any(_has_leading_zero(values)).as_py():
        return {TEXT}
    if "," in characters:
        if decimal_comma and "." not in characters:
            return {COMMA} if _is_cast(pc.replace_substring(values, ",", "."), pa.float64()) else {TEXT}
        return {TEXT}
    if not characters & set(".eE") and _is_cast(values, pa.int64()):
        return {INTEGER}
    if not _is_cast(values, pa.float64()):
        return {TEXT}
    is_odd = pc.any(pc.match_substring_regex(values, ODD)).as_py()
    found = {POINT} if "." in characters else {EXPONENT} if characters & set("eE") else {INTEGER}
    return found | ({ODD_INTEGER} if is_odd else set())


def _has_leading_zero(values: pa.StringArray) -> pa.BooleanArray:
    return pc.match_substring_regex(values, LEADING_ZERO)


def _is_cast(values: pa.StringArray, to: pa.DataType) -> bool:
    try:
        numbers = values.cast(to)
    except pa.ArrowInvalid:
        return False
    return to != pa.float64() or pc.all(pc.is_finite(numbers)).as_py()


def _characters(values: pa.StringArray) -> set[str]:
    """Return the distinct bytes of all values, as characters: far cheaper than a pattern per value."""
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    seen = np.zeros(256, bool)
    seen[np.frombuffer(values.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]] = True
    return {chr(code) for code in np.flatnonzero(seen)}
