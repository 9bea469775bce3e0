import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, recall_score

from steps.forest.slices import LEAST_ROWS, slices, worst_first

CODES = np.array([0, 1] * 60)
RIGHT = np.eye(2)[CODES]
WRONG = np.eye(2)[1 - CODES]
LABELS = pd.Series(np.array(["no", "yes"])[CODES], name="sick")


def parts_of(column, scoring="balanced_accuracy"):
    columns = pd.DataFrame({"x": column})
    return [part for part in slices(scoring, CODES, {"model": RIGHT}, LABELS, columns) if part.column == "x"]


def test_a_class_has_its_recall_and_a_value_the_chosen_score():
    predicted = RIGHT.copy()
    predicted[:10] = WRONG[:10]
    ward = pd.DataFrame({"ward": np.repeat(["a", "b"], 60)})
    found = slices("balanced_accuracy", CODES, {"one": predicted, "other": WRONG}, LABELS, ward)
    assert [(part.column, part.value, part.rows) for part in found] == [
        ("sick", "no", 60),
        ("sick", "yes", 60),
        ("ward", "a", 60),
        ("ward", "b", 60),
    ]
    answers = predicted.argmax(axis=1)
    assert found[0].scores == {"one": pytest.approx(recall_score(CODES, answers, pos_label=0)), "other": 0}
    assert found[2].scores["one"] == pytest.approx(balanced_accuracy_score(CODES[:60], answers[:60]))
    assert [part.value for part in worst_first(found, "one")] == ["a", "no", "yes", "b"]


def test_values_with_few_rows_are_no_slices():
    column = ["few"] * (LEAST_ROWS - 1) + ["enough"] * LEAST_ROWS + [None] * (120 - 2 * LEAST_ROWS + 1)
    assert [(part.value, part.rows) for part in parts_of(column)] == [("enough", 30), ("missing", 61)]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (np.arange(120), ["0 to 29", "30 to 59", "60 to 89", "90 to 119"]),
        (np.arange(120) / 4, ["0 to 7.25", "7.5 to 14.75", "15 to 22.25", "22.5 to 29.75"]),
        (np.repeat([1, 2], 60), ["1", "2"]),
        (np.repeat([True, False], 60), ["False", "True"]),
        (
            pd.date_range("2020-01-01", periods=120),
            [
                "2020-01-01 to 2020-01-30",
                "2020-01-31 to 2020-02-29",
                "2020-03-01 to 2020-03-30",
                "2020-03-31 to 2020-04-29",
            ],
        ),
        (np.repeat([0, *range(1, 31)], [90, *[1] * 30]), ["0 to 0", "1 to 30"]),
    ],
)
def test_numbers_and_dates_are_cut_at_their_quartiles(column, values):
    assert [part.value for part in parts_of(column)] == values


def test_a_score_that_a_slice_lacks_classes_for_is_none_and_comes_last():
    column = np.where(CODES == 0, "only no", "only yes")
    column[:60] = "both"
    found = worst_first(parts_of(column, "roc_auc"), "model")
    assert [(part.value, part.scores["model"]) for part in found] == [
        ("both", 1),
        ("only no", None),
        ("only yes", None),
    ]


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=120, max_size=120))
def test_each_row_is_in_one_slice_at_most(values):
    found = parts_of(pd.Series(values, dtype=float))
    assert sum(part.rows for part in found) <= len(values)
