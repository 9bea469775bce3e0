"""Reading any table file into Arrow, exactly as it is written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steps.table.csv_file import read_csv
from steps.table.formats import (
    CSV,
    IPC_FILE,
    JSON_LINES,
    PARQUET,
    TSV,
    file_kind,
    folder_parts,
    reading,
    refuse_bad_names,
    refuse_other_schema,
    unnamed_index,
)
from steps.table.json_lines import read_json_lines
from steps.table.source import COMPRESSIONS, head, open_plain, refuse_unknown_encoding


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
    refuse_bad_names(table.column_names, path)
    if not table.num_rows:
        raise ValueError(f"Got a header and no rows in {path}, expected data below the column names.")
    return table


def _read_file(path: Path, format: str, delimiter: str, encoding: str) -> pa.Table:
    with reading(path):
        kind = file_kind(path, format)
        if kind == JSON_LINES:
            return read_json_lines(path, encoding=encoding)
        if kind in (CSV, TSV):
            found = "tab" if (kind, delimiter) == (TSV, "auto") else delimiter
            return read_csv(path, delimiter=found, encoding=encoding)
        return _read_binary(path, kind)


def _read_binary(path: Path, kind: str) -> pa.Table:
    if path.suffix.lower() in COMPRESSIONS:
        with open_plain(path) as stream:
            source = pa.BufferReader(stream.read())
    else:
        source = pa.OSFile(str(path), "rb")
    with source:
        if kind == PARQUET:
            table = pq.ParquetFile(source).read()
        elif head(path).startswith(IPC_FILE):
            table = pa.ipc.open_file(source).read_all()
        else:
            table = pa.ipc.open_stream(source).read_all()
    table.validate(full=True)
    return table.drop_columns(unnamed_index(table.schema))


def _read_folder(folder: Path) -> pa.Table:
    parts = folder_parts(folder)
    tables = [_read_file(path, "auto", "auto", "utf-8").replace_schema_metadata() for path in parts]
    for path, table in zip(parts, tables, strict=True):
        refuse_other_schema(path, table.schema, parts[0], tables[0].schema)
    return pa.concat_tables(tables)
