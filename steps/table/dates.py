"""Dates and times of day as numbers."""

import pyarrow as pa
import pyarrow.compute as pc

PARTS = {"year": pc.year, "month": pc.month, "day": pc.day, "weekday": pc.day_of_week}
DERIVED_FROM = b"derived_from"
"""The key of a field's metadata that names the date column it was made of."""

ISO_DATE = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
UNITS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def parse_dates(texts: pa.StringArray) -> pa.TimestampArray | None:
    """Parse ISO 8601 dates, with or without a time of day; zones are converted to UTC.

    Returns
    -------
    pyarrow.TimestampArray or None
        Type timestamp[s]; None unless all texts are valid and either all or none name a zone.
    """
    if not pc.all(pc.match_substring_regex(texts, ISO_DATE)).as_py():
        return None
    texts = pc.replace_substring_regex(texts, r"\.\d+", "")
    for zone in (None, "UTC"):
        try:
            return texts.cast(pa.timestamp("s", zone)).cast(pa.timestamp("s"))
        except pa.ArrowInvalid:
            continue
    return None


def date_parts(column: pa.ChunkedArray, name: str) -> list[tuple[pa.Field, pa.ChunkedArray]]:
    """Split a column of dates into year, month, day and weekday (Monday is 0), all int64.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Dates or timestamps; those with a time zone are read in UTC.
    name : str
        The parts are named ``<name>_year`` and so on, and their fields carry `name` as metadata.
    """
    if pa.types.is_timestamp(column.type) and column.type.tz:
        utc = pa.timestamp(column.type.unit, "UTC")
        column = column.cast(utc).cast(pa.timestamp(column.type.unit))
    metadata = {DERIVED_FROM: name.encode()}
    parts = []
    for part, compute in PARTS.items():
        values = compute(column)
        parts.append((pa.field(f"{name}_{part}", values.type, metadata=metadata), values))
    return parts


def seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times of day or durations as seconds, float64."""
    unit = column.type.unit
    if pa.types.is_time32(column.type):
        column = column.cast(pa.int32())
    return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), float(UNITS_PER_SECOND[unit]))


def derived_from(field: pa.Field) -> str | None:
    """Name the date column that a field was made of, if any."""
    source = (field.metadata or {}).get(DERIVED_FROM)
    return source.decode() if source is not None else None
