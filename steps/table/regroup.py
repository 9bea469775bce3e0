"""Rows that come in parts of any size, given out in groups of one size."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


class Regrouped:
    """Takes rows in their order, and holds back what is less than a group.

    Parameters
    ----------
    rows : int
        How many a group has.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._waiting: list[pa.Table] = []
        self._count = 0

    def add(self, table: pa.Table) -> Iterator[pa.Table]:
        """Take rows; yield the groups that are full now, each as one chunk a column."""
        self._waiting.append(table.replace_schema_metadata())
        self._count += table.num_rows
        while self._count >= self._rows:
            waiting = pa.concat_tables(self._waiting)
            self._waiting = [waiting.slice(self._rows)]
            self._count -= self._rows
            # Pages of Parquet follow the chunks, which must not show in the bytes.
            yield waiting.slice(0, self._rows).combine_chunks()

    def rest(self) -> Iterator[pa.Table]:
        """Yield the last group, which has fewer rows; nothing if none are left."""
        if self._count:
            yield pa.concat_tables(self._waiting).combine_chunks()
