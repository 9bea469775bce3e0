from __future__ import annotations

import io
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from tests import tables
from tests.inference.models import TARGETS, arrow, model_of, scorer_of, trained

NAMES = [*TARGETS]


@cache
def raw(name: str) -> pa.Table:
    return arrow(getattr(tables, name)())


def as_text(table: pa.Table) -> pa.Table:
    written = io.BytesIO()
    csv.write_csv(table, written)
    texts = csv.ConvertOptions(column_types=dict.fromkeys(table.column_names, pa.string()), strings_can_be_null=True)
    texts.null_values = [""]
    return csv.read_csv(io.BytesIO(written.getvalue()), convert_options=texts)


@pytest.mark.parametrize("name", NAMES)
def test_the_predictions_are_those_of_the_model(name: str) -> None:
    model, frame = model_of(name), getattr(tables, name)()
    scored = scorer_of(model, raw(name)).score(raw(name), 1)
    features = frame[[feature.name for feature in model.features]]
    if name == "dates":  # which were cleaned in training: a day is what it is in UTC
        features = features.assign(moment=features["moment"].dt.tz_convert("UTC").dt.floor("D").dt.tz_localize(None))
    assert scored.rows["prediction"].to_pylist() == model.pipeline.predict(features).tolist()
    np.testing.assert_array_equal(scored.probabilities, model.pipeline.predict_proba(features))
    assert scored.rows.select(frame.columns.tolist()).equals(raw(name)), "columns are carried along as they were"


@cache
def all_probabilities(name: str, kmeans: bool) -> np.ndarray:
    return scorer_of(model_of(name, kmeans=kmeans), raw(name)).score(raw(name), 1).probabilities


@pytest.mark.parametrize("kmeans", [False, True])
@settings(deadline=None)  # as models are fitted on the way
@given(
    name=st.sampled_from(NAMES),
    places=st.lists(st.integers(0, 299), min_size=1, max_size=30),
    size=st.integers(1, 7),
    text=st.booleans(),
)
def test_equal_rows_get_equal_predictions(name: str, places: list[int], size: int, text: bool, kmeans: bool) -> None:
    """Whatever the size of the batch, the format and the other rows."""
    drawn = raw(name).take(places)
    if text:
        drawn = as_text(drawn)
    scorer = scorer_of(model_of(name, kmeans=kmeans), drawn, is_text=text)
    starts = range(0, len(places), size)
    found = np.vstack([scorer.score(drawn.slice(start, size), start + 1).probabilities for start in starts])
    np.testing.assert_array_equal(found, all_probabilities(name, kmeans)[places])


def test_the_name_of_each_column_and_its_type() -> None:
    table = raw("many_classes").slice(0, 3)
    scorer = scorer_of(model_of("many_classes"), table)
    names = ["x", "y", "label", "prediction", *(f"probability_{code}" for code in range(60))]
    assert scorer.schema.names == names
    assert scorer.schema == scorer.score(table, 1).rows.schema
    assert scorer.schema.field("prediction").type == pa.int64()
    flags = raw("numeric_binary").slice(0, 3)
    assert scorer_of(model_of("numeric_binary"), flags).schema.names[-3:] == [
        "prediction",
        "probability_False",
        "probability_True",
    ]


def test_text_becomes_typed_where_the_output_has_types() -> None:
    table = as_text(raw("dates"))
    rows = scorer_of(model_of("dates"), table, is_text=True, typed=True).score(table, 1).rows
    kinds = {name: str(rows.schema.field(name).type) for name in rows.column_names}
    assert kinds["day"] == "date32[day]"
    assert (kinds["flag"], kinds["row_id"], kinds["same"], kinds["prediction"]) == (
        "bool",
        "string",
        "string",
        "string",
    )
    rows = scorer_of(model_of("dates"), table, is_text=True).score(table, 1).rows
    assert rows.select(table.column_names).equals(table)


def test_unknown_and_missing_values_are_counted() -> None:
    frame = tables.all_categorical().head(4).assign(colour=["red", "blue", None, "NA"], shape=[None, None, "a", "b"])
    table = arrow(frame.astype("str"))
    scored = scorer_of(model_of("all_categorical"), table).score(table, 1)
    assert scored.unknown == {"colour": 1, "shape": 2}
    assert scored.missing == {"colour": 1, "shape": 2}
    assert scored.bins["colour"].tolist()[-2:] == [1, 1]
    assert sum(scored.bins["shape"]) == 4


def test_codes_with_a_gap_are_known_by_their_numbers() -> None:
    frame = pd.DataFrame({"code": [1, 2, 3, None] * 20, "flag": [True, False] * 40, "y": ["a", "b"] * 40})
    model = trained(frame, "y", categorical=["code"])
    assert model.known == {"code": {"1.0", "2.0", "3.0"}, "flag": {"True", "False"}}
    table = pa.table({"code": [3, 4, None], "flag": [True, False, None]})
    assert scorer_of(model, table).score(table, 1).unknown == {"code": 1, "flag": 0}


def test_labels_are_found() -> None:
    frame = tables.all_categorical().head(4).assign(label=["NA", "green", None, "blue"])
    table = arrow(frame)
    scored = scorer_of(model_of("all_categorical"), table).score(table, 1)
    assert scored.codes.tolist() == [0, 1, -1, -2]
    assert scored.unknown_labels == {"blue": 1}
    without = table.drop_columns("label")
    assert scorer_of(model_of("all_categorical"), without).score(without, 1).codes is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda t: t.drop_columns(["a", "c"]),
            "Got new.csv without 'a', 'c', expected all columns .*: it has 'b', 'd'",
        ),
        (lambda t: t.rename_columns(["A", "b", "c", "d", "sick"]), "without 'a', .* did you mean 'A'?"),
        (
            lambda t: t.append_column("prediction", t["a"]),
            "Got the column 'prediction' in new.csv, which is a name that",
        ),
        (lambda t: t.append_column("probability_True", t["a"]), "'probability_True'"),
    ],
)
def test_columns_that_do_not_fit_are_refused_at_once(change, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scorer_of(model_of("numeric_binary"), change(raw("numeric_binary")))


def test_a_bad_value_is_found_by_its_row() -> None:
    table = pa.table({"a": ["1", "x"], "b": [1, 2], "c": [1, 2], "d": [1, 2]})
    with pytest.raises(ValueError, match=r"Got 'x' in column 'a', row 1,002 of new.csv, expected numbers"):
        scorer_of(model_of("numeric_binary"), table).score(table, 1001)


def test_wide_tables_have_smaller_batches() -> None:
    narrow, wide = raw("numeric_binary"), arrow(tables.wide(columns=2000))
    assert scorer_of(model_of("numeric_binary"), narrow).batch_rows == 32768
    assert scorer_of(trained(tables.wide(columns=2000), "grade"), wide).batch_rows == 523
