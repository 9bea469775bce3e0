"""Lists in a sentence, of which there may be more than anybody reads."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(texts: Sequence[str], most: int = 5) -> str:
    """Return the first of many texts, with commas between, and how many more there are.

    Examples
    --------
    >>> first_of(["a", "b", "c"], 2), first_of(["a"], 2)
    ('a, b and 1 more', 'a')
    """
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more:,} more" if more > 0 else "")
