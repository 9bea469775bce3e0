import datetime as dt
import json

import pyarrow as pa
import pytest

from steps.table.schema import Column, Schema, infer_schema

N = 30
LABELS = ["yes", "no"] * (N // 2)


def infer(columns, *, target="y", max_categories=20, **options):
    table = pa.table({"y": LABELS, **columns} if target == "y" and "y" not in columns else columns)
    return infer_schema(table, target=target, max_categories=max_categories, **options)


def role(values, name="c", **options):
    schema, notes = infer({name: values, "other": [0.5, 1.5] * (N // 2)}, **options)
    column = next(column for column in schema.columns if column.name == name)
    return column.role, column.reason, notes


def refused(columns, message, **options):
    with pytest.raises(ValueError, match=message) as caught:
        infer(columns, **options)
    assert "\n" not in str(caught.value)


def test_roles_types_and_reasons():
    schema, notes = infer(
        {"i": [1, 2, 3] * 10, "f": [0.5, 1.5] * 15, "b": [True, False] * 15, "t": ["a", "b"] * 15}, drop=["f"]
    )
    assert schema == Schema(
        (
            Column("y", "text", "target", "named as target"),
            Column("i", "integer", "numeric", "its values are integers"),
            Column("f", "number", "dropped", "named in drop"),
            Column("b", "boolean", "categorical", "its values are booleans"),
            Column("t", "text", "categorical", "its values are text"),
        )
    )
    assert notes == ["Column 'f' is left out: named in drop."]
    assert schema.target == "y"
    assert schema.numeric == ["i"]
    assert schema.categorical == ["b", "t"]
    assert schema.features == ["i", "b", "t"]
    assert [column.name for column in schema.dropped] == ["f"]
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("c", [1] * N, "it is constant"),
        ("c", ["x"] * N, "it is constant"),
        ("c", [None, *[1.0] * (N - 1)], "it is constant"),
        ("c", pa.nulls(N, pa.float64()), "all its values are missing"),
        ("c", [f"user {i}" for i in range(N)], "it is an identifier (30 distinct texts in 30 rows)"),
        ("c", list(range(1000, 1000 + N)), "it is an identifier (30 distinct integers in 30 rows)"),
        *(
            (name, [i * 1000 for i in range(N)], "it is an identifier (30 distinct integers in 30 rows)")
            for name in ("id", "ID", "customer_id", "customerId", "row no", "Index", "order-nr", "UUID", "key2")
        ),
    ],
)
def test_columns_that_are_left_out(name, values, reason):
    assert role(values, name) == ("dropped", reason, [f"Column {name!r} is left out: {reason}."])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("c", [i * 1000 for i in range(N)], "numeric"),
        ("paid", [i * 1000 for i in range(N)], "numeric"),
        ("casino", [i * 1000 for i in range(N)], "numeric"),
        ("id", [i + 0.5 for i in range(N)], "numeric"),
        ("id", [1, 2, 3] * 10, "numeric"),
        ("c", [None, *["x"] * (N - 1)], "categorical"),
        ("c", [None] * 15 + [f"user {i}" for i in range(15)], "categorical"),
    ],
)
def test_columns_that_are_kept(name, values, expected):
    assert role(values, name)[0] == expected


def test_few_rows_have_no_identifiers():
    schema, notes = infer({"y": ["a", "b"] * 10, "id": list(range(20)), "t": [f"t{i}" for i in range(20)]})
    assert schema.features == ["id", "t"]
    assert notes == []


def test_too_many_texts():
    rows = 240_000
    texts = [f"t{i % 110_000}" for i in range(rows)]
    schema, _ = infer({"y": ["a", "b"] * (rows // 2), "t": texts, "f": [0.5, 1.5] * (rows // 2)})
    assert schema.dropped[0].reason == "it has 110000 distinct texts, more than 100000"


def test_many_categories_are_kept_with_a_note():
    values = [f"c{i % 5}" for i in range(N)]
    assert role(values, max_categories=5)[2] == []
    assert role(values, max_categories=4) == (
        "categorical",
        "its values are text",
        [
            "Column 'c' has 5 distinct values: they become max_categories=4 groups, "
            "one of them all but the most frequent."
        ],
    )


@pytest.mark.parametrize(
    ("values", "option", "expected"),
    [
        (list(range(N)), "numeric", "numeric"),
        ([1] * N, "numeric", "numeric"),
        ([True, False] * 15, "numeric", "numeric"),
        ([1, 2, 3] * 10, "categorical", "categorical"),
        ([f"user {i}" for i in range(N)], "categorical", "categorical"),
        (pa.nulls(N, pa.float64()), "numeric", "dropped"),
    ],
)
def test_roles_can_be_given(values, option, expected):
    assert role(values, **{option: ["c"]})[0] == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "x"] * 15, "Got text in column 'c', named in numeric, expected numbers: 'x' is in the way"),
        (["007", "012", "8"] * 10, "expected numbers: '007', '012' are in the way"),
    ],
)
def test_text_cannot_be_numeric(values, message):
    refused({"c": values}, message, numeric=["c"])


DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(N)]


@pytest.mark.parametrize("options", [{}, {"numeric": ["c"]}])
def test_dates_are_a_role_of_their_own_and_no_identifiers(options):
    table = pa.table({"y": LABELS, "c": pa.array(DAYS)})
    schema, notes = infer_schema(table, target="y", max_categories=20, **options)
    assert (schema.numeric, schema.dates, schema.categorical, notes) == ([], ["c"], [], [])
    assert schema.features == ["c"]


@pytest.mark.parametrize("days", [[DAYS[0]] * N, [DAYS[0], None] * (N // 2)])
def test_a_constant_date_is_left_out(days):
    schema, _ = infer_schema(
        pa.table({"y": LABELS, "c": pa.array(days), "x": [1, 2, 3] * 10}), target="y", max_categories=9
    )
    assert [column.reason for column in schema.dropped] == ["it is constant"]


def test_dates_cannot_be_categorical():
    refused({"c": DAYS}, "Got dates in column 'c', named in categorical", categorical=["c"])


# Names


@pytest.mark.parametrize("option", ["drop", "categorical", "numeric"])
def test_unknown_names_are_refused_with_the_nearest(option):
    refused(
        {"height": [1, 2] * 15},
        f"Got {option}=hieght, which is no column, .*: did you mean 'height'",
        **{option: ["hieght"]},
    )


def test_an_unknown_target_is_refused_with_the_nearest():
    refused({"Species": LABELS, "x": [1, 2] * 15}, "Got target=species.*did you mean 'Species'", target="species")


def test_an_unknown_name_like_no_other_lists_the_columns():
    refused({"a": [1, 2] * 15}, "Got drop=zzzzzz.*the table has 'y', 'a'", drop=["zzzzzz"])


def test_a_missing_header_line_is_suspected():
    refused({"5.1": [1, 2] * 15, "setosa": LABELS}, "the header line seems to be missing", target="species")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["y"]}, "Got column 'y' both as target and in drop"),
        ({"numeric": ["y"]}, "Got column 'y' both as target and in numeric"),
        ({"drop": ["a"], "numeric": ["a"]}, "Got column 'a' both as drop and in numeric"),
    ],
)
def test_one_role_a_column(options, message):
    refused({"a": [1, 2] * 15}, message, **options)


def test_a_name_may_be_repeated_within_an_option():
    schema, _ = infer({"a": [1, 2] * 15, "b": [1, 2] * 15}, drop=["a", "a"])
    assert schema.features == ["b"]


# Target


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (pa.nulls(N, pa.string()), "Got a target 'y' whose values are all missing"),
        (["a"] * N, "Got only the class 'a' in the target 'y', expected at least two"),
        ([None, *["a"] * (N - 1)], "Got only the class 'a'"),
        ([i + 0.5 for i in range(N)], "Got 30 distinct numbers in 30 rows of the target 'y'.*Grove classifies"),
        ([float(i) for i in range(N)], "Grove classifies"),
        (list(range(N)), "Grove classifies"),
        ([f"t{i}" for i in range(N)], "Got 30 distinct texts in 30 rows.*Grove classifies"),
    ],
)
def test_targets_that_cannot_be_classified(target, message):
    refused({"y": target, "x": [1, 2, 3] * 10}, message)


@pytest.mark.parametrize(
    "target",
    [[0, 1] * 15, [0.5, 1.5] * 15, [True, False] * 15, [None, 1.0, 2.0] * 10, [f"t{i // 2}" for i in range(N)]],
)
def test_targets_that_can_be_classified(target):
    assert infer({"y": target, "x": [1, 2, 3] * 10})[0].target == "y"


def test_fractions_with_many_distinct_values_are_measured_though_they_repeat():
    refused({"y": [i / 2 for i in range(25)] * 4, "x": [1, 2] * 50}, "Grove classifies")


def test_no_feature_left():
    refused({"a": [1] * N}, "Got no feature beside the target 'y', .*: 'a' it is constant")
    refused({}, "Got no feature beside the target 'y', .*: there is none")
