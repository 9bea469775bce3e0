"""Cleaning a raw table: every column becomes int64, float64, bool, date32 or string."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import days, has_time_of_day, seconds
from steps.table.text_column import LOST_DIGITS, TextColumn

EXACT = 2**53
"""float64 holds every integer up to this one exactly."""
_BASIC = {kind.id for kind in (pa.int64(), pa.float64(), pa.bool_(), pa.string())}
"""Types without any encoding; those of most columns."""


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
    cleaner = Cleaner(raw.schema, keep)
    batches = raw.to_batches() or [empty_batch(raw.schema)]
    for batch in batches:
        cleaner.look(batch)
    return pa.Table.from_batches(map(cleaner.clean, batches)), cleaner.notes


class Cleaner:
    """Cleans a table batch by batch as `clean` does at once, which has the parameters.

    Show it all batches with `look`, which finds out what each column is over all rows; then `clean` them; then `notes`
    tells of what was done.
    """

    def __init__(self, schema: pa.Schema, keep: str | None = None) -> None:
        self._columns = {name: _Column(name, keep=name == keep) for name in schema.names}

    def look(self, raw: pa.RecordBatch) -> None:
        """Find out what the columns can be, from some of the rows."""
        for (name, column), values in zip(self._columns.items(), raw.columns, strict=True):
            column.look(basic(values, name))

    def clean(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        """Return some of the rows, in the same types for all batches."""
        columns = zip(self._columns.items(), raw.columns, strict=True)
        cleaned = [column.clean(basic(values, name)) for (name, column), values in columns]
        return pa.RecordBatch.from_arrays(cleaned, list(self._columns))

    @property
    def notes(self) -> list[str]:
        """One sentence for everything that a user may want to know, naming the column."""
        return [note for column in self._columns.values() for note in column.notes]


class _Column:
    """Cleans one column, whose values are without their encoding."""

    def __init__(self, name: str, *, keep: bool) -> None:
        self._name = name
        self._keep = keep
        self._text: TextColumn | None = None
        self._has_values = self._has_missing = False
        self._is_whole = True
        self._has_time = self._has_lost_digits = False
        self._infinite = 0

    def look(self, values: pa.Array) -> None:
        """Find out what some of the values can be."""
        if pa.types.is_string(values.type):
            values = without_empty(values)
            self._text = self._text or TextColumn(self._name, keep=self._keep)
            self._text.look(values)
        self._has_missing |= values.null_count > 0
        self._has_values |= values.null_count < len(values)
        if pa.types.is_decimal(values.type) or pa.types.is_integer(values.type):
            self._is_whole = self._is_whole and _are_whole(values)

    def clean(self, values: pa.Array) -> pa.Array:
        """Return some of the values as they are to be."""
        if self._has_missing and not self._has_values:
            # Text formats cannot tell the type of nothing, so no format does.
            return pa.nulls(len(values), pa.float64())
        if pa.types.is_string(values.type):
            values = self._text.convert(without_empty(values))
        if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
            if self._keep:
                return values.cast(pa.string())
            self._has_time = self._has_time or has_time_of_day(values)
            return days(values)
        if pa.types.is_time(values.type) or pa.types.is_duration(values.type):
            values = seconds(values)
        if pa.types.is_string(values.type) or pa.types.is_boolean(values.type):
            return values
        if not pa.types.is_floating(values.type):
            values = self._integers(values)
        return values if pa.types.is_integer(values.type) else self._numbers(values)

    @property
    def notes(self) -> list[str]:
        """What a user may want to know of what `clean` did."""
        notes = self._text.notes if self._text else []
        if self._has_time:
            notes.append(f"Column {self._name!r}: only the dates of its moments are used, not the times of day.")
        if self._has_lost_digits:
            notes.append(f"Column {self._name!r}: {LOST_DIGITS}.")
        if self._infinite:
            notes.append(f"Column {self._name!r}: {self._infinite} infinite values became missing.")
        return notes

    def _integers(self, values: pa.Array) -> pa.Array:
        if not self._is_whole:
            # Decimals with digits after the point, or beyond int64.
            self._has_lost_digits |= pa.types.is_integer(values.type)
            return values.cast(pa.float64(), safe=False)
        whole = values.cast(pa.int64())
        if self._keep or not (self._has_missing or (self._text and self._text.has_markers)):
            return whole
        least, most = pc.min_max(whole).values()
        is_exact = not least.is_valid or -EXACT <= least.as_py() <= most.as_py() <= EXACT
        self._has_lost_digits |= not is_exact
        return whole.cast(pa.float64(), safe=False)

    def _numbers(self, values: pa.Array) -> pa.Array:
        numbers, infinite = _canonical(values.cast(pa.float64()))
        self._infinite += infinite
        return numbers


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return no rows."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def basic(column: pa.Array, name: str) -> pa.Array:
    """Return the values without their encoding: dictionaries, views, extension types, text stored as bytes."""
    kind = column.type
    if kind.id in _BASIC:
        return column
    if isinstance(kind, pa.BaseExtensionType):
        return basic(column.cast(kind.storage_type), name)
    if pa.types.is_dictionary(kind):
        return basic(column.cast(kind.value_type), name)
    if pa.types.is_run_end_encoded(kind):
        return basic(pc.run_end_decode(column), name)
    refuse_nested(kind, name)
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


def refuse_nested(kind: pa.DataType, name: str) -> None:
    """Raise ValueError if a column's values are not one number, text, boolean or date each."""
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        raise ValueError(
            f"Got values of type {kind} in column {name!r}, expected one number, text, boolean or date a row: "
            "flatten the column or leave it out of the file."
        )


def without_empty(column: pa.Array) -> pa.Array:
    """Return the texts with the empty ones missing."""
    is_empty = pc.equal(column, "")
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def _are_whole(values: pa.Array) -> bool:
    """Return whether int64 holds all decimals or integers exactly."""
    try:
        values.cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def _canonical(chunk: pa.DoubleArray) -> tuple[pa.DoubleArray, int]:
    """Turn NaN and infinities to null and -0.0 to 0.0, copying only what needs it; count the infinities."""
    values = np.frombuffer(chunk.buffers()[1] or b"", np.float64)[chunk.offset : chunk.offset + len(chunk)]
    # Slots under nulls may hold anything, so this only tells whether a closer look is needed.
    if np.isfinite(values).all() and not (np.signbit(values) & (values == 0)).any():
        return chunk, 0
    infinite = pc.sum(pc.is_inf(chunk)).as_py() or 0
    finite = pc.if_else(pc.is_finite(chunk), chunk, None)
    return pc.add(finite, 0.0), infinite
