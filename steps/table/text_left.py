"""What keeps a text column from being numbers or dates, when nearly all its values are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.dates import ISO_DATE, date_of
from steps.table.text import LEADING_ZERO, MARKERS, PLAIN, is_any_of, matches

_MOSTLY = 0.9
_SHOWN = 3
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_LOOKALIKES = {
    rf"^(?:\d{{4}}[./-]{_DAY}[./-]{_DAY}|{_DAY}[./-]{_DAY}[./-][12]\d{{3}})(?:[ T].*)?$": (
        "dates; write them as 2024-02-29 to have year, month and day"
    ),
    r"^[€$£¥]\s?[+-]?\d[\d.,]*$|^[+-]?\d[\d.,]*\s?[%€$£¥]$": "numbers with a sign; write them without it",
}
"""What nearly is something else, and what to do."""


class LeftAsText:
    """Counts what the values of a column look like, part by part; `notes` says so if it is nearly all one thing."""

    def __init__(self) -> None:
        self._total = 0
        self._kinds = {"numbers": _Counted(), "dates": _Counted()}
        self._lookalikes = {pattern: _Counted() for pattern in _LOOKALIKES}

    def look(self, texts: pa.StringArray) -> None:
        """Count some of the values; markers of missing ones do not count."""
        pairs = texts.drop_null().value_counts()
        distinct, counts = pairs.field("values"), pairs.field("counts").to_numpy()
        values = pc.utf8_trim_whitespace(distinct)
        is_value = ~is_any_of(values, MARKERS)
        if not is_value.all():
            chosen = pa.array(is_value)
            distinct, values, counts = distinct.filter(chosen), values.filter(chosen), counts[is_value]
        self._total += int(counts.sum())
        is_number = matches(values, PLAIN.pattern) & ~matches(values, LEADING_ZERO)
        for kind, mask in {"numbers": is_number, "dates": _are_dates(values)}.items():
            self._kinds[kind].add(mask, counts, distinct, shown=~mask)
        for pattern, counted in self._lookalikes.items():
            mask = matches(values, pattern)
            counted.add(mask, counts, distinct, shown=mask)

    def notes(self, name: str) -> list[str]:
        """Return one sentence of the column, or none."""
        if not self._total:
            return []
        for kind, counted in self._kinds.items():
            others = self._total - counted.count
            if not others:
                return [f"Column {name!r} stays text: some of its {kind} name a time zone and some do not."]
            if counted.count >= _MOSTLY * self._total:
                shown = ", ".join(map(repr, counted.shown))
                return [
                    f"Column {name!r} stays text, though {counted.count} of its {self._total} values are {kind}: "
                    f"{others} {'is' if others == 1 else 'are'} in the way, such as {shown}."
                ]
        for pattern, counted in self._lookalikes.items():
            if counted.count >= _MOSTLY * self._total:
                look = f"values such as {counted.shown[0]!r} look like {_LOOKALIKES[pattern]}"
                return [f"Column {name!r} stays text: {look}."]
        return []


class _Counted:
    """How many values are of a kind, and the first few to show, in the order of their first places."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, mask: np.ndarray, counts: np.ndarray, distinct: pa.StringArray, *, shown: np.ndarray) -> None:
        self.count += int(counts[mask].sum())
        for position in np.flatnonzero(shown):
            if len(self._first) == _SHOWN:
                break
            text = distinct[int(position)].as_py()
            if text not in self._first:
                self._first.append(text)

    @property
    def shown(self) -> list[str]:
        return [pc.utf8_trim_whitespace(text).as_py() for text in self._first]


def _are_dates(texts: pa.StringArray) -> np.ndarray:
    found = matches(texts, ISO_DATE)
    for position in np.flatnonzero(found):
        found[position] = date_of(texts[int(position)].as_py()) is not None
    return found
