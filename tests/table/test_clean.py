import datetime as dt
import math
from decimal import Decimal

import pyarrow as pa
import pytest

from steps.table.clean import clean

INF, NAN = math.inf, math.nan


def cleaned(values, kind=None, **options):
    table, notes = clean(pa.table({"c": pa.array(values, kind)}), **options)
    assert table.column_names == ["c"]
    return table.column("c").to_pylist(), table.schema.field("c").type, notes


@pytest.mark.parametrize(
    ("values", "kind", "expected", "to"),
    [
        ([1, 2], pa.int8(), [1, 2], pa.int64()),
        ([1, 2], pa.uint64(), [1, 2], pa.int64()),
        ([1, None], pa.int64(), [1.0, None], pa.float64()),
        ([2**64 - 1], pa.uint64(), [2.0**64], pa.float64()),
        ([1.5, None], pa.float16(), [1.5, None], pa.float64()),
        ([1.5], pa.float32(), [1.5], pa.float64()),
        ([Decimal("3"), Decimal("4")], pa.decimal128(5, 0), [3, 4], pa.int64()),
        ([Decimal("1.10"), None], pa.decimal128(5, 2), [1.1, None], pa.float64()),
        ([NAN, 1.0], pa.float64(), [None, 1.0], pa.float64()),
        ([True, None], pa.bool_(), [True, None], pa.bool_()),
        (["a", "", None], pa.string(), ["a", None, None], pa.string()),
        (["a"], pa.large_string(), ["a"], pa.string()),
        (["a"], pa.string_view(), ["a"], pa.string()),
        (["é".encode()], pa.binary(), ["é"], pa.string()),
        ([b"ab"], pa.binary(2), ["ab"], pa.string()),
        (["a", "b", "a"], pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"], pa.string()),
        ([1, 2], pa.dictionary(pa.int8(), pa.int64()), [1, 2], pa.int64()),
        ([None, None], pa.null(), [None, None], pa.float64()),
        (["", None], pa.string(), [None, None], pa.float64()),
        ([dt.time(0, 1, 0, 500_000)], pa.time64("us"), [60.5], pa.float64()),
        ([dt.time(1), None], pa.time32("s"), [3600.0, None], pa.float64()),
        ([dt.timedelta(seconds=1.5)], pa.duration("ms"), [1.5], pa.float64()),
        (["true", "False", None], pa.string(), [True, False, None], pa.bool_()),
        (["1", " 2", "+3"], pa.string(), [1, 2, 3], pa.int64()),
        (["1.5", "2", None], pa.string(), [1.5, 2.0, None], pa.float64()),
        (["007", "8"], pa.string(), ["007", "8"], pa.string()),
        (["?", "NA"], pa.string(), ["?", "NA"], pa.string()),
        (["nan", "inf"], pa.string(), ["nan", "inf"], pa.string()),
        (["nan", "inf", "a"], pa.string(), ["nan", "inf", "a"], pa.string()),
        (["0x1F"], pa.string(), ["0x1F"], pa.string()),
        (["٣", "1"], pa.string(), ["٣", "1"], pa.string()),
    ],
)
def test_types(values, kind, expected, to):
    found, found_type, _ = cleaned(values, kind)
    assert (found, found_type) == (expected, to)


def test_negative_zero_becomes_zero():
    (value, *_), _, notes = cleaned([-0.0, 1.0])
    assert math.copysign(1, value) == 1
    assert notes == []


def test_infinities_become_missing_with_a_note():
    assert cleaned([INF, -INF, NAN, 1.0]) == (
        [None, None, None, 1.0],
        pa.float64(),
        ["Column 'c': 2 infinite values became missing."],
    )


def test_infinite_text_among_numbers():
    values, kind, notes = cleaned(["1e400", "-inf", "1"])
    assert (values, kind) == ([None, None, 1.0], pa.float64())
    assert notes == ["Column 'c': 2 infinite values became missing."]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**64 - 1], pa.uint64()),
        ([2**53 + 1, None], pa.int64()),
        (["99999999999999999999", "1"], pa.string()),
        (["9007199254740993", "?"], pa.string()),
    ],
)
def test_lost_digits_are_noted(values, kind):
    _, to, notes = cleaned(values, kind)
    assert to == pa.float64()
    assert notes[-1] == "Column 'c': its integers beyond 2**53 lost digits as floating-point numbers."


