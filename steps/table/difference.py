"""What differs between two values or two tables, numbers being allowed what rounding does to them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TOLERANCE = 1e-6
"""How far two numbers may lie apart, relative to the larger magnitude, or to 1 if both are smaller."""

_SHOWN = 60
_BEFORE = 20
_LARGEST = 2.0  # of two numbers of opposite signs and equal magnitude


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    Attributes
    ----------
    what
        Where, what it was, and what it became.
    size
        How far two finite numbers lie apart, as `TOLERANCE` is meant; 0.0 for all else.
    exact
        Whether no tolerance applies to it.
    """

    what: str
    size: float = 0.0
    exact: bool = True

    @property
    def diverges(self) -> bool:
        """Whether rounding does not account for it."""
        return self.exact or self.size > TOLERANCE


def value_differences(
    recorded: Any, repeated: Any, where: str = "", *, derived: Set[str] = frozenset()
) -> Iterator[Difference]:
    """Compare two values as JSON holds them, leaf by leaf, in the first one's order.

    Parameters
    ----------
    recorded, repeated
        Of any JSON type; NaN equals NaN, 1 equals 1.0, but True is no number. Two integers must be equal: no rounding
        changes a count or a seed.
    where
        What they are.
    derived
        Keys of the outermost objects whose values follow from other ones, such as digests: where they differ, they have
        not diverged.
    """
    if isinstance(recorded, dict) and isinstance(repeated, dict):
        for key in dict.fromkeys([*recorded, *repeated]):
            inner = f"{where}.{key}" if where else str(key)
            if key not in repeated or key not in recorded:
                yield Difference(f"{inner} is {'new' if key in repeated else 'missing'}")
            elif key not in derived:
                yield from value_differences(recorded[key], repeated[key], inner)
            elif recorded[key] != repeated[key]:
                yield Difference(f"{inner} differs", exact=False)
    elif isinstance(recorded, list) and isinstance(repeated, list):
        if len(recorded) != len(repeated):
            yield Difference(f"{where}: {counted(len(recorded), 'item')} became {len(repeated):,}")
            return
        for position, pair in enumerate(zip(recorded, repeated, strict=True)):
            yield from value_differences(*pair, f"{where}[{position}]")
    else:
        yield from _leaf_difference(recorded, repeated, where)


def _leaf_difference(recorded: Any, repeated: Any, where: str) -> Iterator[Difference]:
    size, exact = 0.0, True
    if _is_number(recorded) and _is_number(repeated):
        if recorded == repeated or (math.isnan(recorded) and math.isnan(repeated)):
            return
        if math.isfinite(recorded) and math.isfinite(repeated):
            size = min(abs(recorded - repeated) / max(1, abs(recorded), abs(repeated)), _LARGEST)
            exact = isinstance(recorded, int) and isinstance(repeated, int)
    elif type(recorded) is type(repeated) and recorded == repeated:
        return
    yield Difference(f"{where}: {' became '.join(shown(recorded, repeated))}", size, exact)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def layout_difference(
    recorded: Mapping[str, str], repeated: Mapping[str, str], rows: tuple[int, int]
) -> Difference | None:
    """Compare two tables' columns, name to type, and their numbers of rows."""
    for name in dict.fromkeys([*recorded, *repeated]):
        if name not in recorded or name not in repeated:
            return Difference(f"column {name} is {'new' if name in repeated else 'missing'}")
        if recorded[name] != repeated[name]:
            return Difference(f"column {name}: type {recorded[name]} became {repeated[name]}")
    if list(recorded) != list(repeated):
        moved = next(pair for pair in zip(recorded, repeated, strict=True) if pair[0] != pair[1])
        return Difference(f"columns in another order: {moved[1]} where {moved[0]} was")
    before, after = rows
    if before != after:
        return Difference(rows_more(before, after))
    return None


