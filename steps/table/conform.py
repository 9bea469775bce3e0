"""Bringing a column into the type that it had in training, value by value, whatever its file looks like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.clean import basic, without_empty
from steps.table.dates import date_of, days, parse_dates, seconds
from steps.table.schema import BOOLEAN, CATEGORICAL, DAY, INTEGER, NUMBER, PLURAL, TEXT, TYPES, Column
from steps.table.text import MARKERS, PLAIN, TRUTH

_COMMA = r"^[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?$"
_WRITTEN = {INTEGER: "12", NUMBER: "1234.5", BOOLEAN: "true or false", DAY: "2024-02-29"}
_ARROW_TYPES = {name: kind for kind, name in TYPES.items()}
_INT64 = range(-(2**63), 2**63)
NO_LABEL, OTHER_LABEL = -1, -2


def conform(column: pa.ChunkedArray, about: Column, *, decimal_comma: bool, source: str, first_row: int) -> pa.Array:
    """Return a feature's values in the type that it had in training.

    What becomes of a value depends on that value alone: equal rows stay equal in all files, whatever their neighbours.
    Text is read as numbers, booleans and ISO 8601 dates where it is plainly written; markers such as ``NA`` are missing
    there, but values in a column that was text in training.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        As its file has it.
    about : Column
        The feature in training.
    decimal_comma
        Whether text may be a number such as ``1,5``.
    source, first_row
        For messages: the file, and the number of the column's first value in it, counted from 1.

    Returns
    -------
    pyarrow.Array
        Numeric features are float64, dates date32, categorical ones int64, float64, bool or string. Infinities are
        missing.

    Raises
    ------
    ValueError
        If the column's type or one of its values is not of the feature's type.
    """
    wanted = _ARROW_TYPES[about.type]
    raw = _whole(basic(column, about.name))
    if raw.null_count == len(raw):
        values = pa.nulls(len(raw), wanted)
    elif not _may_become(raw.type, about.type):
        raise ValueError(f"Got {raw.type} in column {about.name!r} of {source}, expected {expected(about)}.")
    else:
        values = _from_text(raw, about, decimal_comma) if pa.types.is_string(raw.type) else _from_values(raw, about)
        bad = pc.and_(pc.is_null(values), pc.invert(_is_missing(raw, about)))
        if pc.any(bad).as_py():
            position = pc.index(bad, True).as_py()
            raise ValueError(
                f"Got {raw[position].as_py()!r} in column {about.name!r}, row {first_row + position:,} of {source}, "
                f"expected {expected(about)}."
            )
    if about.role != CATEGORICAL and about.type != DAY:
        values = values.cast(pa.int8()) if about.type == BOOLEAN else values
        values = values.cast(pa.float64(), safe=False)
    if pa.types.is_floating(values.type) and pc.all(pc.is_finite(values)).as_py() is False:
        return pc.if_else(pc.is_finite(values), values, None)
    return values


def expected(about: Column) -> str:
    """Return what a feature's values must be, in words."""
    if about.type == TEXT:
        return "text as in training"
    return f"{PLURAL[about.type]} as in training, written like {_WRITTEN[about.type]}"


def label_codes(column: pa.ChunkedArray, about: Column, labels: Sequence[Any]) -> tuple[np.ndarray, Counter[str]]:
    """Return the places of a target's values among the labels, and how often it has each value that is none of them.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        As its file has it.
    about : Column
        The target in training.
    labels
        The classes, in their own type.

    Returns
    -------
    codes : numpy.ndarray
        (n_rows,) int64; `NO_LABEL` where the value is missing, `OTHER_LABEL` where it is no label.
    others : Counter
        Each other value, as text, to its rows.
    """
    raw = _whole(basic(column, about.name))
    if raw.null_count == len(raw):
        return np.full(len(raw), NO_LABEL), Counter()
    encoded = raw.dictionary_encode()
    values = [_label(value, about.type) for value in encoded.dictionary.to_pylist()]
    places = {label: place for place, label in enumerate(labels)}
    found = np.array([NO_LABEL if value is None else places.get(value, OTHER_LABEL) for value in values], np.int64)
    indices = encoded.indices
    codes = np.where(indices.is_valid().to_numpy(zero_copy_only=False), found[indices.fill_null(0)], NO_LABEL)
    counts = np.bincount(indices.drop_null().to_numpy(), minlength=len(values))
    others = Counter({str(values[at]): int(counts[at]) for at in np.flatnonzero(found == OTHER_LABEL)})
    return codes, others


