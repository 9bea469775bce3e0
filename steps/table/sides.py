"""What decides on which side of the split each row of a table falls, read in batches and held in few bytes a row."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.schema import NAMED_IN_DROP, Schema
from steps.table.split import RowHasher, holdout_mask, sample_order
from steps.table.stored import StoredTable, table_writer

NO_CLASS = -1


@dataclass(frozen=True)
class Rows:
    """All rows of a table, in its order, 21 bytes each.

    Attributes
    ----------
    classes : list
        The labels that are learned, sorted.
    codes : (n_rows,) int32
        The place of each row's label among them; `NO_CLASS` of a row that has none of them.
    content : (n_rows,) uint64
        The hash of its features and its target.
    in_test : (n_rows,) bool
        True in the holdout.
    order : (n_rows,) uint64
        The order in which rows are drawn into a sample.
    differing : list of str
        The columns that Grove left out and that differ between rows with a code.
    """

    classes: list[Any]
    codes: np.ndarray
    content: np.ndarray
    in_test: np.ndarray
    order: np.ndarray
    differing: list[str]

    def class_counts(self, chosen: np.ndarray) -> dict[Any, int]:
        """Return how many of the chosen rows, a (n_rows,) bool mask, have each label; the first row's label first."""
        codes = self.codes[chosen]
        counts = np.bincount(codes, minlength=len(self.classes))
        return {self.classes[code]: int(counts[code]) for code in pd.unique(codes)}


def read_rows(table: StoredTable, schema: Schema, classes: Sequence[Any], *, seed: int, test_size: float) -> Rows:
    """Read a table once, of which no more than a row group is in memory.

    Parameters
    ----------
    table : StoredTable
    schema : Schema
        Its own.
    classes : sequence
        The labels that are learned.
    seed, test_size
        As `holdout_mask` has them.
    """
    ranked = sorted(classes)
    labels = pa.array(ranked, table.schema.field(schema.target).type)
    hashed, used = hashed_columns(schema), [*schema.features, schema.target]
    as_read, exactly = RowHasher(hashed, as_read=True), RowHasher(used, as_read=False)
    left_out = _Differing([column.name for column in schema.dropped if column.name in hashed])
    n_rows = table.num_rows
    codes, in_test = np.empty(n_rows, np.int32), np.empty(n_rows, bool)
    content, order = np.empty(n_rows, np.uint64), np.empty(n_rows, np.uint64)
    start = 0
    for batch in table.batches(hashed):
        here = slice(start, start + batch.num_rows)
        codes[here] = pc.fill_null(pc.index_in(batch[schema.target], labels), NO_CLASS).to_numpy()
        hashes = as_read(batch)
        in_test[here] = holdout_mask(hashes, seed=seed, test_size=test_size)
        order[here] = sample_order(hashes, seed=seed)
        content[here] = exactly(batch)
        left_out.look_at(batch, codes[here] != NO_CLASS)
        start = here.stop
    return Rows(ranked, codes, content, in_test, order, left_out.found)


def hashed_columns(schema: Schema) -> list[str]:
    """Return the columns that decide on which side of the split a row falls: all but those that the user drops.

    What Grove itself leaves out is among them, as a constant or an identifier may turn into a feature when the table
    grows, and no row may change sides by that.
    """
    return [column.name for column in schema.columns if column.reason != NAMED_IN_DROP]


class _Differing:
    """Finds the columns that have more than one value, a missing one included."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._values: dict[str, set[Any]] = {name: set() for name in columns}

    def look_at(self, batch: pa.Table, chosen: np.ndarray) -> None:
        """Take the chosen rows into account."""
        for name, values in self._values.items():
            if len(values) < 2:
                values.update(pc.unique(batch[name].filter(pa.array(chosen))).slice(0, 2).to_pylist())

    @property
    def found(self) -> list[str]:
        """Their names, in the order of the columns."""
        return [name for name, values in self._values.items() if len(values) > 1]


def write_sides(table: StoredTable, columns: Sequence[str], sides: Mapping[Path, np.ndarray]) -> None:
    """Write the chosen rows of a table to files, with the named columns, reading it once.

    Parameters
    ----------
    table : StoredTable
    columns : sequence of str
        In the order in which they are written.
    sides : mapping
        Each file to a (n_rows,) bool mask of its rows.
    """
    schema = pa.schema([table.schema.field(name) for name in columns])
    with contextlib.ExitStack() as opened:
        writers = [(opened.enter_context(table_writer(path, schema)), chosen) for path, chosen in sides.items()]
        start = 0
        for batch in table.batches(columns):
            for write, chosen in writers:
                write(batch.filter(pa.array(chosen[start : start + batch.num_rows])))
            start += batch.num_rows
