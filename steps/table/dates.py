"""Dates and times of day as numbers."""

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

ISO_DATE = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
ZONES = (None, "UTC")
"""Of dates as text: none names a zone, or all do, and are converted to UTC."""
UNITS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def parse_dates(texts: pa.StringArray) -> pa.TimestampArray | None:
    """Parse ISO 8601 dates, with or without a time of day; zones are converted to UTC.

    Returns
    -------
    pyarrow.TimestampArray or None
        Type timestamp[s]; None unless all texts are valid and either all or none name a zone.
    """
    return next((moments(texts, zone) for zone in ZONES if are_moments(texts, zone)), None)


def are_moments(texts: pa.StringArray, zone: str | None) -> bool:
    """Return whether all texts are dates, and none names a zone or, if `zone` is UTC, all do."""
    if not pc.all(pc.match_substring_regex(texts, ISO_DATE)).as_py():
        return False
    try:
        moments(texts, zone)
    except pa.ArrowInvalid:
        return False
    return True


def moments(texts: pa.StringArray, zone: str | None) -> pa.TimestampArray:
    """Parse dates of which `are_moments` is true; type timestamp[s]."""
    texts = pc.replace_substring_regex(texts, r"\.\d+", "")
    return texts.cast(pa.timestamp("s", zone)).cast(pa.timestamp("s"))


def date_of(text: str) -> dt.date | None:
    """Return the date of one ISO 8601 text, as `parse_dates` and `days` would; None if it is none."""
    if not re.search(ISO_DATE, text):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        return (moment.astimezone(dt.UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates or moments as dates, date32; moments with a time zone are read in UTC."""
    if pa.types.is_timestamp(column.type):
        # Without its zone a moment is what it is in UTC. Arrow won't drop a time of day in a safe cast.
        column = column.cast(pa.timestamp(column.type.unit))
    return column.cast(pa.date32(), safe=False)


def has_time_of_day(column: pa.ChunkedArray) -> bool:
    """Return whether any of the dates or moments says more than the date."""
    if not pa.types.is_timestamp(column.type):
        return False
    column = column.cast(pa.timestamp(column.type.unit))
    return bool(pc.any(pc.not_equal(column, pc.floor_temporal(column, unit="day"))).as_py())


def seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times of day or durations as seconds, float64."""
    unit = column.type.unit
    if pa.types.is_time32(column.type):
        column = column.cast(pa.int32())
    return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), float(UNITS_PER_SECOND[unit]))