def _label(value: Any, kind: str) -> Any:
    """Return a target's value in the type of its labels, None if it is missing."""
    if kind == TEXT:
        return str(value) or None
    if isinstance(value, str):
        text = value.strip()
        if text in MARKERS:
            return None
        if kind == BOOLEAN:
            return TRUTH.get(text, text)
        if not re.search(PLAIN.pattern, text, re.ASCII):
            return text
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    if isinstance(value, bool) != (kind == BOOLEAN):
        return str(value)
    return None if value != value else value  # NaN


def to_frame(columns: Mapping[str, pa.Array]) -> pd.DataFrame:
    """Return the features of some rows, as `conform` returns them, as the model takes them."""
    return pd.DataFrame({name: _to_pandas(values) for name, values in columns.items()})


def _to_pandas(values: pa.Array) -> pd.Series:
    # Integers with a gap would become floats, of which two large ones may be one.
    exact = {pa.int64(): pd.Int64Dtype()} if values.null_count else {}
    return values.to_pandas(date_as_object=False, types_mapper=exact.get)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _may_become(kind: pa.DataType, wanted: str) -> bool:
    if pa.types.is_string(kind):
        return True
    if wanted == DAY:
        return pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    if wanted == BOOLEAN:
        return pa.types.is_boolean(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return wanted != TEXT and (is_number or pa.types.is_time(kind) or pa.types.is_duration(kind))


def _is_missing(raw: pa.Array, about: Column) -> pa.BooleanArray:
    """Return where a value is missing, so that nothing has to come of it."""
    if pa.types.is_string(raw.type):
        markers = [""] if about.type == TEXT else MARKERS
        return pc.is_in(pc.utf8_trim_whitespace(raw) if markers is MARKERS else raw, pa.array([*markers, None]))
    if pa.types.is_floating(raw.type):
        return pc.invert(pc.fill_null(pc.is_finite(raw), False))
    return pc.is_null(raw)


def _from_values(raw: pa.Array, about: Column) -> pa.Array:
    if about.type == DAY:
        return days(raw)
    if about.type == BOOLEAN:
        return raw
    if pa.types.is_time(raw.type) or pa.types.is_duration(raw.type):
        raw = seconds(raw)
    if (about.role, about.type) != (CATEGORICAL, INTEGER):
        return raw.cast(pa.float64(), safe=False)
    try:
        return raw.cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.array([_integer(value) for value in raw.to_pylist()], pa.int64())


def _from_text(raw: pa.StringArray, about: Column, decimal_comma: bool) -> pa.Array:
    """Return what each text says; null where it says nothing of the feature's type."""
    if about.type == TEXT:
        return without_empty(raw)
    texts = pc.utf8_trim_whitespace(raw)
    texts = pc.if_else(pc.is_in(texts, pa.array(MARKERS)), None, texts)
    if about.type == DAY:
        dates = parse_dates(texts)
        if dates is not None:
            return days(dates)
        return pa.array([text and date_of(text) for text in texts.to_pylist()], pa.date32())
    if about.type == BOOLEAN:
        return pa.array(TRUTH.values(), pa.bool_()).take(pc.index_in(texts, pa.array(TRUTH)))
    if decimal_comma:
        has_comma = pc.match_substring_regex(texts, _COMMA)
        texts = pc.if_else(has_comma, pc.replace_substring(texts, ",", "."), texts)
    if (about.role, about.type) != (CATEGORICAL, INTEGER):
        return _floats(texts)
    try:
        return texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.array([_integer(text) for text in texts.to_pylist()], pa.int64())


def _floats(texts: pa.StringArray) -> pa.DoubleArray:
    try:
        numbers = texts.cast(pa.float64())
        if pc.all(pc.is_finite(numbers)).as_py() in (True, None):
            return numbers
    except pa.ArrowInvalid:
        pass
    is_plain = pc.match_substring_regex(texts, PLAIN.pattern)
    return pc.utf8_ltrim(pc.if_else(is_plain, texts, None), characters="+").cast(pa.float64())


def _integer(value: object) -> int | None:
    """Return a number, or the one that a text says, if it is whole and fits into int64."""
    if isinstance(value, str):
        if not re.search(PLAIN.pattern, value, re.ASCII):
            return None
        value = int(value) if value.lstrip("+-").isdigit() else float(value)
    if value is None or not np.isfinite(float(value)) or int(value) != value or int(value) not in _INT64:
        return None
    return int(value)
