"""Figures: how they are written, and whether one is a fact's after the rounding shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from steps.model_card.claims import COUNT, SHARE, Fact

_LEAST_DIGITS = 2
_MOST_DECIMALS = 12
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

NUMBER_WORDS = {
    **{word: value for value, word in enumerate(_UNITS.split())},
    **{word: 10 * tens for tens, word in enumerate(_TENS.split(), 2)},
    **{
        f"{ten}-{unit}": 10 * tens + units
        for tens, ten in enumerate(_TENS.split(), 2)
        for units, unit in enumerate(_UNITS.split()[1:10], 1)
    },
}
"""Of whole numbers below a hundred; others are not understood, and so not supported."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as a sentence shows it; of an interval also its upper end.

    Attributes
    ----------
    percent
        Whether it is in percent.
    """

    text: str
    value: Decimal
    percent: bool = False
    high: Decimal | None = None

    def is_of(self, fact: Fact) -> bool:
        """Return whether it is the fact's figure."""
        if fact.value is None or (self.high is None) != (fact.high is None) or (self.percent and fact.unit != SHARE):
            return False
        return self._shows(self.value, fact.value, fact.unit) and (
            self.high is None or self._shows(self.high, fact.high, fact.unit)
        )

    def _shows(self, shown: Decimal, value: float, unit: str) -> bool:
        exact = Decimal(repr(value)) * (100 if self.percent else 1)
        if shown == exact:
            return shown.as_tuple().exponent >= 0 if unit == COUNT else True
        if unit == COUNT:
            return False
        quantum = Decimal((0, (1,), shown.as_tuple().exponent))
        # What is all but 0 or 1 must not be said to be just that.
        one = 100 if self.percent else 1
        return (
            abs(shown - exact) <= quantum / 2
            and len(shown.as_tuple().digits) >= _LEAST_DIGITS
            and shown not in (0, one, -one)
        )


def spoken(value: float) -> str:
    """Return a number as a sentence shows it: four decimals, or as many as it takes to tell it from 0, 1 and -1."""
    if value == int(value) and abs(value) <= 1:
        return f"{value:z.0f}"
    for decimals in range(4, _MOST_DECIMALS + 1):
        text = f"{value:.{decimals}f}"
        if len(Decimal(text).as_tuple().digits) >= _LEAST_DIGITS and abs(Decimal(text)) != 1:
            return text
    return repr(float(value))


def counted(count: int, noun: str, verb: str = "") -> str:
    """Return a count with its noun, and one of the verbs "is" and "has" in its number.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "column", "is")
    ('1 row', '1,200 columns are')
    """
    plural = {"is": " are", "has": " have", "was": " were", "": ""}[verb]
    return f"{count:,} {noun} {verb}".rstrip() if count == 1 else f"{count:,} {noun}s{plural}"
