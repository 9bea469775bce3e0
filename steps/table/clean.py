"""Cleaning a raw table: every column becomes int64, float64, bool, date32 or string."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import days, has_time_of_day, seconds
from steps.table.text import convert_text, lost_digits

EXACT = 2**53
"""float64 holds every integer up to this one exactly."""


def clean(raw: pa.Table, keep: str | None = None) -> tuple[pa.Table, list[str]]:
    """Bring every column to one of the types int64 (without nulls), float64, bool, date32 and string.

    Numbers and dates written as text become numbers and dates; of moments only the date is kept, in UTC where they
    name a zone; missing values are null; infinities become missing and -0.0 becomes 0.0.

    Parameters
    ----------
    raw : pyarrow.Table
        Any types but nested ones. Columns that need no change are shared, not copied.
    keep : str, optional
        The target's name. Its labels stay what they are: ``NA`` or ``?`` is text, dates are text, and
        integers with missing ones are int64 with nulls.

    Returns
    -------
    table : pyarrow.Table
        As many rows and columns as `raw`, under the same names.
    notes : list of str
        One sentence for everything that a user may want to know, naming the column.

    Raises
    ------
    ValueError
        If a column is nested or holds bytes that are not text.
    """
    columns, notes = [], []
    for name, column in zip(raw.column_names, raw.columns, strict=True):
        cleaned, found = _clean_column(column, name, keep=name == keep)
        columns.append(cleaned)
        notes += found
    return pa.table(columns, names=raw.column_names), notes


def _clean_column(column: pa.ChunkedArray, name: str, *, keep: bool) -> tuple[pa.ChunkedArray, list[str]]:
    column, notes = basic(column, name), []
    if pa.types.is_string(column.type):
        column = without_empty(column)
    if column.null_count == len(column) > 0:
        # Text formats cannot tell the type of nothing, so no format does.
        column = pa.chunked_array([pa.nulls(len(column), pa.float64())])
    if pa.types.is_string(column.type):
        column, notes = convert_text(column, name, keep=keep)
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        if keep:
            column = column.cast(pa.string())
        else:
            if has_time_of_day(column):
                notes.append(f"Column {name!r}: only the dates of its moments are used, not the times of day.")
            return days(column), notes
    if pa.types.is_time(column.type) or pa.types.is_duration(column.type):
        column = seconds(column)
    if not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type)):
        column, found = _numbers(column, name, keep=keep)
        notes += found
    return column, notes


def basic(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return the column without its encoding: dictionaries, views, extension types, text stored as bytes."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return basic(column.cast(kind.storage_type), name)
    if pa.types.is_dictionary(kind):
        return basic(column.cast(kind.value_type), name)
    if pa.types.is_run_end_encoded(kind):
        return basic(pc.run_end_decode(column), name)
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        raise ValueError(
            f"Got values of type {kind} in column {name!r}, expected one number, text, boolean or date a row: "
            "flatten the column or leave it out of the file."
        )
    if pa.types.is_null(kind):
        return column.cast(pa.float64())
    if pa.types.is_fixed_size_binary(kind):
        column = column.cast(pa.binary())
    if column.type in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.large_string(), pa.string_view()):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid as error:
            raise ValueError(
                f"Got bytes that are not UTF-8 text in column {name!r}, expected text: leave it out of the file."
            ) from error
    return column


def without_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the texts with the empty ones missing."""
    is_empty = pc.equal(column, "")
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def _numbers(column: pa.ChunkedArray, name: str, *, keep: bool) -> tuple[pa.ChunkedArray, list[str]]:
    if not pa.types.is_floating(column.type):
        column, notes = _integers(column, name, keep=keep)
        if pa.types.is_integer(column.type):
            return column, notes
    else:
        column, notes = column.cast(pa.float64()), []
    chunks, infinite = [], 0
    for chunk in column.chunks:
        chunk, found = _canonical(chunk)
        chunks.append(chunk)
        infinite += found
    if infinite:
        notes.append(f"Column {name!r}: {infinite} infinite values became missing.")
    return pa.chunked_array(chunks, pa.float64()), notes


def _integers(column: pa.ChunkedArray, name: str, *, keep: bool) -> tuple[pa.ChunkedArray, list[str]]:
    try:
        whole = column.cast(pa.int64())
    except pa.ArrowInvalid:
        # Decimals with digits after the point, or beyond int64.
        notes = [lost_digits(name)] if pa.types.is_integer(column.type) else []
        return column.cast(pa.float64(), safe=False), notes
    if keep or not whole.null_count:
        return whole, []
    extremes = pc.min_max(whole).as_py()
    is_exact = extremes["min"] is None or -EXACT <= extremes["min"] <= extremes["max"] <= EXACT
    return whole.cast(pa.float64(), safe=False), [] if is_exact else [lost_digits(name)]


def _canonical(chunk: pa.DoubleArray) -> tuple[pa.DoubleArray, int]:
    """Turn NaN and infinities to null and -0.0 to 0.0, copying only what needs it; count the infinities."""
    values = np.frombuffer(chunk.buffers()[1] or b"", np.float64)[chunk.offset : chunk.offset + len(chunk)]
    # Slots under nulls may hold anything, so this only tells whether a closer look is needed.
    if np.isfinite(values).all() and not (np.signbit(values) & (values == 0)).any():
        return chunk, 0
    infinite = pc.sum(pc.is_inf(chunk)).as_py() or 0
    finite = pc.if_else(pc.is_finite(chunk), chunk, None)
    return pc.add(finite, 0.0), infinite
