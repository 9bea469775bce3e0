"""Writing a table batch by batch, so that the output is complete or absent."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from steps.table.source import one_line
from steps.table.space import naming_what_is_full

PARQUET_SUFFIXES = (".parquet", ".pq")
DELIMITERS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
PART_ROWS = 1 << 20
ROW_GROUP = 1 << 17
_UNFINISHED = ".unfinished"

Write = Callable[[pa.Table], None]


def refuse_output(path: Path, is_folder: bool) -> None:
    """Raise ValueError unless a table can be written under this path, where there is nothing yet."""
    if os.path.lexists(path):
        raise ValueError(
            f"Got output={path}, which exists already, expected a new one: choose another name or remove it."
        )
    if not path.parent.is_dir():
        raise ValueError(f"Got output={path}, whose folder does not exist: create {path.parent} first.")
    suffixes = (*PARQUET_SUFFIXES, *DELIMITERS)
    if not (is_folder or path.name.lower().endswith(suffixes)):
        raise ValueError(
            f"Got output={path}, expected a name that ends in {', '.join(suffixes)}, or has no suffix, for a folder of "
            f"Parquet files."
        )


def is_text(path: Path) -> bool:
    """Return whether the name is that of delimited text."""
    return path.name.lower().endswith(tuple(DELIMITERS))


@contextlib.contextmanager
def written_whole(path: Path, schema: pa.Schema, *, is_folder: bool) -> Iterator[Write]:
    """Give a function that writes rows; they are under `path` when the block has ended, and only if it ended well.

    Until then they lie beside it under a hidden name that ends in ``.unfinished``. What a killed process left there is
    removed by the next one with the same output.

    Parameters
    ----------
    path : pathlib.Path
        By its name Parquet or delimited text, the latter perhaps compressed by gzip.
    schema : pyarrow.Schema
        Of the rows.
    is_folder
        Whether it is to be a folder of Parquet files of about a million rows instead.
    """
    _remove_litter(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        if is_folder:
            unfinished.mkdir()
            opened = _parts(unfinished, schema)
        else:
            opened = (
                _delimited(unfinished, schema, path.name.lower()) if is_text(path) else _parquet(unfinished, schema)
            )
        with naming_what_is_full(path), opened as write:
            yield write
        for file in (*unfinished.iterdir(), unfinished) if is_folder else (unfinished,):
            _sync(file)
        if os.path.lexists(path):
            raise ValueError(
                f"Got {path} written by somebody else meanwhile, expected nothing there: choose another output."
            )
        unfinished.rename(path)
        _sync(path.parent)
    finally:
        _remove(unfinished)


def _remove_litter(path: Path) -> None:
    own = re.compile(rf"\.{re.escape(path.name)}\.(\d+){re.escape(_UNFINISHED)}")
    for beside in path.parent.iterdir():
        found = own.fullmatch(beside.name)
        if found and not psutil.pid_exists(int(found[1])):
            _remove(beside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the system write to the disk what it holds of a file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Write]:
    waiting: list[pa.Table] = []
    # Probabilities hardly repeat: to look for a dictionary of theirs takes time and saves nothing. Snappy takes half
    # the time of zstd, which would make the file a quarter smaller.
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)]
    options = {"compression": "snappy", "use_dictionary": texts, "write_page_checksum": True}
    with pq.ParquetWriter(path, schema, **options) as writer:

        def write(table: pa.Table) -> None:
            # Each call makes a row group, and small ones are slow to read.
            waiting.append(table)
            if sum(each.num_rows for each in waiting) >= ROW_GROUP:
                flush()

        def flush() -> None:
            if waiting:
                writer.write_table(pa.concat_tables(waiting))
            waiting.clear()

        yield write
        flush()


@contextlib.contextmanager
def _parts(folder: Path, schema: pa.Schema) -> Iterator[Write]:
    with contextlib.ExitStack() as opened:
        rows, parts = PART_ROWS, 0
        part: Write

        def write(table: pa.Table) -> None:
            nonlocal rows, parts, part
            if rows >= PART_ROWS:
                opened.close()
                part = opened.enter_context(_parquet(folder / f"part-{parts:05}.parquet", schema))
                rows, parts = 0, parts + 1
            part(table)
            rows += table.num_rows

        write(schema.empty_table())  # or there would be no part of no rows
        yield write


@contextlib.contextmanager
def _delimited(path: Path, schema: pa.Schema, name: str) -> Iterator[Write]:
    (delimiter,) = {DELIMITERS[suffix] for suffix in DELIMITERS if name.lower().endswith(suffix)}
    with contextlib.ExitStack() as opened:
        stream = opened.enter_context(pa.OSFile(str(path), "wb"))
        if name.lower().endswith(".gz"):
            stream = opened.enter_context(pa.CompressedOutputStream(stream, "gzip"))

        def text(table: pa.Table, *, header: bool, quoting: str) -> pa.Buffer:
            written = pa.BufferOutputStream()
            options = csv.WriteOptions(
                include_header=header, delimiter=delimiter, quoting_style=quoting, quoting_header=quoting
            )
            csv.write_csv(table, written, options)
            return written.getvalue()

        def write(table: pa.Table, header: bool = False) -> None:
            # After an empty chunk Arrow writes the text of an earlier one once more.
            table = table.combine_chunks()
            # It quotes all texts or none, and refuses not to where one needs it.
            try:
                stream.write(text(table, header=header, quoting="none"))
            except pa.ArrowInvalid:
                stream.write(text(table, header=header, quoting="needed"))

        try:
            write(schema.empty_table(), header=True)
        except pa.ArrowException as error:
            raise ValueError(
                f"Got output={name}, which can't hold all columns ({one_line(error)}); expected Parquet for them."
            ) from error
        yield write
