"""Reading JSON lines: one object a line."""

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import json as arrow_json

from steps.table.clean import refuse_nested
from steps.table.source import (
    decode_head,
    head,
    not_in_encoding,
    open_plain,
    refuse_disguise,
)
from steps.table.spool import widened

BLOCK_BYTES = 1 << 22
_KINDS = {pa.bool_(): "boolean", pa.int64(): "number", pa.float64(): "number", pa.string(): "string"}


def json_batches(path: Path, *, encoding: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file of JSON objects, one a line, plain or compressed.

    Parameters
    ----------
    path : pathlib.Path
    encoding : str
        Any text encoding Python knows.

    Yields
    ------
    pyarrow.RecordBatch
        All columns so far, in the order in which their names first appear, and as wide as their values so far ask for:
        the last batch has the types of the whole. Text that looks like a time stays text.

    Raises
    ------
    ValueError
        If the content is not JSON lines in `encoding`, or a column's values have different types.
    """
    start = head(path)
    refuse_disguise(start, path, expected="JSON lines", encoding=encoding)
    sample = decode_head(start, path, encoding).lstrip()
    if not sample:
        raise ValueError(f"Got no rows in {path}, expected one JSON object a line: the file is empty.")
    if sample[0] != "{":
        what = "a JSON array" if sample[0] == "[" else f"{sample[:10]!r}"
        raise ValueError(f"Got {what} at the start of {path}, expected JSON lines: one object a line.")
    schema = pa.schema([])
    try:
        for block in _blocks(path, encoding):
            if block.strip():
                table = _rows(block, schema)
                schema = _wider(schema, table.schema, path)
                yield from (widened(batch, schema) for batch in table.to_batches())
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise _explain(error, path, encoding) from error


def _blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield some megabytes of whole lines at a time, in UTF-8."""
    rest = b""
    with open_plain(path) as plain:
        stream = pa.transcoding_input_stream(plain, _without_mark(encoding), "utf-8")
        while found := stream.read(BLOCK_BYTES):
            end = max(found.rfind(b"\n"), found.rfind(b"\r")) + 1
            if end:
                yield rest + found[:end]
                rest = b""
            rest += found[end:]
            if len(rest) > BLOCK_BYTES:
                raise ValueError(
                    f"Got a line longer than {BLOCK_BYTES >> 20} MB in {path}, expected one object a line."
                )
    yield rest


def _parse(block: bytes, texts: frozenset[str]) -> pa.Table:
    """Return the rows of a block, with some columns that are known to be text."""
    return arrow_json.read_json(
        pa.BufferReader(block),
        arrow_json.ReadOptions(block_size=len(block)),
        arrow_json.ParseOptions(explicit_schema=pa.schema([(name, pa.string()) for name in sorted(texts)])),
    )


def _rows(block: bytes, schema: pa.Schema) -> pa.Table:
    texts = frozenset(field.name for field in schema if pa.types.is_string(field.type))
    table = _parse(block, texts)
    times = frozenset(field.name for field in table.schema if pa.types.is_timestamp(field.type))
    if times:
        # pyarrow turns text into times; every format is to give the same table, so cleaning decides.
        table = _parse(block, texts | times).select(table.column_names)
    table.validate(full=True)
    return table


def _wider(schema: pa.Schema, found: pa.Schema, path: Path) -> pa.Schema:
    """Return the schema of the rows so far and of some more."""
    types = {field.name: field.type for field in schema}
    for field in found:
        refuse_nested(field.type, field.name)
        known = types.get(field.name, pa.null())
        if known == pa.null() or (known, field.type) == (pa.int64(), pa.float64()):
            types[field.name] = field.type
        elif field.type not in (known, pa.null()) and (known, field.type) != (pa.float64(), pa.int64()):
            raise _changed(field.name, _KINDS[known], _KINDS[field.type], path)
    return pa.schema(types.items())


def _changed(name: str, old: str, new: str, path: Path) -> ValueError:
    return ValueError(
        f"Got a {new} after a {old} in column {name!r} of {path}, expected one type a column: "
        "write all its values the same way."
    )


def _without_mark(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _explain(error: Exception, path: Path, encoding: str) -> ValueError:
    text = str(error)
    if isinstance(error, UnicodeError) or "UTF8" in text:
        return not_in_encoding(path, encoding)
    if changed := re.search(r"Column\(/(.+)\) changed from (\w+) to (\w+)", text, re.DOTALL):
        name, old, new = changed.groups()
        return _changed(name, old, new, path)
    if twice := re.search(r"Column\(/(.+)\) was specified twice", text, re.DOTALL):
        return ValueError(f"Got column {twice[1]!r} twice in one object of {path}, expected distinct names.")
    where, problem = _first_bad_line(path, encoding)
    return ValueError(f"Got {problem} in {where} of {path}, expected JSON lines: one object a line.")


def _first_bad_line(path: Path, encoding: str) -> tuple[str, str]:
    with open_plain(path) as stream:
        lines = codecs.getreader(_without_mark(encoding))(stream)
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    return f"line {number}", "a value that is not an object"
            except (ValueError, RecursionError):
                return f"line {number}", "invalid JSON"
    return "a line", "a value that cannot be read (a number too large, or nested too deep)"
