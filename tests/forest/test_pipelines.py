import json
import subprocess
import sys

import hypothesis
import numpy as np
import pandas as pd
import pytest
import skops.io as sio
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from steps.forest.grid import CLUSTER_FEATURES
from steps.forest.pipelines import (
    TRUSTED_TYPES,
    cluster_features,
    encoder,
    forest_pipeline,
    kmeans_pipeline,
    settings,
    with_classes,
)

NUMBERS = np.arange(12.0)
CODES = np.arange(12) % 3
MISSING = [None, np.nan, pd.NA]
BUILDERS = [forest_pipeline, kmeans_pipeline]


def fitted(build, rows, numeric=("x",), dates=(), categorical=("c",), max_categories=8, codes=CODES, **candidate):
    candidate = {"n_estimators": 5, **candidate}
    if build is kmeans_pipeline:
        candidate = {"n_clusters": 3, **candidate}
    unfitted = build(encoder(numeric, dates, categorical, max_categories), 0).set_params(**settings(candidate))
    return unfitted.fit(rows, codes)


def column(values, dtype=None):
    """A table of numbers `x` and the column `c`."""
    return pd.DataFrame({"x": NUMBERS[: len(values)], "c": pd.Series(values, dtype=dtype)})


def one_hot(pipeline, values, dtype=None):
    """What the encoder makes of the categorical column: for each row the position of its 1, or None."""
    encoded = pipeline["encode"].transform(column(values, dtype))[:, 1:]
    return [int(row.argmax()) if row.any() else None for row in encoded]


@pytest.mark.parametrize(("kind", "added"), [("distances", 3), ("label", 3), ("both", 6)])
def test_k_means_adds_as_many_features_as_clusters(kind, added):
    rows = column(["a", "b"] * 6)
    pipeline = fitted(kmeans_pipeline, rows, cluster_features=kind)
    features = pipeline[:-1].transform(rows)
    encoded = pipeline["encode"].transform(rows)
    assert encoded.shape == (12, 3)
    assert features.shape == (12, 3 + added)
    np.testing.assert_array_equal(features[:, :3], encoded)


def test_the_features_are_the_distances_to_the_centroids_and_the_nearest_one():
    rows = pd.DataFrame({"x": NUMBERS})
    pipeline = fitted(kmeans_pipeline, rows, categorical=(), cluster_features="both")
    centroids = dict(pipeline["features"].transformer_list)["clusters"]["kmeans"].cluster_centers_
    standardised = (NUMBERS - NUMBERS.mean()) / NUMBERS.std()
    distances = np.abs(standardised[:, None] - centroids[:, 0])
    features = pipeline[:-1].transform(rows)
    np.testing.assert_allclose(features[:, 1:4], distances, atol=1e-7)
    np.testing.assert_array_equal(features[:, 4:], np.eye(3)[distances.argmin(axis=1)])


def test_a_cluster_that_no_training_row_is_in_is_no_label():
    # New rows may be nearest to any centroid; a one-hot column exists for those seen in training.
    label = cluster_features("label").fit(np.array([[0.0, 1, 2], [2, 1, 0]]))
    np.testing.assert_array_equal(
        label.transform(np.array([[0.0, 1, 2], [1, 0, 2], [2, 1, 0]])), [[1, 0], [0, 0], [0, 1]]
    )


def test_settings_of_a_candidate():
    candidate = {"max_depth": None, "n_clusters": 4, "cluster_features": "distances"}
    assert settings(candidate) == {
        "forest__max_depth": None,
        "features__clusters__kmeans__n_clusters": 4,
        "features__clusters__add": "passthrough",
    }
    assert candidate["cluster_features"] == "distances"


@pytest.mark.parametrize("kind", CLUSTER_FEATURES)
def test_a_candidate_can_be_set_on_a_clone(kind):
    pipeline = clone(kmeans_pipeline(encoder(["x"], [], ["c"], 8), 7)).set_params(
        **settings({"n_estimators": 9, "n_clusters": 2, "cluster_features": kind})
    )
    parameters = pipeline.get_params()
    assert (parameters["forest__n_estimators"], parameters["forest__random_state"]) == (9, 7)
    assert parameters["features__clusters__kmeans__n_clusters"] == 2
    assert parameters["features__clusters__kmeans__random_state"] == 7


def test_an_unknown_kind_of_cluster_features():
    with pytest.raises(KeyError, match="nearest"):
        cluster_features("nearest")


