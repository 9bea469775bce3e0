from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.drift import chance_limit, level, stability_index


def test_an_index_reckoned_by_hand() -> None:
    # Counts 49.5 + .5 and so on: shares 50 %, 30 %, 20 % against 40 %, 30 %, 30 %.
    before, now = np.array([49.5, 29.5, 19.5]), np.array([39.5, 29.5, 29.5])
    # (.4 - .5) ln(.4 / .5) + 0 + (.3 - .2) ln(.3 / .2) = .1 * .2231436 + .1 * .4054651
    assert stability_index(before, now) == pytest.approx(0.0628609, abs=1e-7)


def test_an_empty_bin_is_no_infinity_and_one_empty_in_both_counts_nothing() -> None:
    index = stability_index(np.array([100, 0]), np.array([50, 50]))
    # Shares .9950495 and .0049505 against a half each: their difference times ln(.9950495 / .5) and ln(.5 / .0049505).
    assert index == pytest.approx(0.4950495 * 0.6881847 + 0.4950495 * 4.6151205, rel=1e-6)
    assert stability_index(np.array([100, 0, 0]), np.array([50, 50, 0])) == index


COUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)


@given(COUNTS, COUNTS)
def test_it_is_symmetric_not_negative_and_zero_for_the_same(one: list[int], other: list[int]) -> None:
    size = min(len(one), len(other))
    before, now = np.array(one[:size]), np.array(other[:size])
    index = stability_index(before, now)
    if not before.any() or not now.any():
        assert index is None
        assert chance_limit(before, now) is None
        return
    assert index == pytest.approx(stability_index(now, before))
    assert index >= -1e-12
    assert stability_index(before, before) == 0


def test_by_chance_one_of_twenty_samples_is_above_the_limit() -> None:
    random = np.random.default_rng(0)
    before = random.multinomial(20_000, np.full(11, 1 / 11))
    samples = random.multinomial(1_000, np.full(11, 1 / 11), size=2_000)
    above = np.mean([stability_index(before, now) > chance_limit(before, now) for now in samples])
    assert 0.03 < above < 0.07


@pytest.mark.parametrize(
    ("index", "limit", "expected"),
    [
        (0.05, 0.01, "none"),
        (0.1, 0.01, "moderate"),
        (0.25, 0.01, "large"),
        (0.3, 0.4, "none"),
        (None, None, "unknown"),
    ],
)
def test_levels(index: float | None, limit: float | None, expected: str) -> None:
    assert level(index, limit) == expected
