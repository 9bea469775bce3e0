"""Reading a table file of any size in batches of a few rows, every value as the file has it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steps.table.csv_file import parsing_of, text_batches, text_names
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
from steps.table.source import COMPRESSIONS, head, open_plain, refuse_unknown_encoding

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
        waiting: list[pa.Table] = []
        count = 0
        for batch in self._read(rows):
            table = pa.Table.from_batches([batch]).select(self.schema.names)
            waiting.append(table.replace_schema_metadata())
            count += batch.num_rows
            while count >= rows:
                table = pa.concat_tables(waiting)
                yield table.slice(0, rows).combine_chunks()
                waiting, count = [table.slice(rows)], count - rows
        if count:
            yield pa.concat_tables(waiting).combine_chunks()


@contextlib.contextmanager
def open_batches(path: Path, *, format: str, delimiter: str, encoding: str) -> Iterator[BatchReader]:
    """Open a table as `read_table` reads it, with the same options, but for JSON lines; it may have no rows.

    Raises
    ------
    ValueError
        If the content cannot be read as what the name says; reading a batch raises it, too.
    OSError
        If there is no such file, or it may not be read.
    """
    refuse_unknown_encoding(encoding)
    if not path.exists():
        raise FileNotFoundError(f"Got no file at {path}, expected a table: check the path.")
    with contextlib.ExitStack() as opened:
        with reading(path):
            reader = _open(path, format, delimiter, encoding, opened)
        refuse_bad_names(reader.schema.names, path)
        yield reader


def _open(path: Path, format: str, delimiter: str, encoding: str, opened: contextlib.ExitStack) -> BatchReader:
    if path.is_dir():
        return _open_parquet({part: part for part in folder_parts(path)})
    kind = file_kind(path, format)
    if kind == JSON_LINES:
        raise ValueError(
            f"Got JSON lines in {path}, expected CSV, Parquet or Feather, whose columns are known before all rows are "
            f"read: convert the file."
        )
    if kind in (CSV, TSV):
        return _open_text(path, "tab" if (kind, delimiter) == (TSV, "auto") else delimiter, encoding)
    plain = _decompressed(path, opened) if path.suffix.lower() in COMPRESSIONS else path
    return _open_parquet({path: plain}) if kind == PARQUET else _open_feather(path, plain, opened)


def _open_text(path: Path, delimiter: str, encoding: str) -> BatchReader:
    parsing = parsing_of(path, delimiter=delimiter, encoding=encoding)
    schema = pa.schema([(name, pa.string()) for name in text_names(path, parsing, encoding)])

    def read(rows: int) -> Iterator[pa.RecordBatch]:
        with reading(path):
            yield from text_batches(path, parsing, encoding)

    return BatchReader(schema, None, True, parsing.delimiter == ";", read)


def _open_parquet(plain: Mapping[Path, Path]) -> BatchReader:
    """Open Parquet files, name to where its plain content is; their handles only one after the other."""
    found = {}
    for path, place in plain.items():
        with reading(path):
            file_kind(place, "parquet")
            found[path] = pq.read_metadata(place)
    first = next(iter(found))
    schemas = {path: metadata.schema.to_arrow_schema() for path, metadata in found.items()}
    for path, schema in schemas.items():
        refuse_other_schema(path, schema, first, schemas[first])

    def read(rows: int) -> Iterator[pa.RecordBatch]:
        for path, place in plain.items():
            with reading(path), pq.ParquetFile(place, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
                yield from file.iter_batches(rows)

    n_rows = sum(metadata.num_rows for metadata in found.values())
    return BatchReader(_without_index(schemas[first]), n_rows, False, False, read)


def _open_feather(path: Path, plain: Path, opened: contextlib.ExitStack) -> BatchReader:
    source = opened.enter_context(pa.OSFile(str(plain), "rb"))
    is_file = head(plain).startswith(IPC_FILE)
    file = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)

    def read(rows: int) -> Iterator[pa.RecordBatch]:
        with reading(path):
            for batch in map(file.get_batch, range(file.num_record_batches)) if is_file else file:
                batch.validate(full=True)
                yield batch

    return BatchReader(_without_index(file.schema), None, False, False, read)


def _without_index(schema: pa.Schema) -> pa.Schema:
    left_out = unnamed_index(schema)
    return pa.schema([field for field in schema if field.name not in left_out])


def _decompressed(path: Path, opened: contextlib.ExitStack) -> Path:
    plain = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "plain"
    with open_plain(path) as stream, plain.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return plain
