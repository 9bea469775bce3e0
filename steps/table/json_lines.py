"""Reading JSON lines: one object a line."""

import codecs
import json
import re
from pathlib import Path

import pyarrow as pa
from pyarrow import json as arrow_json

from steps.table.source import (
    decode_head,
    head,
    not_in_encoding,
    open_plain,
    refuse_disguise,
)

BLOCK_BYTES = 1 << 22


def read_json_lines(path: Path, *, encoding: str) -> pa.Table:
    """Read a file of JSON objects, one a line, plain or compressed.

    Parameters
    ----------
    path : pathlib.Path
    encoding : str
        Any text encoding Python knows.

    Returns
    -------
    pyarrow.Table
        Columns in the order in which their names first appear. Text that looks like a time stays text.

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
    try:
        table = _parse(path, encoding, schema=None)
        times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
        if times:
            # pyarrow turns text into times; every format is to give the same table, so cleaning decides.
            names = table.column_names
            del table
            table = _parse(path, encoding, schema=pa.schema([(name, pa.string()) for name in times]))
            table = table.select(names)
        table.validate(full=True)
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise _explain(error, path, encoding) from error
    return table


def _parse(path: Path, encoding: str, *, schema: pa.Schema | None) -> pa.Table:
    with open_plain(path) as stream:
        return arrow_json.read_json(
            pa.transcoding_input_stream(stream, _without_mark(encoding), "utf-8"),
            arrow_json.ReadOptions(block_size=BLOCK_BYTES),
            arrow_json.ParseOptions(explicit_schema=schema),
        )


def _without_mark(encoding: str) -> str:
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _explain(error: Exception, path: Path, encoding: str) -> ValueError:
    text = str(error)
    if isinstance(error, UnicodeError) or "UTF8" in text:
        return not_in_encoding(path, encoding)
    if "straddling" in text:
        return ValueError(f"Got a line longer than {BLOCK_BYTES >> 20} MB in {path}, expected one object a line.")
    if changed := re.search(r"Column\(/(.+)\) changed from (\w+) to (\w+)", text, re.DOTALL):
        name, old, new = changed.groups()
        return ValueError(
            f"Got a {new} after a {old} in column {name!r} of {path}, expected one type a column: "
            "write all its values the same way."
        )
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
