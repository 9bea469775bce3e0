from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.clean import clean
from steps.table.conform import NO_LABEL, OTHER_LABEL, conform, label_codes, to_frame
from steps.table.schema import Column

DAY = dt.date(2024, 2, 29)
NUMBER = Column("x", "number", "numeric", "")
INTEGER = Column("x", "integer", "numeric", "")
CODE = Column("x", "integer", "categorical", "")
GAPPED_CODE = Column("x", "number", "categorical", "")
FLAG = Column("x", "boolean", "categorical", "")
NUMERIC_FLAG = Column("x", "boolean", "numeric", "")
WORD = Column("x", "text", "categorical", "")
DATE = Column("x", "date", "date", "")


def conformed(values: pa.Array | list, about: Column, **options: bool) -> list:
    column = pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)])
    given = {"decimal_comma": False, "source": "t.csv", "first_row": 1} | options
    return conform(column, about, **given).to_pylist()


@pytest.mark.parametrize(
    ("about", "texts", "values"),
    [
        (NUMBER, ["1", " 1.50 ", "1e3", "+2", ".5", "NA", "?", "", None, "inf"], [1, 1.5, 1e3, 2, 0.5] + [None] * 5),
        (INTEGER, ["7", "7.5", "007"], [7.0, 7.5, 7.0]),
        (CODE, ["7", "-3", "7.0", "NA", str(2**53 + 1)], [7, -3, 7, None, 2**53 + 1]),
        (GAPPED_CODE, ["7", "7.5", "inf"], [7.0, 7.5, None]),
        (FLAG, ["true", "FALSE", "NA", ""], [True, False, None, None]),
        (NUMERIC_FLAG, ["true", "FALSE", None], [1.0, 0.0, None]),
        (DATE, ["2024-02-29", "2024-03-01T01:30:00+02:00", "2024-02-29 10:00", "-"], [DAY, DAY, DAY, None]),
        (WORD, ["NA", " a ", "", "1", None], ["NA", " a ", None, "1", None]),
    ],
)
def test_text_is_read_as_the_type_of_training(about: Column, texts: list[str], values: list) -> None:
    assert conformed(texts, about) == values
    for text, value in zip(texts, values, strict=True):
        assert conformed(pa.array([text], pa.string()), about) == [value], "by itself as among others"


