from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.difference import TOLERANCE, Difference, shown, table_differences, value_differences

NAN, INF = float("nan"), float("inf")
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=9,
)


@pytest.mark.parametrize(
    ("recorded", "repeated", "expected"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": NAN, "b": INF, "c": None}, {"c": None, "b": INF, "a": NAN}, []),
        ({"a": 0.5}, {"a": 0.50000025}, [Difference("a: 0.5 became 0.5000003", 2.5e-7, exact=False)]),
        ({"a": 0.81}, {"a": 0.8}, [Difference("a: 0.81 became 0.8", 0.01, exact=False)]),
        ({"a": 200.0}, {"a": -200.0}, [Difference("a: 200 became -200", 2.0, exact=False)]),
        ({"a": 1.7e308}, {"a": -1.7e308}, [Difference("a: 1.7e+308 became -1.7e+308", 2.0, exact=False)]),
        ({"seed": 4000000}, {"seed": 4000001}, [Difference("seed: 4000000 became 4000001", 1 / 4000001)]),
        ({"a": 1.0}, {"a": True}, [Difference("a: 1.0 became true")]),
        ({"a": 1.0}, {"a": NAN}, [Difference("a: 1 became nan")]),
        ({"a": INF}, {"a": -INF}, [Difference("a: inf became -inf")]),
        ({"a": None}, {"a": 0.5}, [Difference("a: nothing became 0.5")]),
        ({"a": "x"}, {"a": ""}, [Difference("a: x became ''")]),
        ({"a": "5"}, {"a": 5}, [Difference("a: '5' became 5")]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [Difference("a.b[1]: 2 became 3", 1 / 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [Difference("a: 1 item became 2")]),
        ({"a": [1]}, {"a": {"b": 1}}, [Difference('a: [1] became {"b": 1}')]),
        ({"a": 1, "b": 2}, {"c": 3, "a": 1}, [Difference("b is missing"), Difference("c is new")]),
        ({"digest": {"a": "x"}}, {"digest": {"a": "y"}}, [Difference("digest differs", exact=False)]),
        ({"digest": "x"}, {}, [Difference("digest is missing")]),
    ],
)
def test_values_that_differ(recorded: Any, repeated: Any, expected: list[Difference]) -> None:
    found = list(value_differences(recorded, repeated, derived={"digest"}))
    assert [(one.what, one.exact) for one in found] == [(one.what, one.exact) for one in expected]
    assert [one.size for one in found] == pytest.approx([one.size for one in expected])


@given(VALUES)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert not list(value_differences(value, value))


@given(VALUES, VALUES)
def test_it_does_not_matter_which_of_two_values_is_the_recorded_one(one: Any, other: Any) -> None:
    there, back = (list(value_differences(*pair)) for pair in ((one, other), (other, one)))
    assert sorted((found.size, found.exact) for found in there) == sorted((found.size, found.exact) for found in back)


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1.0), st.sampled_from([-1, 1]))
def test_numbers_of_a_value_and_of_a_table_diverge_beyond_the_tolerance(number: float, share: float, sign: int) -> None:
    changed = number + sign * share * max(1.0, abs(number))
    size = abs(changed - number) / max(1.0, abs(number), abs(changed))
    for found in (
        list(value_differences(number, changed, "x")),
        list(table_differences(pa.table({"x": [0.0, number]}), pa.table({"x": [0.0, changed]}))),
    ):
        assert [one.size for one in found] == ([pytest.approx(size)] if changed != number else [])
        assert [one.diverges for one in found] == [size > TOLERANCE] * len(found)


