"""Text columns that are numbers, booleans or dates in disguise."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import date_of, parse_dates

MARKERS = ["", "?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "nan", "NaN", "null", "NULL", "None", "none"]
TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
LEADING_ZERO = r"^[+-]?0[0-9]"
INTEGER = r"^[+-]?\d+$"
MOSTLY = 0.9
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
LOOKALIKES = {
    rf"^(?:\d{{4}}[./-]{_DAY}[./-]{_DAY}|{_DAY}[./-]{_DAY}[./-][12]\d{{3}})(?:[ T].*)?$": (
        "dates; write them as 2024-02-29 to have year, month and day"
    ),
    r"^[€$£¥]\s?[+-]?\d[\d.,]*$|^[+-]?\d[\d.,]*\s?[%€$£¥]$": "numbers with a sign; write them without it",
}
"""What nearly is something else, and what to do; looked at only when nothing else was understood."""


class Notation(NamedTuple):
    """A way of writing numbers."""

    pattern: str
    plain: Callable[[pa.StringArray], pa.StringArray]
    note: str


NOTATIONS = (
    Notation(
        r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$",
        lambda texts: texts,
        "",
    ),
    Notation(
        r"^[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d*)?$",
        lambda texts: pc.replace_substring(texts, ",", ""),
        "read commas as thousands separators",
    ),
    Notation(
        r"^[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?$",
        lambda texts: pc.replace_substring(pc.replace_substring(texts, ".", ""), ",", "."),
        "read commas as decimal commas and dots as thousands separators",
    ),
)
PLAIN = NOTATIONS[0]


def no_header_hint(names: Iterable[str]) -> str:
    """Return a sentence if a number is among the columns' names, as when a file begins with its first row."""
    if not any(re.search(PLAIN.pattern, name.strip()) for name in names):
        return ""
    return " The names look like data: the header line seems to be missing."


def convert_text(column: pa.ChunkedArray, name: str, *, keep: bool) -> tuple[pa.ChunkedArray, list[str]]:
    """Turn a text column into numbers, booleans or dates if that is what all its values are.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Type string, without empty strings.
    name : str
        The column's name, for the notes.
    keep : bool
        Whether the column holds labels: markers of missing values are labels then, and so are dates and
        numbers that are not plainly written.

    Returns
    -------
    column : pyarrow.ChunkedArray
        Type int64, float64, bool, timestamp[s] or, unchanged, string.
    notes : list of str
    """
    if column.null_count == len(column):
        return column, []
    distinct, places = encode(column)
    present = np.concatenate([place.drop_null().to_numpy() for place in places])
    counts = np.bincount(present, minlength=len(distinct))
    values, notes = _convert_distinct(distinct, counts, name, keep=keep)
    if values is None:
        return column, notes
    return pa.chunked_array([values.take(place) for place in places], values.type), notes


def readings(texts: pa.StringArray) -> Iterator[tuple[np.ndarray, pa.Array]]:
    """Yield what each text is by itself, whatever else its column holds: missing, a boolean, a number or a date.

    Parameters
    ----------
    texts : pyarrow.StringArray
        Shape (n,), without nulls.

    Yields
    ------
    mask : numpy.ndarray
        Shape (n,), dtype bool: the texts that are read; each is in one mask at most.
    values : pyarrow.Array
        As many as the mask has ones, of type null, bool, float64 or date32.
    """
    texts = pc.utf8_trim_whitespace(texts)
    unread = np.ones(len(texts), bool)

    def read(mask: np.ndarray, parse: Callable[[pa.StringArray], pa.Array | None]) -> Iterator[tuple]:
        mask = mask & unread
        values = parse(texts.filter(pa.array(mask))) if mask.any() else None
        if values is not None:
            unread[mask] = False
            yield mask, values

    yield from read(_matches(pc.is_in(texts, pa.array(MARKERS))), lambda found: pa.nulls(len(found)))
    truths = _matches(pc.is_in(texts, pa.array(TRUTH)))
    yield from read(truths, lambda found: pa.array([TRUTH[text] for text in found.to_pylist()], pa.bool_()))
    for notation in NOTATIONS:
        numbers = _matches(pc.match_substring_regex(texts, notation.pattern))
        yield from read(numbers, lambda found, plain=notation.plain: plain(found).cast(pa.float64()))
    dates = {position: date_of(texts[int(position)].as_py()) for position in np.flatnonzero(unread)}
    is_date = np.isin(np.arange(len(texts)), [position for position, date in dates.items() if date])
    yield from read(is_date, lambda _: pa.array([date for date in dates.values() if date], pa.date32()))


def encode(column: pa.ChunkedArray) -> tuple[pa.StringArray, list[pa.Int32Array]]:
    """Return the distinct texts of a column, and for each of its chunks the places of its values among them."""
    chunks = column.dictionary_encode().chunks
    # pyarrow hashes a chunked column as one, so every chunk refers to the same dictionary.
    distinct = chunks[0].dictionary if chunks else pa.array([], pa.string())
    return distinct, [chunk.indices for chunk in chunks]


