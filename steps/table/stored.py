"""Tables in Parquet files that prove themselves: written whole, with page checksums, and read in batches."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steps.table.regroup import Regrouped
from steps.table.space import naming_what_is_full

ROW_GROUP = 1 << 16

Write = Callable[[pa.Table], None]


@contextlib.contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[Write]:
    """Give a function that writes rows to Parquet; equal rows give equal bytes, however many are given at once.

    Every page has a checksum. The file appears under its name when the block has ended, and only if it ended well. One
    row group and what is given at once are in memory.

    Parameters
    ----------
    path : pathlib.Path
        In an existing folder; replaced if it exists.
    schema : pyarrow.Schema
        Of the rows; its metadata is left out.
    """
    groups = Regrouped(ROW_GROUP)
    with (
        written_whole(path) as unfinished,
        pq.ParquetWriter(unfinished, schema.remove_metadata(), compression="zstd", write_page_checksum=True) as writer,
    ):

        def write(rows: pa.Table) -> None:
            put(groups.add(rows))

        def put(full: Iterable[pa.Table]) -> None:
            for group in full:
                writer.write_table(group, row_group_size=ROW_GROUP)

        yield write
        put(groups.rest())


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as `table_writer` does."""
    with table_writer(path, table.schema) as write:
        write(table)


class StoredTable:
    """A Parquet file that is open: of its rows one row group at a time is in memory.

    Attributes
    ----------
    schema : pyarrow.Schema
    num_rows : int
    """

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        self._path = path
        self._file = file
        self.schema: pa.Schema = file.schema_arrow
        self.num_rows: int = file.metadata.num_rows
        # What was read last by `chunks`, for those who ask again: the row group, and which part of its columns.
        self._kept: tuple[int, int] | None = None
        self._rows: pa.Table

    def read(self) -> pa.Table:
        """Return all rows at once.

        Raises
        ------
        ValueError
            When the checksum of a page is wrong or the file is otherwise damaged.
        """
        with _intact(self._path):
            return self._file.read()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows in their order, a row group at a time, with all columns or those that are named.

        It raises what `read` does.
        """
        names = self.schema.names if columns is None else list(columns)
        for number in range(self._file.num_row_groups):
            with _intact(self._path):
                rows = self._file.read_row_group(number, columns=names)
            yield rows.select(names)

    def chunks(self, position: int) -> Iterator[pa.Array]:
        """Yield the values of one column as `batches` does."""
        name = self.schema.field(position).name
        for number in range(self._file.num_row_groups):
            # A wide table has few rows: as many columns at once as have no more values than a row group has rows.
            at_once = max(1, ROW_GROUP // max(1, self._file.metadata.row_group(number).num_rows))
            part = number, position // at_once
            if self._kept != part:
                first = part[1] * at_once
                with _intact(self._path):
                    self._rows = self._file.read_row_group(number, columns=self.schema.names[first : first + at_once])
                self._kept = part
            yield from self._rows.column(name).chunks

    def null_count(self, position: int) -> int:
        """Return how many values of one column are missing."""
        groups = map(self._file.metadata.row_group, range(self._file.num_row_groups))
        return sum(group.column(position).statistics.null_count for group in groups)


def chunks_of(table: pa.Table | StoredTable, position: int) -> Iterable[pa.Array]:
    """Return the values of one column of a table, in memory or in a file, in parts."""
    return table.chunks(position) if isinstance(table, StoredTable) else table.column(position).chunks


def null_count_of(table: pa.Table | StoredTable, position: int) -> int:
    """Return how many values of one column of a table are missing, without reading them."""
    return table.null_count(position) if isinstance(table, StoredTable) else table.column(position).null_count


@contextlib.contextmanager
def open_verified(path: Path) -> Iterator[StoredTable]:
    """Open a Parquet file to read it in batches, verifying the checksum of every page.

    Raises
    ------
    ValueError
        If the file is damaged.
    FileNotFoundError
        If there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"Got no file at {path}, expected a Parquet file: run the step that writes it.")
    with _intact(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
    with file:
        yield StoredTable(path, file)


def read_verified(path: Path) -> pa.Table:
    """Read a whole Parquet file as `open_verified` does."""
    with open_verified(path) as stored:
        return stored.read()


@contextlib.contextmanager
def _intact(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"Got {path} damaged ({reason}), expected the bytes that were written: run the step again."
        ) from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, and rename it to `path` if the writing succeeds."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with naming_what_is_full(path):
            yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