@pytest.mark.parametrize(
    ("values", "expected", "notation"),
    [
        (["1,000", "2,500", "3"], [1000, 2500, 3], "read commas as thousands separators"),
        (["1,234,567.5", "3"], [1234567.5, 3.0], "read commas as thousands separators"),
        (["1,5", "2"], [1.5, 2.0], "read commas as decimal commas and dots as thousands separators"),
        (["1.234,5", "2,25"], [1234.5, 2.25], "read commas as decimal commas and dots as thousands separators"),
        (["0,500", "1,500"], [0.5, 1.5], "read commas as decimal commas and dots as thousands separators"),
    ],
)
def test_separators(values, expected, notation):
    assert cleaned(values)[0] == expected
    assert cleaned(values)[2] == [f"Column 'c': {notation}."]


def test_separators_that_contradict_each_other_stay_text():
    assert cleaned(["1,234.5", "1.234,5"]) == (["1,234.5", "1.234,5"], pa.string(), [])


def test_markers_of_missing_values_become_missing_with_a_note():
    values, kind, notes = cleaned(["1", "?", "NA", " ", "?", "2.5"])
    assert (values, kind) == ([1.0, None, None, None, None, 2.5], pa.float64())
    assert notes == [
        "Column 'c': read '?' (2×), 'NA' (1×), '' (1×) as missing, as all other values are numbers or dates."
    ]


@pytest.mark.parametrize(
    "marker", ["?", "-", "--", ".", "NA", "N/A", "n/a", "#N/A", "nan", "NaN", "null", "NULL", "None", "none"]
)
def test_every_marker(marker):
    assert cleaned(["1", marker])[0] == [1.0, None]


def test_a_few_texts_among_numbers_are_shown():
    values = [str(number) for number in range(95)] + ["a", "b", "c", "d", "?"]
    found, kind, notes = cleaned(values)
    assert (found, kind) == (values, pa.string())
    assert notes == [
        "Column 'c' stays text, though 95 of its 99 values are numbers: 4 are in the way, such as 'a', 'b', 'c'."
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([*map(str, range(1, 30)), "007"], "29 of its 30 values are numbers: 1 is in the way, such as '007'."),
        (["2024-01-31"] * 20 + ["soon"], "20 of its 21 values are dates: 1 is in the way, such as 'soon'."),
        (["2024-02-01"] * 19 + ["2024-02-30"], "19 of its 20 values are dates: 1 is in the way, such as '2024-02-30'."),
        (["2024-02-01", "2024-02-01T00:00Z"], "some of its dates name a time zone and some do not"),
        (["31/05/2020", "01.06.2020"], "such as '31/05/2020' look like dates; write them as 2024-02-29"),
        (["12%", "7 %"], "such as '12%' look like numbers with a sign"),
        (["$1,000", "€ 7.5"], "such as '$1,000' look like numbers with a sign"),
    ],
)
def test_what_keeps_a_column_from_being_numbers_or_dates_is_said(values, words):
    found, kind, notes = cleaned(values)
    assert (found, kind) == (values, pa.string())
    (note,) = notes
    assert words in note


@pytest.mark.parametrize("values", [["007", "012"], ["a", "b"], ["1.2.3", "4.5.6.7"], ["1.2.0", "123-45-0000"]])
def test_codes_and_words_are_not_worth_a_note(values):
    assert cleaned(values) == (values, pa.string(), [])


def test_a_date_of_the_year_one_is_a_date():
    assert cleaned(["0001-01-01", "2024-02-29"])[1] == pa.date32()


def test_many_texts_among_numbers_are_not_worth_a_note():
    assert cleaned(["1", "2", "a"]) == (["1", "2", "a"], pa.string(), [])


def test_chunks_of_different_content():
    column = pa.chunked_array([["1", None], [], ["?"], ["2"]], pa.string())
    table, _ = clean(pa.table({"c": column}))
    assert table.column("c").to_pylist() == [1.0, None, None, 2.0]


