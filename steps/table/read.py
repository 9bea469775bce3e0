"""Reading any table file into Arrow, exactly as it is written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from steps.table.batches import BatchReader, open_batches


@contextlib.contextmanager
def open_table(
    path: Path, *, format: str = "auto", delimiter: str = "auto", encoding: str = "utf-8"
) -> Iterator[BatchReader]:
    """Open a table as `open_batches` does, which has the parameters, to read it with its types.

    Raises
    ------
    ValueError
        As `open_batches` does, and if there are no rows.
    OSError
        If there is no such file, or it may not be read.
    """
    with open_batches(path, format=format, delimiter=delimiter, encoding=encoding, typed=True) as reader:
        if reader.n_rows == 0 or (reader.n_rows is None and next(reader.batches(1), None) is None):
            raise ValueError(f"Got a header and no rows in {path}, expected data below the column names.")
        yield reader


def read_table(path: Path, *, format: str = "auto", delimiter: str = "auto", encoding: str = "utf-8") -> pa.Table:
    """Return a whole table as `open_table` reads it."""
    with open_table(path, format=format, delimiter=delimiter, encoding=encoding) as reader:
        return pa.concat_tables(reader.batches(1 << 16))
