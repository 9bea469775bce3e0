"""A text column read in parts: what all its values are together, and then each part as that."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import ZONES, are_moments, moments
from steps.table.text import LEADING_ZERO, MARKERS, NOTATIONS, TRUTH, Notation, is_any_of, matches, truths
from steps.table.text_left import LeftAsText

_INTEGER = r"^[+-]?\d+$"
_SHORT = 18
"""An integer of as many characters fits into int64."""
LOST_DIGITS = "its integers beyond 2**53 lost digits as floating-point numbers"


class _Reading(NamedTuple):
    """What the values are: how a part of them is parsed, and what the user is to know of it."""

    parse: Callable[[pa.StringArray], pa.Array]
    notes: tuple[str, ...] = ()


class TextColumn:
    """Turns a text column into numbers, booleans or dates if that is what all its values are.

    Show it all values with `look`, part by part; then `convert` them, part by part; then `notes` tells of what was
    done. Values are texts, none of them empty, or null. It keeps what it found out about them, and none of them.

    Parameters
    ----------
    name : str
        The column's, for the notes.
    keep : bool
        Whether the column holds labels: markers of missing values are labels then, and so are dates and numbers that
        are not plainly written.
    """

    def __init__(self, name: str, *, keep: bool) -> None:
        self._name = name
        self._keep = keep
        self._has_values = self._has_code = False
        self._may_be_truth = True
        self._numbers = [_Numbers(notation) for notation in (NOTATIONS[:1] if keep else NOTATIONS)]
        self._zones = () if keep else ZONES
        self._reading: _Reading | None = None
        self._is_decided = False
        self._markers: dict[str, int] = {}
        self._left = LeftAsText()
        self.has_markers = False

    def look(self, texts: pa.StringArray) -> None:
        """Find out what some of the values can be."""
        if self._has_values and not (self._may_be_truth or self._numbers or self._zones):
            return
        distinct = texts.unique().drop_null()
        if not len(distinct):
            return
        self._may_be_truth = self._may_be_truth and bool(is_any_of(distinct, TRUTH).all())
        values = pc.utf8_trim_whitespace(distinct)
        if not self._keep:
            is_marker = is_any_of(values, MARKERS)
            self.has_markers |= bool(is_marker.any())
            values = values.filter(pa.array(~is_marker))
        if not len(values):
            return
        self._has_values = True
        # A code such as 007 is no number.
        if self._numbers and matches(values, LEADING_ZERO).any():
            self._numbers = []
        self._numbers = [numbers for numbers in self._numbers if numbers.look(values, self._keep)]
        self._zones = tuple(zone for zone in self._zones if are_moments(values, zone))

    def convert(self, texts: pa.StringArray) -> pa.Array:
        """Return some of the values, in the same type for all parts: int64, float64, bool, timestamp[s] or string."""
        if not self._is_decided:
            self._reading, self._is_decided = self._decide(), True
        if self._reading is None:
            if self._is_worth_a_note:
                self._left.look(texts)
            return texts
        encoded = texts.dictionary_encode()
        distinct = encoded.dictionary
        if self._may_be_truth:
            return self._reading.parse(distinct).take(encoded.indices)
        values = pc.utf8_trim_whitespace(distinct)
        is_marker = np.zeros(len(values), bool) if self._keep else is_any_of(values, MARKERS)
        if is_marker.any():
            counts = np.bincount(encoded.indices.drop_null(), minlength=len(values))
            for position in np.flatnonzero(is_marker):
                text = values[int(position)].as_py()
                self._markers[text] = self._markers.get(text, 0) + int(counts[position])
        parsed = self._reading.parse(values.filter(pa.array(~is_marker)))
        places = pa.array(np.cumsum(~is_marker) - 1, mask=is_marker)
        return parsed.take(places).take(encoded.indices)

    @property
    def notes(self) -> list[str]:
        """One sentence for everything that a user may want to know of what `convert` did."""
        if self._reading is None:
            return self._left.notes(self._name)
        found = [f"Column {self._name!r}: {note}." for note in self._reading.notes]
        if self._markers:
            listed = ", ".join(f"{text!r} ({count}×)" for text, count in self._markers.items())
            read = f"read {listed} as missing, as all other values are numbers or dates"
            found.insert(0, f"Column {self._name!r}: {read}.")
        return found

    @property
    def _is_worth_a_note(self) -> bool:
        return self._has_values and not self._numbers and not self._keep

    def _decide(self) -> _Reading | None:
        if not self._has_values:
            return None
        if self._may_be_truth:
            return _Reading(truths)
        if self._numbers:
            # A label that is no exact number of its own would merge with others.
            numbers = self._numbers[0]
            is_apart = numbers.is_exact and numbers.is_finite
            return numbers.reading if numbers.has_digit and (is_apart or not self._keep) else None
        if self._zones:
            zone = self._zones[0]
            return _Reading(lambda texts: moments(texts, zone))
        return None


class _Numbers:
    """What the values are as numbers in one notation.

    Attributes
    ----------
    has_digit : bool
        Whether there is a number among them, and not infinities alone.
    is_exact : bool
        Whether all integers are in the range of int64.
    is_finite : bool
        Whether no number is beyond the range of float64; found for labels only.
    """

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self._is_integer = True
        self.has_digit = False
        self.is_exact = self.is_finite = True

    def look(self, values: pa.StringArray, is_label: bool) -> bool:
        """Return whether all of some values are numbers, after looking at them."""
        if not matches(values, self._notation.pattern).all():
            return False
        plain = self._notation.plain(values)
        self.has_digit = self.has_digit or bool(matches(plain, r"\d").any())
        if self._is_integer or pc.max(pc.binary_length(plain)).as_py() > _SHORT:
            is_integer = matches(plain, _INTEGER)
            self._is_integer = self._is_integer and bool(is_integer.all())
            self.is_exact = self.is_exact and _are_in_range(plain.filter(pa.array(is_integer)))
        if is_label:
            self.is_finite = self.is_finite and pc.all(pc.is_finite(plain.cast(pa.float64()))).as_py()
        return True

    @property
    def reading(self) -> _Reading:
        """The values as int64 if all are integers in its range, else as float64."""
        notes = [self._notation.note, "" if self.is_exact else LOST_DIGITS]
        return _Reading(self._parse, tuple(filter(None, notes)))

    def _parse(self, texts: pa.StringArray) -> pa.Array:
        plain = self._notation.plain(texts)
        return _integers(plain) if self._is_integer and self.is_exact else plain.cast(pa.float64())


def _are_in_range(integers: pa.StringArray) -> bool:
    try:
        _integers(integers)
    except pa.ArrowInvalid:
        return False
    return True


def _integers(texts: pa.StringArray) -> pa.Int64Array:
    return pc.utf8_ltrim(texts, characters="+").cast(pa.int64())