# Dates

DAY = dt.date(2024, 2, 29)
MOMENT = dt.datetime(2024, 2, 29, 23, 59)


@pytest.mark.parametrize(
    ("column", "has_time"),
    [
        (pa.array([DAY, None], pa.date32()), False),
        (pa.array([DAY, None], pa.date64()), False),
        (pa.array([MOMENT, None], pa.timestamp("ns")), True),
        (pa.array([MOMENT, None], pa.timestamp("s", "UTC")), True),
        (pa.array([MOMENT, None], pa.timestamp("us", "Asia/Tokyo")), True),
        (pa.array([dt.datetime(2024, 2, 29), None], pa.timestamp("ms")), False),
        (pa.array(["2024-02-29", None]), False),
        (pa.array(["2024-02-29 23:59", None]), True),
        (pa.array(["2024-02-29T23:59:59.123456789Z", None]), True),
        (pa.array(["2024-03-01T00:30:00+01:00", None]), True),
    ],
    ids=str,
)
def test_moments_become_dates(column, has_time):
    table, notes = clean(pa.table({"a": [1, 2], "d": column}))
    assert table.column("d").type == pa.date32()
    assert table.to_pydict() == {"a": [1, 2], "d": [DAY, None]}
    assert notes == ["Column 'd': only the dates of its moments are used, not the times of day."] * has_time


def test_dates_before_1970_and_far_ones():
    column = pa.array([dt.datetime(1969, 12, 31, 23), dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 12)])
    table, _ = clean(pa.table({"d": column}))
    assert table["d"].to_pylist() == [dt.date(1969, 12, 31), dt.date(1, 1, 1), dt.date(9999, 12, 31)]


@pytest.mark.parametrize("text", ["2024-02-30", "29.02.2024", "2024", "2024-2-9"])
def test_other_texts_are_no_dates(text):
    assert clean(pa.table({"d": [text, "x"]}))[0].to_pydict() == {"d": [text, "x"]}


# The target


@pytest.mark.parametrize(
    ("values", "kind", "expected", "to"),
    [
        (["NA", "None", "?", "1"], pa.string(), ["NA", "None", "?", "1"], pa.string()),
        (["1", "2", None], pa.string(), [1, 2, None], pa.int64()),
        (["1,5", "2"], pa.string(), ["1,5", "2"], pa.string()),
        (["inf", "1"], pa.string(), ["inf", "1"], pa.string()),
        (["1e400", "1"], pa.string(), ["1e400", "1"], pa.string()),
        (["99999999999999999999", "1"], pa.string(), ["99999999999999999999", "1"], pa.string()),
        ([1, None], pa.int64(), [1, None], pa.int64()),
        ([DAY], pa.date32(), ["2024-02-29"], pa.string()),
        (["2024-02-29"], pa.string(), ["2024-02-29"], pa.string()),
        ([True, None], pa.bool_(), [True, None], pa.bool_()),
        (["", "a"], pa.string(), [None, "a"], pa.string()),
    ],
)
def test_labels_stay_what_they_are(values, kind, expected, to):
    assert cleaned(values, kind, keep="c") == (expected, to, [])


# Refused


@pytest.mark.parametrize(
    "column",
    [pa.array([[1]]), pa.array([{"x": 1}]), pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))],
    ids=str,
)
def test_nested_types_are_refused(column):
    with pytest.raises(ValueError, match=r"Got values of type .* in column 'c', expected one number"):
        clean(pa.table({"c": column}))


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match="Got bytes that are not UTF-8 text in column 'c'"):
        clean(pa.table({"c": pa.array([b"\xff"])}))


def test_the_raw_table_is_not_changed():
    raw = pa.table({"a": [1.0, INF], "b": ["1", "?"]})
    clean(raw)
    assert raw.to_pydict() == {"a": [1.0, INF], "b": ["1", "?"]}


def test_a_table_without_rows():
    empty = pa.table({"a": pa.array([], pa.float64()), "b": pa.array([], pa.string())})
    assert clean(empty)[0].num_rows == 0