@pytest.mark.parametrize(
    ("recorded", "repeated", "expected"),
    [
        (["a", None], ["a", None], None),
        ([1.5, NAN, None], [1.5, NAN, None], None),
        (["PP", "PP", "DM"], ["PP", "DM", "PP"], "x in row 2: PP became DM (2 of 3 rows differ)"),
        (["PP", None], ["PP", "PP"], "x in row 2: nothing became PP (1 of 2 rows differ)"),
        ([1.5, 2.5], [1.5, None], "x in row 2: 2.5 became nothing (1 of 2 rows differ)"),
        ([1.5, NAN], [1.5, None], "x in row 2: nan became nothing (1 of 2 rows differ)"),
        ([1.5, NAN], [1.5, 2.0], "x in row 2: nan became 2 (1 of 2 rows differ)"),
        ([1.5, INF], [1.5, -INF], "x in row 2: inf became -inf (1 of 2 rows differ)"),
        ([2**60, None], [2**60 + 1, None], f"x in row 1: {2**60} became {2**60 + 1} (1 of 2 rows differ)"),
        ([True, False], [True, True], "x in row 2: false became true (1 of 2 rows differ)"),
        ([1.0, 2.0], [1.0 + 1e-9, 2.5], "x in row 2: 2 became 2.5 (1 of 2 rows differ)"),
        (
            [datetime.date(2024, 1, 31)],
            [datetime.date(2024, 2, 1)],
            "x in row 1: 2024-01-31 became 2024-02-01 (1 of 1 row differ)",
        ),
        ([1.5, 2.5], [1.5], "1 row fewer"),
        ([1.5], [1.5, 2.5, 3.5], "2 rows more"),
        ([1, 2], [1.0, 2.0], "column x: type int64 became double"),
    ],
)
def test_tables_that_differ(recorded: list[Any], repeated: list[Any], expected: str | None) -> None:
    found = list(table_differences(pa.table({"x": recorded}), pa.table({"x": repeated})))
    assert [one.what for one in found] == ([expected] if expected else [])
    assert all(one.diverges for one in found)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": [1]}, "column y is missing"),
        ({"x": [1], "y": [2], "z": [3]}, "column z is new"),
        ({"y": [2], "x": [1]}, "columns in another order: y where x was"),
    ],
)
def test_columns_that_differ(columns: dict[str, list[int]], expected: str) -> None:
    found = list(table_differences(pa.table({"x": [1], "y": [2]}), pa.table(columns)))
    assert found == [Difference(expected)]


def test_within_tolerance_the_largest_difference_of_a_column_is_named() -> None:
    recorded = pa.table({"x": [1.0, 2.0, 3.0], "y": [1.0, 1.0, 1.0]})
    repeated = pa.table({"x": [1.0 + 1e-9, 2.0 + 1e-7, 3.0], "y": [1.0, 1.0, 1.0]})
    (found,) = table_differences(recorded, repeated)
    assert found.what == "x in row 2: 2 became 2.0000001 (2 of 3 rows differ)"
    assert found.size == pytest.approx(5e-8)
    assert not found.diverges


def test_tables_without_rows_and_of_other_chunks_are_the_same() -> None:
    empty = pa.table({"x": pa.array([], pa.float64()), "t": pa.array([], pa.string())})
    assert not list(table_differences(empty, empty.slice(0)))
    whole = pa.table({"x": [NAN, 2.0, None], "t": ["a", None, "c"]})
    parts = pa.Table.from_batches(whole.to_batches(max_chunksize=2))
    assert not list(table_differences(whole, parts))


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(LEAVES, LEAVES)
def test_what_differs_is_shown_shortly_and_differently(one: Any, other: Any) -> None:
    texts = shown(one, other)
    assert all(len(text) <= 70 and text.isprintable() for text in texts)
    if list(value_differences(one, other)):
        assert texts[0] != texts[1]


def test_a_long_text_is_shown_from_where_it_differs() -> None:
    texts = shown("a" * 500 + "b" + "c" * 500, "a" * 500 + "d" + "c" * 500)
    assert texts == ("…" + "a" * 20 + "b" + "c" * 39 + "…", "…" + "a" * 20 + "d" + "c" * 39 + "…")