@pytest.mark.parametrize(
    ("about", "column", "values"),
    [
        (NUMBER, pa.array([1, None], pa.int32()), [1.0, None]),
        (NUMBER, pa.array([1.5, float("nan"), float("inf")], pa.float32()), [1.5, None, None]),
        (NUMBER, pa.array([decimal.Decimal("1.25")]), [1.25]),
        (NUMBER, pa.array([dt.timedelta(seconds=2)]), [2.0]),
        (CODE, pa.array([3.0, None, float("nan"), 1e15]), [3, None, None, 10**15]),
        (CODE, pa.array([2**53 + 1, None]), [2**53 + 1, None]),
        (FLAG, pa.array([True, None]), [True, None]),
        (DATE, pa.array([dt.datetime(2024, 2, 29, 23)]), [DAY]),
        (WORD, pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (WORD, pa.array([b"a"]), ["a"]),
        (WORD, pa.nulls(2), [None, None]),
        (FLAG, pa.nulls(1, pa.float64()), [None]),
    ],
)
def test_other_types_that_mean_the_same(about: Column, column: pa.Array, values: list) -> None:
    assert conformed(column, about) == values


@pytest.mark.parametrize(
    ("about", "column", "words"),
    [
        (
            NUMBER,
            ["1", "1,5"],
            "Got '1,5' in column 'x', row 12 of t.csv, expected numbers as in training",
        ),
        (NUMBER, ["1", "ten"], "'ten' in column 'x', row 12"),
        (NUMBER, ["1", "2024-02-29"], "'2024-02-29' in"),
        (CODE, ["1", "1.5"], "Got '1.5' .* expected integers as in training"),
        (CODE, [1.0, 1.5], "Got 1.5 in column 'x', row 12 of t.csv, expected integers"),
        (CODE, ["1", str(2**63)], "expected integers"),
        (FLAG, ["true", "1"], "Got '1' .* expected booleans as in training, written like true or false"),
        (DATE, ["2024-02-29", "29.02.2024"], "expected dates as in training, written like 2024-02-29"),
        (DATE, ["2024-02-29", "2024-02-30"], "'2024-02-30'"),
        (NUMBER, [True, False], "Got bool in column 'x' of t.csv, expected numbers"),
        (FLAG, [1, 0], "Got int64 in column 'x' of t.csv, expected booleans"),
        (WORD, [1, 0], "Got int64 in column 'x' of t.csv, expected text as in training"),
        (DATE, [1, 0], "expected dates"),
        (WORD, [DAY], "Got date32"),
        (NUMBER, [DAY], "Got date32"),
        (NUMBER, [[1.5]], "Got values of type list"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(about: Column, column: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        conformed(column, about, first_row=11)


def test_a_comma_is_decimal_only_where_semicolons_part_the_values() -> None:
    assert conformed(["1,5", "-,5", "2.5", "1,"], NUMBER, decimal_comma=True) == [1.5, -0.5, 2.5, 1.0]
    assert conformed(["3,0"], CODE, decimal_comma=True) == [3]


FEATURES = st.sampled_from([NUMBER, INTEGER, CODE, GAPPED_CODE, FLAG, NUMERIC_FLAG, WORD, DATE])
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str), st.floats().map(repr), st.sampled_from(["1.0", "2", "+3"])
)
TEXTS = st.one_of(
    st.sampled_from(["NA", "", "-", "nan", "Inf", "true", "False", "1,5", "2024-02-29", "2024-02-29T23:30:00-02:00"]),
    NUMBERS,
    st.text(max_size=3),
)


@given(FEATURES, st.lists(st.one_of(st.none(), TEXTS), max_size=8), st.booleans())
def test_neighbours_decide_nothing(about: Column, texts: list[str | None], comma: bool) -> None:
    def attempt(some: list) -> Any:
        try:
            return conformed(pa.array(some, pa.string()), about, decimal_comma=comma)
        except ValueError as error:
            assert str(error).startswith("Got ")
            return None

    together, alone = attempt(texts), [attempt([text]) for text in texts]
    expected = None if None in alone else [value for (value,) in alone]
    assert together == expected


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=8))
def test_what_was_read_as_numbers_in_training_is_read_as_the_same(numbers: list[float | None]) -> None:
    texts = pa.table({"x": pa.array([None if number is None else repr(number) for number in numbers], pa.string())})
    cleaned, _ = clean(texts)
    if not pa.types.is_string(cleaned["x"].type):
        found = conformed(texts["x"].combine_chunks(), NUMBER)
        assert found == cleaned["x"].cast(pa.float64(), safe=False).to_pylist()


def test_the_frame_keeps_large_codes_apart_beside_a_missing_one() -> None:
    frame = to_frame(
        {"x": pa.array([2**53 + 1, 2**53, None]), "y": pa.array([1.5, None, 2.0]), "z": pa.array(["a"] * 3)}
    )
    assert [frame["x"][0], frame["x"][1]] == [2**53 + 1, 2**53]
    assert pd.isna(frame["x"][2])
    assert frame["y"].dtype == np.float64


@pytest.mark.parametrize(
    ("kind", "labels", "values", "codes", "others"),
    [
        ("text", ["NA", "b"], pa.array(["b", "NA", "", None, "c", "c"]), [1, 0, -1, -1, -2, -2], {"c": 2}),
        ("integer", [1, 2], pa.array(["2", " 1", "1.0", "NA", "x", "3"]), [1, 0, 0, -1, -2, -2], {"x": 1, "3": 1}),
        ("integer", [1, 2], pa.array([2.0, float("nan"), 2.5]), [1, -1, -2], {"2.5": 1}),
        ("number", [1.5, 2.25], pa.array([2.25, None, 1.5], pa.float32()), [1, -1, 0], {}),
        ("boolean", [False, True], pa.array(["TRUE", "false", "?", "yes"]), [1, 0, -1, -2], {"yes": 1}),
        ("boolean", [False, True], pa.array([1, 0]), [-2, -2], {"1": 1, "0": 1}),
        ("integer", [0, 1], pa.array([True]), [-2], {"True": 1}),
        ("text", ["a"], pa.nulls(2), [-1, -1], {}),
    ],
)
def test_labels_as_codes(kind: str, labels: list, values: pa.Array, codes: list[int], others: dict) -> None:
    found, counts = label_codes(pa.chunked_array([values]), Column("y", kind, "target", ""), labels)
    assert (found.tolist(), counts) == (codes, others)
    assert (NO_LABEL, OTHER_LABEL) == (-1, -2)
