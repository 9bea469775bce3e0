"""Finding the delimiter of a delimited text."""

import csv
from collections import Counter

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 200


def find_delimiter(sample: str, *, complete: bool) -> str:
    """Find the delimiter that splits the first rows into the same number of columns, quotes respected.

    Parameters
    ----------
    sample : str
        The text's beginning, header included.
    complete : bool
        Whether `sample` is the whole text; if not, its last row may be cut and is not looked at.

    Returns
    -------
    str
        One of ``DELIMITERS``. Of several, the one with which most rows agree, then the one with most
        columns, then the first in that order; a comma if there is only one column.
    """
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter, complete=complete)
        if not widths:
            continue
        width, rows = Counter(widths).most_common(1)[0]
        score = (rows / len(widths), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(sample: str, delimiter: str, *, complete: bool) -> list[int]:
    rows = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), delimiter=delimiter):
            rows.append(len(row))
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    if not complete or len(rows) > SAMPLE_ROWS:
        rows = rows[:-1]
    return [width for width in rows if width]


def check_delimiter(delimiter: str) -> None:
    """Raise ValueError unless an option's value is ``auto`` or names a delimiter."""
    if delimiter != "auto":
        parse_delimiter(delimiter)


def parse_delimiter(delimiter: str) -> str:
    """Return the character that an option's value stands for.

    Raises
    ------
    ValueError
        If it is neither one character nor the word ``tab``.
    """
    character = "\t" if delimiter in ("tab", "\\t") else delimiter
    if len(character) != 1 or not character.isascii() or character in '"\r\n\0':
        raise ValueError(f"Got delimiter {delimiter!r}, expected 'auto', 'tab' or a single character.")
    return character
