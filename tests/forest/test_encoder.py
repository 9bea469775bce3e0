import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline
from tests.forest.fitting import (
    BUILDERS,
    DAYS,
    MISSING,
    NUMBERS,
    PARTS,
    TEXTS_AND_MISSING,
    column,
    fitted,
    one_hot,
)

# What a column may hold at training and at prediction.


@pytest.mark.parametrize("dtype", ["str", "string", object, "category"])
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("then", ["str", "string", object, "category"])
def test_a_missing_text_is_a_category_however_it_is_written(dtype, missing, then):
    pipeline = fitted(forest_pipeline, column(TEXTS_AND_MISSING, dtype))
    assert one_hot(pipeline, ["b", missing, "a", "unseen"], then) == [1, 2, 0, None]
    assert one_hot(pipeline, [missing], then) == [2]


@pytest.mark.parametrize("missing", MISSING)
def test_however_missing_texts_are_written_in_training_they_are_one_category(missing):
    pipeline = fitted(forest_pipeline, column(["a", None, np.nan, pd.NA, missing, "b"] * 2, object))
    assert one_hot(pipeline, ["a", "b", None, np.nan, pd.NA], object) == [0, 1, 2, 2, 2]


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("then", [object, "boolean"])
def test_booleans_that_may_be_missing(missing, then):
    without = fitted(forest_pipeline, column([True, False] * 6))
    assert one_hot(without, [True, False, missing], then) == [1, 0, None]
    for dtype in (object, "boolean"):
        pipeline = fitted(forest_pipeline, column([True, False, None] * 4, dtype))
        assert one_hot(pipeline, [True, False, missing], then) == [1, 0, 2]
        assert one_hot(pipeline, [False, True], bool) == [0, 1]
        assert one_hot(pipeline, [missing], then) == [2]


@pytest.mark.parametrize("trained", ["int64", "float64", "Int64", object])
@pytest.mark.parametrize("then", ["int64", "float64", "Int64", object])
def test_integer_codes_are_the_same_categories_as_floats(trained, then):
    pipeline = fitted(forest_pipeline, column([7, 3, 10] * 4, trained))
    assert one_hot(pipeline, [3, 7, 10, 8], then) == [0, 1, 2, None]
    if then != "int64":
        assert one_hot(pipeline, [3, None], then) == [0, None]


@pytest.mark.parametrize("then", ["float64", "Int64", object])
def test_integer_codes_that_may_be_missing(then):
    pipeline = fitted(forest_pipeline, column([7.0, 3.0, np.nan] * 4))
    assert one_hot(pipeline, [3, None, 7], then) == [0, 2, 1]
    assert one_hot(pipeline, [None], then) == [2]


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("values", [[True], [1, 2], [0.5, np.nan], ["a"], [None]])
def test_a_column_that_was_missing_in_all_training_rows(build, values):
    # Rare values may all be in one fold: then the others are trained without.
    pipeline = fitted(build, column([None] * 12, object))
    assert one_hot(pipeline, values) == [None if pd.notna(value) else 0 for value in values]
    assert pipeline.predict(column(values)).shape == (len(values),)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", object])
def test_missing_numbers_are_the_training_median(build, dtype):
    rows = pd.DataFrame({"x": [1.0, 2, 9, np.nan] * 3})
    pipeline = fitted(build, rows, categorical=())
    asked = pd.DataFrame({"x": pd.Series([None, 9], dtype=dtype)})
    np.testing.assert_array_equal(pipeline["encode"].transform(asked), [[2], [9]])
    assert pipeline.predict(asked).shape == (2,)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (pd.array([None, 9], "Int64"), [2, 9]),
        (pd.array([None, 9], "Float64"), [2, 9]),
        (pd.Series([pd.NA, 9], dtype=object), [2, 9]),
        (pd.Series([None, np.nan], dtype=object), [2, 2]),
        (pd.Series([None, 9], dtype="int64[pyarrow]"), [2, 9]),
        ([np.inf, -np.inf], [2, 2]),
        ([True, False], [1, 0]),
        (["9", "1.5"], [9, 1.5]),
    ],
)
def test_numbers_are_understood_however_they_are_written(asked, seen):
    rows = pd.DataFrame({"x": [1.0, 2, 9, np.nan] * 3, "y": NUMBERS})
    pipeline = fitted(forest_pipeline, rows, numeric=("x", "y"), categorical=())
    encoded = pipeline["encode"].transform(pd.DataFrame({"x": asked, "y": [5, 6]}))
    np.testing.assert_array_equal(encoded, np.column_stack([seen, [5, 6]]))


