"""Reading any table file into Arrow, exactly as it is written."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steps.table.csv_file import read_csv
from steps.table.json_lines import read_json_lines
from steps.table.source import (
    COMPRESSIONS,
    READ_ERRORS,
    head,
    one_line,
    open_plain,
    plain_suffix,
    refuse_unknown_encoding,
)
from steps.table.text import no_header_hint

CSV, TSV, JSON_LINES, PARQUET, FEATHER = "CSV", "TSV", "JSON lines", "Parquet", "Feather"
FORMATS = {
    ".csv": CSV,
    ".txt": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".json": JSON_LINES,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".feather": FEATHER,
    ".arrow": FEATHER,
}
BESIDE_PARTS = ("manifest.json", "schema.json")


def read_table(path: Path, *, format: str = "auto", delimiter: str = "auto", encoding: str = "utf-8") -> pa.Table:
    """Read a table from a file, or from a folder of Parquet files.

    Parameters
    ----------
    path : pathlib.Path
        CSV, TSV, JSON lines, Parquet or Feather/Arrow IPC, known by its suffix, plain or inside ``.gz``,
        ``.bz2``, ``.xz``, ``.zst`` or ``.zip``; or a folder of Parquet files, read in the order of their
        names.
    format : str
        ``auto``, or a suffix without its dot that tells the format instead of the file's own, such as ``csv``.
    delimiter : str
        Of delimited text: ``auto``, ``tab`` or a single character.
    encoding : str
        Of delimited text and JSON lines: any text encoding Python knows.

    Returns
    -------
    pyarrow.Table
        At least one row; column names distinct and not empty; values as the file has them. Row numbers that pandas
        wrote as a column without a name are left out.

    Raises
    ------
    ValueError
        If the content cannot be read as what the name says. The message is one sentence.
    OSError
        If there is no such file, or it may not be read.
    """
    path = Path(path)
    refuse_unknown_encoding(encoding)
    if not path.exists():
        raise FileNotFoundError(f"Got no file at {path}, expected a table: check the path.")
    table = _read_folder(path) if path.is_dir() else _read_file(path, format, delimiter, encoding)
    _refuse_bad_names(table.column_names, path)
    if not table.num_rows:
        raise ValueError(f"Got a header and no rows in {path}, expected data below the column names.")
    return table


def _read_file(path: Path, format: str, delimiter: str, encoding: str) -> pa.Table:
    if not path.stat().st_size:
        raise ValueError(f"Got an empty file {path}, expected a table: check how it was written.")
    try:
        suffix = plain_suffix(path) if format == "auto" else f".{format}"
        if suffix not in FORMATS:
            raise ValueError(_unknown_suffix(path, suffix))
        kind = FORMATS[suffix]
        if kind == JSON_LINES:
            return read_json_lines(path, encoding=encoding)
        if kind in (CSV, TSV):
            found = "tab" if (kind, delimiter) == (TSV, "auto") else delimiter
            return read_csv(path, delimiter=found, encoding=encoding)
        return _read_binary(path, kind)
    except PermissionError as error:
        raise PermissionError(f"Got no permission to read {path}, expected a readable file.") from error
    except READ_ERRORS as error:
        # A bare ValueError is a sentence already; those of pyarrow and the codecs are subclasses.
        if type(error) is ValueError:
            raise
        raise ValueError(
            f"Got {path} damaged or cut short ({one_line(error)}), expected a complete file: copy it again."
        ) from error


def _unknown_suffix(path: Path, suffix: str) -> str:
    got = f"suffix {suffix!r}" if suffix else "no suffix"
    return (
        f"Got {got} in {path}, expected one of {', '.join(FORMATS)}, "
        f"plain or followed by one of {', '.join(COMPRESSIONS)}; or name it with format=csv and the like."
    )


def _read_binary(path: Path, kind: str) -> pa.Table:
    start = head(path)
    magic = {PARQUET: (b"PAR1",), FEATHER: (b"ARROW1", b"\xff\xff\xff\xff")}[kind]
    if not start.startswith(magic):
        looks = "text" if start[:64].isascii() and start else "something else"
        raise ValueError(f"Got {looks} in {path}, expected {kind}: check the download, or the suffix.")
    if path.suffix.lower() in COMPRESSIONS:
        with open_plain(path) as stream:
            source = pa.BufferReader(stream.read())
    else:
        source = pa.OSFile(str(path), "rb")
    with source:
        if kind == PARQUET:
            table = pq.ParquetFile(source).read()
        elif start.startswith(b"ARROW1"):
            table = pa.ipc.open_file(source).read_all()
        else:
            table = pa.ipc.open_stream(source).read_all()
    table.validate(full=True)
    return _without_unnamed_index(table)


def _without_unnamed_index(table: pa.Table) -> pa.Table:
    # pandas writes row numbers that it was given no name for as a column beside the others.
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    unnamed = [name for name in index if isinstance(name, str) and re.fullmatch(r"__index_level_\d+__", name)]
    return table.drop_columns([name for name in unnamed if pa.types.is_integer(table.schema.field(name).type)])


def _read_folder(folder: Path) -> pa.Table:
    parts = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name in BESIDE_PARTS:
            continue
        if path.is_dir() or FORMATS.get(path.suffix.lower()) != PARQUET:
            raise ValueError(f"Got {path.name!r} in the folder {folder}, expected nothing but Parquet files.")
        parts.append(path)
    if not parts:
        raise ValueError(f"Got no Parquet file in the folder {folder}, expected at least one.")
    tables = [_read_file(path, "auto", "auto", "utf-8").replace_schema_metadata() for path in parts]
    for path, table in zip(parts, tables, strict=True):
        _refuse_other_schema(path, table.schema, parts[0], tables[0].schema)
    return pa.concat_tables(tables)


def _refuse_other_schema(path: Path, schema: pa.Schema, first: Path, expected: pa.Schema) -> None:
    if schema.names != expected.names:
        raise ValueError(
            f"Got columns {schema.names} in {path}, expected {expected.names} as in {first.name}: "
            "write all files of a folder with one schema."
        )
    for got, wanted in zip(schema, expected, strict=True):
        if got.type != wanted.type:
            raise ValueError(
                f"Got type {got.type} for column {got.name!r} in {path}, expected {wanted.type} as in "
                f"{first.name}: write all files of a folder with one schema."
            )


def _refuse_bad_names(names: Iterable[str], path: Path) -> None:
    names = list(names)
    if not names:
        raise ValueError(f"Got no columns in {path}, expected a table with named columns.")
    empty = [str(position) for position, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        raise ValueError(
            f"Got no name for column {', '.join(empty)} in {path}, expected a name for every column: "
            "name it in the header (pandas leaves it out for the index: write with index=False)."
            + no_header_hint(names)
        )
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise ValueError(
            f"Got the column name {', '.join(map(repr, doubled))} more than once in {path}, "
            "expected distinct names: rename one of them in the header." + no_header_hint(names)
        )
