"""Batches of rows kept in a temporary file, for what is slow to read twice or tells its types only at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from steps.table.space import naming_what_is_full


class Spool:
    """A file that takes batches, and gives them back as often as asked.

    It is as large as the table in memory. Of its batches one is in memory.

    Attributes
    ----------
    schema : pyarrow.Schema
        That of the last batch, which all have when they come back: what a column is may get wider from batch to batch,
        and columns may be added.
    num_rows : int
    """

    def __init__(self, path: Path, batches: Iterable[pa.RecordBatch]) -> None:
        self._path = path
        self.schema = pa.schema([])
        self.num_rows = 0
        with (
            naming_what_is_full(path),
            pa.OSFile(str(path), "wb") as sink,
            contextlib.ExitStack() as opened,
        ):
            for batch in batches:
                if not self.num_rows or batch.schema != self.schema:
                    opened.close()
                    stream = opened.enter_context(pa.ipc.new_stream(sink, batch.schema))
                stream.write_batch(batch)
                self.schema = batch.schema
                self.num_rows += batch.num_rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches in their order."""
        with pa.OSFile(str(self._path), "rb") as source:
            while source.tell() < source.size():
                for batch in pa.ipc.open_stream(source):
                    yield widened(batch, self.schema)


def widened(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows with the columns of a wider schema: those that are not there are missing."""
    if batch.schema == schema:
        return batch
    columns = [
        batch.column(field.name).cast(field.type, safe=False)
        if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