@pytest.mark.parametrize("build", BUILDERS)
def test_numbers_beyond_float32_are_its_largest(build):
    rows = pd.DataFrame({"x": [*NUMBERS[:10], 1e300, -1e300]})
    pipeline = fitted(build, rows, categorical=())
    assert pipeline["encode"].transform(rows)[10:, 0].tolist() == [3.4028234663852886e38, -3.4028234663852886e38]
    assert pipeline.predict(rows).shape == (12,)


def test_text_that_is_no_number_is_refused():
    pipeline = fitted(forest_pipeline, pd.DataFrame({"x": NUMBERS}), categorical=())
    with pytest.raises(ValueError, match="could not convert string to float: 'many'"):
        pipeline.predict(pd.DataFrame({"x": ["many"]}))


@pytest.mark.parametrize("build", BUILDERS)
def test_a_number_that_is_missing_in_all_training_rows(build):
    rows = pd.DataFrame({"x": NUMBERS, "empty": np.nan})
    pipeline = fitted(build, rows, numeric=("x", "empty"), categorical=())
    asked = rows.assign(empty=5.0)
    assert pipeline["encode"].transform(asked).shape == (12, 2)
    assert pipeline.predict(asked).shape == (12,)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    "asked",
    [
        pd.Series(DAYS[:4]),
        pd.Series(DAYS[:4], dtype=object),
        pd.to_datetime(pd.Series(DAYS[:4])),
        pd.to_datetime(pd.Series(DAYS[:4])).dt.date,
        pd.to_datetime(pd.Series(DAYS[:4])).astype("datetime64[ms]"),
        (pd.to_datetime(pd.Series(DAYS[:4])) + pd.Timedelta(hours=9)).dt.tz_localize("Asia/Tokyo"),
        pd.Series(["2024-02-29 23:59", "1999-12-31T23:59:59.5Z", "", "2024-03-04T00:30:00+01:00"]),
    ],
    ids=lambda series: f"{series.dtype} {series[0]}",
)
def test_dates_become_their_parts_however_they_are_written(build, asked):
    days = pd.to_datetime(pd.Series(DAYS)).astype("datetime64[ms]")
    pipeline = fitted(build, pd.DataFrame({"d": days}), numeric=(), dates=("d",), categorical=())
    np.testing.assert_array_equal(pipeline["encode"].transform(pd.DataFrame({"d": asked})), PARTS)
    assert pipeline.predict(pd.DataFrame({"d": asked})).shape == (4,)


def test_a_date_that_is_missing_in_all_rows():
    none = pd.DataFrame({"d": pd.Series([None] * 12, dtype="datetime64[ms]"), "x": NUMBERS})
    pipeline = fitted(forest_pipeline, none, dates=("d",), categorical=())
    assert pipeline["encode"].transform(pd.DataFrame({"d": [None, "2024-02-29"], "x": [1, 2]})).shape == (2, 5)


def test_text_that_is_no_date_is_refused():
    days = pd.DataFrame({"d": pd.to_datetime(pd.Series(DAYS))})
    pipeline = fitted(forest_pipeline, days, numeric=(), dates=("d",), categorical=())
    with pytest.raises(ValueError, match=r"31\.12\.2024"):
        pipeline.predict(pd.DataFrame({"d": ["31.12.2024"]}))


def test_more_categories_than_allowed_share_one_column():
    common, rare = ["a"] * 6 + ["b"] * 4, ["c", "d"]
    pipeline = fitted(forest_pipeline, column(common + rare), max_categories=3)
    assert pipeline["encode"].transform(column(["a"])).shape == (1, 1 + 3)
    assert one_hot(pipeline, ["a", "b", "c", "d", "unseen"]) == [0, 1, 2, 2, 2]


@hypothesis.settings(deadline=None, max_examples=40)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=4, max_size=12),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=5),
    st.integers(2, 5),
)
def test_any_texts_are_encoded_in_bounded_width(texts, others, max_categories):
    encode = encoder(["x"], [], ["c"], max_categories).fit(column(texts, object))
    encoded = encode.transform(column(others, object))
    assert encoded.shape == (len(others), 1 + min(len(set(texts)), max_categories))
    assert (encoded[:, 1:].sum(axis=1) <= 1).all()
    known = [text in texts for text in others]
    assert (encoded[known, 1:].sum(axis=1) == 1).all()
