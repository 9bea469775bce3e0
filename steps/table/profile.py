"""What the columns of a table hold, in few numbers, and how far other rows are from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.schema import Schema

PROFILE = "profile.json"
BINS = 10
MOST_CATEGORIES = 100
"""Of a column that are counted one by one; the others together. A profile travels with each model."""


def profile(table: pa.Table, schema: Schema) -> dict[str, Any]:
    """Return how often the values of each feature and each class occur.

    Parameters
    ----------
    table : pyarrow.Table
        As `clean` returns it; with the schema's features and its target, of which none is missing.
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
    columns = {name: _describe(table[name], name in schema.categorical) for name in schema.features}
    return {"rows": table.num_rows, "classes": class_counts(table, schema.target), "columns": columns}


def class_counts(table: pa.Table, target: str) -> dict[str, int]:
    """Return the number of rows of each class, the most frequent first."""
    pairs = pc.value_counts(table[target].drop_null()).to_pylist()
    return {str(pair["values"]): pair["counts"] for pair in sorted(pairs, key=lambda pair: -pair["counts"])}


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
        for text, count in text_counts(column).items():
            found[place.get(text, len(place))] += count
    return np.append(found, len(column) - found.sum()).astype(np.int64)


def text_counts(column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Return how often each value of a column occurs, by its text; without the missing ones."""
    pairs = pc.value_counts(column).to_pylist()
    return {str(pair["values"]): pair["counts"] for pair in pairs if pair["values"] is not None}


def _describe(column: pa.ChunkedArray, is_categorical: bool) -> dict[str, Any]:
    about: dict[str, Any]
    if is_categorical:
        ranked = sorted(text_counts(column).items(), key=lambda item: (-item[1], item[0]))
        about = {"categories": [text for text, _ in ranked[:MOST_CATEGORIES]]}
    else:
        values = _numbers(column)
        present = values[np.isfinite(values)]
        deciles = np.arange(1, BINS) / BINS
        edges = np.unique(np.quantile(present, deciles, method="inverted_cdf")) if len(present) else np.array([])
        about = {"edges": edges.tolist()}
    *counts, missing = bin_counts(column, about).tolist()
    return {**about, "counts": counts, "missing": missing}


def _numbers(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return numbers, booleans or dates as float64, NaN where missing."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