def _convert_distinct(
    distinct: pa.StringArray, counts: np.ndarray, name: str, *, keep: bool
) -> tuple[pa.Array | None, list[str]]:
    if pc.all(pc.is_in(distinct, pa.array(TRUTH))).as_py():
        return pa.array([TRUTH[text] for text in distinct.to_pylist()]), []
    texts = pc.utf8_trim_whitespace(distinct)
    is_marker = np.zeros(len(texts), bool) if keep else _matches(pc.is_in(texts, pa.array(MARKERS)))
    values = texts.filter(pa.array(~is_marker))
    if not len(values):
        return None, []
    # A code such as 007 is no number.
    has_codes = pc.any(pc.match_substring_regex(values, LEADING_ZERO)).as_py()
    notes = _marker_notes(texts, counts, is_marker, name)
    notations = () if has_codes else NOTATIONS[:1] if keep else NOTATIONS
    for notation in notations:
        if pc.all(pc.match_substring_regex(values, notation.pattern)).as_py():
            numbers, is_exact = _parse_numbers(notation.plain(values))
            # A label that is no exact number of its own would merge with others.
            if numbers is None or (keep and not (is_exact and pc.all(pc.is_finite(numbers)).as_py())):
                return None, []
            if notation.note:
                notes.append(f"Column {name!r}: {notation.note}.")
            if not is_exact:
                notes.append(lost_digits(name))
            return _spread(numbers, is_marker), notes
    if keep:
        return None, []
    dates = parse_dates(values)
    if dates is not None:
        return _spread(dates, is_marker), notes
    return None, _stays_text_note(values, counts[~is_marker], name)


def _matches(mask: pa.BooleanArray) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False)


def _parse_numbers(texts: pa.StringArray) -> tuple[pa.Array | None, bool]:
    """Parse int64 if all are integers in its range, else float64; None if no text has a digit.

    Also tell whether no integer is beyond the range of int64.
    """
    if not pc.any(pc.match_substring_regex(texts, r"\d")).as_py():
        return None, True
    is_integer = pc.match_substring_regex(texts, INTEGER)
    try:
        integers = pc.utf8_ltrim(texts.filter(is_integer), characters="+").cast(pa.int64())
    except pa.ArrowInvalid:
        return texts.cast(pa.float64()), False
    return (integers if pc.all(is_integer).as_py() else texts.cast(pa.float64())), True


def lost_digits(name: str) -> str:
    """Return the note on integers that float64 does not hold exactly."""
    return f"Column {name!r}: its integers beyond 2**53 lost digits as floating-point numbers."


def _spread(values: pa.Array, is_marker: np.ndarray) -> pa.Array:
    """Put the values back between the markers, which become null."""
    positions = np.cumsum(~is_marker) - 1
    return values.take(pa.array(positions, mask=is_marker))


def _marker_notes(texts: pa.StringArray, counts: np.ndarray, is_marker: np.ndarray, name: str) -> list[str]:
    found: dict[str, int] = {}
    for position in np.flatnonzero(is_marker):
        text = texts[int(position)].as_py()
        found[text] = found.get(text, 0) + int(counts[position])
    if not found:
        return []
    listed = ", ".join(f"{text!r} ({count}×)" for text, count in found.items())
    return [f"Column {name!r}: read {listed} as missing, as all other values are numbers or dates."]


def _stays_text_note(values: pa.StringArray, counts: np.ndarray, name: str) -> list[str]:
    """Say what is in the way of a column that is nearly one of numbers or dates."""
    is_code = _matches(pc.match_substring_regex(values, LEADING_ZERO))
    kinds = {
        "numbers": _matches(pc.match_substring_regex(values, PLAIN.pattern)) & ~is_code,
        "dates": np.array([date_of(text) is not None for text in values.to_pylist()], bool),
    }
    for kind, mask in kinds.items():
        found, others = int(counts[mask].sum()), int(counts[~mask].sum())
        if not others:
            return [f"Column {name!r} stays text: some of its {kind} name a time zone and some do not."]
        if found >= MOSTLY * (found + others):
            shown = ", ".join(map(repr, values.filter(pa.array(~mask))[:3].to_pylist()))
            verb = "is" if others == 1 else "are"
            return [
                f"Column {name!r} stays text, though {found} of its {found + others} values are {kind}: "
                f"{others} {verb} in the way, such as {shown}."
            ]
    for pattern, advice in LOOKALIKES.items():
        mask = _matches(pc.match_substring_regex(values, pattern))
        if counts[mask].sum() >= MOSTLY * counts.sum():
            shown = values.filter(pa.array(mask))[0].as_py()
            return [f"Column {name!r} stays text: values such as {shown!r} look like {advice}."]
    return []
