from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.sample import class_quotas, draw


@pytest.mark.parametrize(
    ("counts", "rows", "least", "expected"),
    [
        ([60, 30, 10], 10, 0, [6, 3, 1]),
        ([50, 30, 20], 5, 0, [3, 1, 1]),  # shares 2.5, 1.5, 1: the first of equal remainders
        ([900, 60, 40], 100, 20, [60, 20, 20]),  # the two rare ones keep 20, the other has the rest
        ([900, 95, 5], 100, 20, [75, 20, 5]),  # the rarest has no more
        ([10, 10], 20, 3, [10, 10]),
        ([7, 0, 3], 5, 1, [4, 0, 1]),
        ([2_000_000_000, 1_000_000_000], 1_500_000_000, 1, [1_000_000_000, 500_000_000]),
    ],
)
def test_what_each_class_gives(counts: list[int], rows: int, least: int, expected: list[int]) -> None:
    before = np.array(counts)
    assert class_quotas(before, rows, least=least).tolist() == expected
    assert before.tolist() == counts


@given(st.data(), st.lists(st.integers(0, 200), min_size=1, max_size=8).filter(any), st.integers(0, 20))
def test_no_class_is_a_row_away_from_its_share(data: st.DataObject, counts: list[int], least: int) -> None:
    floors = [min(count, least) for count in counts]
    rows = data.draw(st.integers(max(1, sum(floors)), sum(counts)))
    quotas = class_quotas(np.array(counts), rows, least=least).tolist()
    assert sum(quotas) == rows
    assert all(floor <= quota <= count for floor, quota, count in zip(floors, quotas, counts, strict=True))
    # There is one share of its rows that every class has, but for less than a row, or has more of by its floor.
    lower = [
        Fraction(quota - 1, count) for quota, floor, count in zip(quotas, floors, counts, strict=True) if quota > floor
    ]
    upper = [Fraction(quota + 1, count) for quota, count in zip(quotas, counts, strict=True) if count]
    assert max(lower, default=-1) < min(upper)
    exact = class_quotas(np.array(counts), rows, least=0)
    assert all(
        abs(quota - Fraction(rows * count, sum(counts))) < 1
        for quota, count in zip(exact.tolist(), counts, strict=True)
    )


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 1)), min_size=1), st.integers(0, 5))
def test_the_first_rows_of_each_class_are_drawn(rows: list[tuple[int, int, int]], quota: int) -> None:
    codes, first, second = map(np.array, zip(*rows, strict=True))
    quotas = np.minimum(np.bincount(codes, minlength=4), quota)
    chosen = draw(codes, quotas, [first, second])
    for code in range(4):
        ranked = sorted((row[1:], place) for place, row in enumerate(rows) if row[0] == code)
        assert sorted(place for _, place in ranked[:quota]) == np.flatnonzero(chosen & (codes == code)).tolist()