def rows_more(before: int, after: int) -> str:
    """Return how many rows more or fewer there are now, in words; the numbers differ."""
    return f"{counted(abs(after - before), 'row')} {'more' if after > before else 'fewer'}"


def in_row(column: str, row: int, recorded: str, repeated: str) -> str:
    """Return what a cell was and became, in words; the first row is 1."""
    return f"{column} in row {row:,}: {recorded} became {repeated}"


def table_differences(
    recorded: pa.Table, repeated: pa.Table, in_words: Callable[[str, int, str, str], str] = in_row
) -> Iterator[Difference]:
    """Compare two tables row by row, as their order counts.

    Parameters
    ----------
    recorded, repeated : pyarrow.Table
        Columns of type int64, float64, bool, date32 or string.
    in_words
        Says where a cell is, what it was and became.

    Yields
    ------
    Difference
        The first one of the layout; without such, for each column that differs its first cell that diverges, or else
        the one of the largest difference. Its size is the column's largest.
    """
    layout = layout_difference(
        *({field.name: str(field.type) for field in table.schema} for table in (recorded, repeated)),
        rows=(recorded.num_rows, repeated.num_rows),
    )
    if layout:
        yield layout
        return
    for name in recorded.column_names:
        exact, sizes = _cells(recorded[name], repeated[name])
        beyond = exact | (sizes > TOLERANCE)
        differ = beyond if beyond.any() else sizes > 0
        if not differ.any():
            continue
        row = int(beyond.argmax() if beyond.any() else sizes.argmax())
        texts = shown(recorded[name][row].as_py(), repeated[name][row].as_py())
        count = f"({differ.sum():,} of {counted(len(differ), 'row')} differ)"
        yield Difference(f"{in_words(name, row + 1, *texts)} {count}", float(sizes.max()), bool(exact.any()))


def _cells(recorded: pa.ChunkedArray, repeated: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row whether it differs where no tolerance applies, and the difference of its numbers."""
    exact = recorded.is_null().to_numpy() != repeated.is_null().to_numpy()
    sizes = np.zeros(len(exact))
    if not (pa.types.is_integer(recorded.type) or pa.types.is_floating(recorded.type)):
        return exact | pc.not_equal(recorded, repeated).fill_null(False).to_numpy(), sizes
    before, after = (column.fill_null(0).to_numpy() for column in (recorded, repeated))
    unequal = (before != after) & ~(np.isnan(before) & np.isnan(after))
    numbers = unequal & ~exact & np.isfinite(before) & np.isfinite(after)
    low, high = before[numbers].astype(np.float64), after[numbers].astype(np.float64)
    with np.errstate(over="ignore"):
        sizes[numbers] = np.abs(low - high) / np.maximum(1.0, np.maximum(np.abs(low), np.abs(high)))
    rounded = numbers if pa.types.is_floating(recorded.type) else np.zeros_like(numbers)
    return exact | (unequal & ~rounded), np.minimum(sizes, _LARGEST)


def shown(recorded: Any, repeated: Any) -> tuple[str, str]:
    """Return two values that differ as short texts that do so too."""
    if isinstance(recorded, float) and isinstance(repeated, float):
        for digits in range(6, 18):
            texts = f"{recorded:.{digits}g}", f"{repeated:.{digits}g}"
            if texts[0] != texts[1]:
                return texts
    before, after = _text(recorded), _text(repeated)
    if before == after:  # "5" and 5, or a text that says "nothing"
        before, after = repr(recorded), repr(repeated)
    if max(len(before), len(after)) <= _SHOWN:
        return before, after
    same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))))
    start = max(0, same - _BEFORE)
    return _excerpt(before, start), _excerpt(after, start)


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        # An empty text, or a blank at its end, would not be seen.
        return value if value and value.isprintable() and value == value.strip() else repr(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | dict) else str(value)


def _excerpt(text: str, start: int) -> str:
    end = start + _SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def counted(number: int, noun: str) -> str:
    """Return the number and the noun, in the plural unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
