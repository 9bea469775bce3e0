"""Reading a table file of any size in batches of a few rows, every value as the file has it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from steps.table.clean import basic, empty_batch
from steps.table.csv_file import parsing_of, text_batches, text_names, typed_batches
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
from steps.table.json_lines import json_batches
from steps.table.regroup import Regrouped
from steps.table.source import COMPRESSIONS, head, open_plain, refuse_unknown_encoding
from steps.table.space import naming_what_is_full
from steps.table.spool import Spool

_BUFFER_BYTES = 1 << 20
"""Of a Parquet column that is read at once, however large its row groups are."""


@dataclass(frozen=True)
class BatchReader:
    """A table file that is open.

    Attributes
    ----------
    schema
        Its columns and their types; of delimited text all are text.
    n_rows
        None where only reading tells.
    is_delimited_text
        Whether the file tells no types.
    decimal_comma
        Whether ``1,5`` may be a number in it, as the delimiter is a semicolon.
    """

    schema: pa.Schema
    n_rows: int | None
    is_delimited_text: bool
    decimal_comma: bool
    _read: Callable[[int], Iterable[pa.RecordBatch]]

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the rows in their order, `rows` at a time; the last batch may have fewer."""
        groups = Regrouped(rows)
        for batch in self._read(rows):
            yield from groups.add(pa.Table.from_batches([batch]).select(self.schema.names))
        yield from groups.rest()


@contextlib.contextmanager
def open_batches(
    path: Path, *, format: str, delimiter: str, encoding: str, typed: bool = False
) -> Iterator[BatchReader]:
    """Open a table file, or a folder of Parquet files; it may have no rows.

    What tells its types only at the end, and what can't be read twice, is kept in the temporary folder meanwhile:
    JSON lines as large as the table in memory, and so delimited text if it is to be typed; compressed Parquet and
    Feather files as large as without compression.

    Parameters
    ----------
    path : pathlib.Path
        CSV, TSV, JSON lines, Parquet or Feather/Arrow IPC, known by its suffix, plain or inside ``.gz``,
        ``.bz2``, ``.xz``, ``.zst`` or ``.zip``; or a folder of Parquet files, read in the order of their
        names. Row numbers that pandas wrote as a column without a name are left out.
    format : str
        ``auto``, or a suffix without its dot that tells the format instead of the file's own, such as ``csv``.
    delimiter : str
        Of delimited text: ``auto``, ``tab`` or a single character.
    encoding : str
        Of delimited text and JSON lines: any text encoding Python knows.
    typed
        Whether columns of delimited text get the types that all their values have, and dictionaries and the like
        become plain values; else delimited text stays text, and the rest as the file has it.

    Raises
    ------
    ValueError
        If the content cannot be read as what the name says; reading a batch raises it, too. If `typed`, also if a
        column is nested.
    OSError
        If there is no such file, or it may not be read; or the disk is full, with the name of a temporary file.
    """
    refuse_unknown_encoding(encoding)
    if not path.exists():
        raise FileNotFoundError(f"Got no file at {path}, expected a table: check the path.")
    with tempfile.TemporaryDirectory() as folder:
        with reading(path):
            reader = _open(path, format, delimiter, encoding, typed, Path(folder))
        refuse_bad_names(reader.schema.names, path)
        yield _plain(reader) if typed else reader


def _open(path: Path, format: str, delimiter: str, encoding: str, typed: bool, folder: Path) -> BatchReader:
    if path.is_dir():
        return _open_parquet({part: part for part in folder_parts(path)})
    kind = file_kind(path, format)
    if kind == JSON_LINES:
        return _spooled(json_batches(path, encoding=encoding), folder)
    if kind in (CSV, TSV):
        delimiter = "tab" if (kind, delimiter) == (TSV, "auto") else delimiter
        parsing = parsing_of(path, delimiter=delimiter, encoding=encoding)
        names = text_names(path, parsing, encoding)
        refuse_bad_names(names, path)
        if typed:
            return _spooled(typed_batches(path, parsing, encoding), folder)
        return _open_text(path, names, parsing, encoding)
    plain = _decompressed(path, folder) if path.suffix.lower() in COMPRESSIONS else path
    return _open_parquet({path: plain}) if kind == PARQUET else _open_feather(path, plain)


def _spooled(batches: Iterable[pa.RecordBatch], folder: Path) -> BatchReader:
    spool = Spool(folder / "spool", batches)
    return BatchReader(spool.schema, spool.num_rows, False, False, lambda rows: spool.batches())


def _open_text(path: Path, names: list[str], parsing: csv.ParseOptions, encoding: str) -> BatchReader:
    def read(rows: int) -> Iterator[pa.RecordBatch]:
        with reading(path):
            yield from text_batches(path, parsing, encoding)

    schema = pa.schema([(name, pa.string()) for name in names])
    return BatchReader(schema, None, True, parsing.delimiter == ";", read)


def _open_parquet(plain: Mapping[Path, Path]) -> BatchReader:
    """Open Parquet files, name to where its plain content is; their handles only one after the other."""
    found = {}
    for path, place in plain.items():
        with reading(path):
            file_kind(place, "parquet")
            found[path] = pq.read_metadata(place)
    first = next(iter(found))
    schemas = {path: _without_index(metadata.schema.to_arrow_schema()) for path, metadata in found.items()}
    for path, schema in schemas.items():
        refuse_other_schema(path, schema, first, schemas[first])

    def read(rows: int) -> Iterator[pa.RecordBatch]:
        for path, place in plain.items():
            with reading(path), pq.ParquetFile(place, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
                for batch in file.iter_batches(rows):
                    batch.validate(full=True)
                    yield batch

    n_rows = sum(metadata.num_rows for metadata in found.values())
    return BatchReader(schemas[first], n_rows, False, False, read)


def _open_feather(path: Path, plain: Path) -> BatchReader:
    is_file = head(plain).startswith(IPC_FILE)
    opener = pa.ipc.open_file if is_file else pa.ipc.open_stream

    def read(rows: int) -> Iterator[pa.RecordBatch]:
        with reading(path), pa.OSFile(str(plain), "rb") as source, opener(source) as file:
            for batch in map(file.get_batch, range(file.num_record_batches)) if is_file else file:
                batch.validate(full=True)
                yield batch

    with pa.OSFile(str(plain), "rb") as source, opener(source) as file:
        return BatchReader(_without_index(file.schema), None, False, False, read)


def _without_index(schema: pa.Schema) -> pa.Schema:
    left_out = unnamed_index(schema)
    return pa.schema([field for field in schema if field.name not in left_out])


def _decompressed(path: Path, folder: Path) -> Path:
    plain = folder / "plain"
    with open_plain(path) as stream, naming_what_is_full(plain), plain.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return plain


def _plain(reader: BatchReader) -> BatchReader:
    """Return a reader of the same values without their encoding."""

    def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: basic(batch.column(name), name) for name in reader.schema.names}
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

    return replace(
        reader, schema=plain(empty_batch(reader.schema)).schema, _read=lambda rows: map(plain, reader._read(rows))
    )
