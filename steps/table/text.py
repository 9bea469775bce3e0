"""Texts that are numbers, booleans or dates in disguise."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import date_of

MARKERS = ["", "?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "nan", "NaN", "null", "NULL", "None", "none"]
TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
LEADING_ZERO = r"^[+-]?0[0-9]"


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

    yield from read(is_any_of(texts, MARKERS), lambda found: pa.nulls(len(found)))
    yield from read(is_any_of(texts, TRUTH), truths)
    for notation in NOTATIONS:
        numbers = matches(texts, notation.pattern)
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


def matches(texts: pa.StringArray, pattern: str) -> np.ndarray:
    """Return which texts match a regular expression of RE2: shape (n,), dtype bool."""
    return _mask(pc.match_substring_regex(texts, pattern))


def is_any_of(texts: pa.StringArray, words: Iterable[str]) -> np.ndarray:
    """Return which texts are among the words: shape (n,), dtype bool."""
    return _mask(pc.is_in(texts, pa.array(words)))


def truths(texts: pa.StringArray) -> pa.BooleanArray:
    """Return the booleans that texts, all of which are in `TRUTH`, say."""
    return pa.array([TRUTH[text] for text in texts.to_pylist()], pa.bool_())


def _mask(mask: pa.BooleanArray) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False)