# What a column may hold at training and at prediction.
TEXTS = ["a", "b", "c"] * 4
TEXTS_AND_MISSING = ["a", "b", None] * 4


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


DAYS = ["2024-02-29", "1999-12-31", None, "2024-03-03"] * 3
PARTS = [[2024, 2, 29, 3], [1999, 12, 31, 4], [2024, 3, 29, 4], [2024, 3, 3, 6]]
"""Year, month, day, weekday; a missing date's are the medians."""


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


@pytest.mark.parametrize("build", BUILDERS)
def test_only_the_named_columns_are_seen_in_any_order(build):
    rows = column(TEXTS_AND_MISSING, "str")
    pipeline = fitted(build, rows)
    asked = rows.assign(other=np.nan)[["other", "c", "x"]]
    np.testing.assert_array_equal(pipeline.predict_proba(asked), pipeline.predict_proba(rows))


@pytest.mark.parametrize("build", BUILDERS)
def test_equal_seeds_give_equal_forests(build):
    rows = column(TEXTS)
    first, second = (fitted(build, rows).predict_proba(rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)


# Models are saved and loaded without pickle.
LABELS = {
    "text": ["cat", "dog", "emu"],
    "unicode": ["", "é", "中文"],
    "integers": [-3, 7, 2**40],
    "whole floats": [1.0, 2.0, 3.0],
    "fractions": [0.1, 0.25, 1.5],
}


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_a_model_survives_skops(build, labels):
    survives(build, labels, CODES)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_model_of_booleans_survives_skops(build):
    survives(build, [False, True], CODES % 2)


@pytest.mark.parametrize("kind", CLUSTER_FEATURES)
def test_a_model_with_any_cluster_features_survives_skops(kind):
    survives(kmeans_pipeline, ["a", "b", "c"], CODES, cluster_features=kind)


def survives(build, labels, codes, **candidate):
    rows = column(TEXTS_AND_MISSING, "str").assign(d=pd.to_datetime(pd.Series(DAYS)))
    pipeline = with_classes(fitted(build, rows, dates=("d",), codes=codes, **candidate), np.array(labels))
    saved = sio.dumps(pipeline)
    assert set(sio.get_untrusted_types(data=saved)) <= set(TRUSTED_TYPES)
    loaded = sio.loads(saved, trusted=TRUSTED_TYPES)
    predicted = loaded.predict(rows)
    np.testing.assert_array_equal(predicted, pipeline.predict(rows))
    np.testing.assert_array_equal(loaded.predict_proba(rows), pipeline.predict_proba(rows))
    assert predicted.dtype == np.array(labels).dtype
    assert loaded.classes_.tolist() == labels
    asked = column([None, "unseen"], object).assign(d="2024-01-01")
    np.testing.assert_array_equal(loaded.predict_proba(asked), pipeline.predict_proba(asked))


def test_every_trusted_type_is_needed():
    rows = column(TEXTS).assign(d=pd.to_datetime(pd.Series(DAYS)))
    saved = sio.dumps(fitted(kmeans_pipeline, rows, dates=("d",), cluster_features="both"))
    assert sorted(sio.get_untrusted_types(data=saved)) == TRUSTED_TYPES


PREDICT = """
import importlib.util, json, sys
import pandas as pd
import skops.io

assert importlib.util.find_spec("steps") is None
model = skops.io.load("model.skops", trusted=json.loads(sys.argv[1]))
rows = pd.read_json("rows.json", lines=True)
print(json.dumps([model.predict(rows).tolist(), model.predict_proba(rows).tolist()]))
"""


@pytest.mark.parametrize("build", BUILDERS)
def test_a_model_answers_in_a_fresh_process_without_the_project(build, tmp_path):
    rows = column(TEXTS_AND_MISSING, "str").assign(d=DAYS)
    pipeline = with_classes(
        fitted(build, rows, dates=("d",), **({"cluster_features": "both"} if build is kmeans_pipeline else {})),
        np.array(["cat", "dog", "emu"]),
    )
    sio.dump(pipeline, tmp_path / "model.skops")
    rows.to_json(tmp_path / "rows.json", orient="records", lines=True)
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", PREDICT, json.dumps(TRUSTED_TYPES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [pipeline.predict(rows).tolist(), pipeline.predict_proba(rows).tolist()]
