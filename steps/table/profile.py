"""What the columns of a table hold, in few numbers, and how far other rows are from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.schema import Schema
from steps.table.stored import StoredTable, chunks_of

PROFILE = "profile.json"
BINS = 10
MOST_CATEGORIES = 100
"""Of a column that are counted one by one; the others together. A profile travels with each model."""


def profile(table: pa.Table | StoredTable, schema: Schema) -> dict[str, Any]:
    """Return how often the values of each feature and each class occur.

    Parameters
    ----------
    table : pyarrow.Table or StoredTable
        As `clean` returns it; with the schema's features and its target, of which none is missing. Of a file one
        column is in memory at a time.
    schema : Schema

    Returns
    -------
    dict
        Fit for JSON. ``rows``: their number. ``classes``: each label as text to its rows, the most frequent first.
        ``columns``: for each feature ``counts``, how many values are in each bin, ``missing``, how many are missing,
        and what the bins are. Numbers and dates, as days since 1970-01-01, have ``edges``, the distinct inner deciles;
        a bin ends with its edge, and the last one has none. Texts, booleans and codes have ``categories``, the most
        frequent 100 as text, one bin each; the last bin is all others.
    """
    position = table.schema.get_field_index
    columns = {
        name: _describe(partial(chunks_of, table, position(name)), name in schema.categorical)
        for name in schema.features
    }
    return {"rows": table.num_rows, "classes": class_counts(table, schema.target), "columns": columns}


def class_counts(table: pa.Table | StoredTable, target: str) -> dict[str, int]:
    """Return the number of rows of each class, the most frequent first."""
    return most_frequent_first(value_counts(chunks_of(table, table.schema.get_field_index(target))))


def most_frequent_first(counts: Mapping[Any, int]) -> dict[str, int]:
    """Return counts by the text of what is counted, without the missing, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    return {str(value): count for value, count in ranked if value is not None}


def value_counts(chunks: Iterable[pa.Array]) -> dict[Any, int]:
    """Return how often each value occurs, in the order of their first places; the missing ones are None."""
    found: dict[Any, int] = {}
    for chunk in chunks:
        for pair in pc.value_counts(chunk).to_pylist():
            found[pair["values"]] = found.get(pair["values"], 0) + pair["counts"]
    return found


def text_counts(chunks: Iterable[pa.Array]) -> dict[str, int]:
    """Return how often each value occurs as `value_counts` does, by its text; without the missing ones."""
    return {str(value): count for value, count in value_counts(chunks).items() if value is not None}


def training_classes(split: Path) -> dict[str, int]:
    """Return each class as text to its number of training rows, by the profile in the split's folder.

    Raises
    ------
    ValueError
        When it has none.
    """
    path = split / PROFILE
    if not path.is_file():
        raise ValueError(f"Got a split without {PROFILE}, made by an older Grove: run preprocess again.")
    return dict(json.loads(path.read_text(encoding="utf-8"))["classes"])


def bin_counts(column: pa.Array | pa.ChunkedArray, about: Mapping[str, Any]) -> np.ndarray:
    """Return how many values of a column are in each bin of its profile, and at the end how many are missing.

    Parameters
    ----------
    column : pyarrow.Array or pyarrow.ChunkedArray
        In the type of the profiled one; NaN and infinities are missing.
    about : mapping
        The column's part of the profile.

    Returns
    -------
    numpy.ndarray
        Shape (n_bins + 1,), int64.
    """
    if "edges" in about:
        values = _numbers(column)
        present = values[np.isfinite(values)]
        found = np.bincount(np.searchsorted(about["edges"], present), minlength=len(about["edges"]) + 1)
    else:
        place = {text: at for at, text in enumerate(about["categories"])}
        found = np.zeros(len(place) + 1, np.int64)
        for text, count in text_counts([column]).items():
            found[place.get(text, len(place))] += count
    return np.append(found, len(column) - found.sum()).astype(np.int64)


def _describe(chunks: Callable[[], Iterable[pa.Array]], is_categorical: bool) -> dict[str, Any]:
    about: dict[str, Any]
    if is_categorical:
        ranked = sorted(text_counts(chunks()).items(), key=lambda item: (-item[1], item[0]))
        about = {"categories": [text for text, _ in ranked[:MOST_CATEGORIES]]}
    else:
        about = {"edges": _deciles(chunks()).tolist()}
    none = bin_counts(pa.nulls(0, pa.float64()), about)
    *counts, missing = sum((bin_counts(chunk, about) for chunk in chunks()), start=none).tolist()
    return {**about, "counts": counts, "missing": missing}


def _deciles(chunks: Iterable[pa.Array]) -> np.ndarray:
    present = [values[np.isfinite(values)] for values in map(_numbers, chunks)]
    column = np.concatenate([np.zeros(0), *present])
    del present
    deciles = np.arange(1, BINS) / BINS
    if not len(column):
        return column
    return np.unique(np.quantile(column, deciles, method="inverted_cdf", overwrite_input=True))


def _numbers(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return numbers, booleans or dates as float64, NaN where missing."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
