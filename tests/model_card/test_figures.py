from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from steps.model_card.claims import COUNT, NUMBER, SHARE, Fact
from steps.model_card.figures import Figure, spoken


def _is(text: str, value: float, unit: str = NUMBER, *, percent: bool = False) -> bool:
    fact = Fact(frozenset(), frozenset(), value=value, unit=unit)
    return Figure(text, Decimal(text), percent).is_of(fact)


@given(st.floats(-1e6, 1e6))
@example(0.99999999)
@example(-0.0)
@example(5e-324)
@example(1 - 1e-16)
def test_what_is_spoken_is_the_figure_and_no_other(value) -> None:
    assert _is(spoken(value), value)
    assert not _is(spoken(value + 1), value)
    assert value == 0 or not _is(spoken(-value), value)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("0.77", 0.7678, True),
        ("0.768", 0.7678, True),
        ("0.7678", 0.7678, True),
        ("0.76780", 0.7678, True),
        ("0.767", 0.7678, False),
        ("0.8", 0.7678, False),
        ("0.8", 0.8, True),
        ("1", 0.9999, False),
        ("1.000", 0.9999, False),
        ("0.00", 0.0012, False),
        ("0.001", 0.0012, False),
        ("0.0012", 0.0012, True),
        ("1.2e-3", 0.0012, True),
        ("-0.7678", 0.7678, False),
        ("2.5", 2.45, True),
        ("2.4", 2.45, True),
    ],
)
def test_a_number_is_equal_after_the_rounding_shown(text, value, holds) -> None:
    assert _is(text, value) is holds


@pytest.mark.parametrize(
    ("text", "value", "unit", "holds"),
    [
        ("76.8", 0.7678, SHARE, True),
        ("77", 0.7678, SHARE, True),
        ("76", 0.7678, SHARE, False),
        ("100", 0.9999, SHARE, False),
        ("100", 1.0, SHARE, True),
        ("0", 0.0, SHARE, True),
        ("0.77", 0.7678, SHARE, False),
        ("76.8", 0.7678, NUMBER, False),
        ("50", 50, COUNT, False),
    ],
)
def test_only_shares_are_said_in_percent(text, value, unit, holds) -> None:
    assert _is(text, value, unit, percent=True) is holds


@pytest.mark.parametrize(("text", "holds"), [("27005", True), ("27005.0", False), ("27000", False), ("2.7e4", False)])
def test_a_count_is_exact(text, holds) -> None:
    assert _is(text, 27005, COUNT) is holds
