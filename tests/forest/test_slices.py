import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score
from statsmodels.stats.proportion import proportion_confint

from steps.forest.slices import LEAST_ROWS, classes_apart, slices, worst_first

CODES = np.array([0, 1] * 60)
RIGHT = np.eye(2)[CODES]
WRONG = np.eye(2)[1 - CODES]
LABELS = pd.Series(np.array(["no", "yes"])[CODES], name="sick")


def parts_of(column, scoring="balanced_accuracy", ordered=("x",)):
    return slices(scoring, CODES, {"model": RIGHT}, pd.DataFrame({"x": column}), ordered)


def values_of(column, ordered=("x",)):
    return [part.value for part in parts_of(column, ordered=ordered)[0]]


def test_a_class_has_its_recall_and_wilsons_interval():
    predicted = RIGHT.copy()
    predicted[:10] = WRONG[:10]
    predicted[30:31] = WRONG[30:31]
    no, yes = classes_apart(CODES, {"one": predicted, "other": WRONG}, LABELS)
    assert (no.column, no.value, no.rows) == ("sick", "no", 60)
    assert no.scores == {"one": 54 / 60, "other": 0}
    assert yes.scores == {"one": 55 / 60, "other": 0}
    assert no.intervals["one"] == pytest.approx(proportion_confint(54, 60, method="wilson"), abs=1e-9)
    assert no.intervals["other"][0] == 0
    assert worst_first([yes, no], "one") == [no, yes]


def test_a_class_with_one_row_is_there_with_a_wide_interval():
    (rare,) = classes_apart(np.array([0]), {"model": np.eye(2)[[1]]}, pd.Series(["rare"]))
    assert (rare.value, rare.rows, rare.scores) == ("rare", 1, {"model": 0})
    assert rare.intervals["model"] == pytest.approx(tuple(binomtest(0, 1).proportion_ci(method="wilson")))


def test_a_value_has_the_chosen_score():
    predicted = RIGHT.copy()
    predicted[:9] = WRONG[:9]
    ward = pd.DataFrame({"ward": np.repeat(["a", "b"], 60)})
    (a, b), small = slices("balanced_accuracy", CODES, {"one": predicted, "other": WRONG}, ward, ())
    assert ((a.value, a.rows), (b.value, b.rows), small) == (("a", 60), ("b", 60), [])
    assert a.scores["one"] == pytest.approx(balanced_accuracy_score(CODES[:60], predicted[:60].argmax(axis=1)))
    assert b.scores == {"one": 1, "other": 0}


def test_values_with_few_rows_are_told_apart_without_a_score():
    column = ["few"] * (LEAST_ROWS - 1) + ["enough"] * LEAST_ROWS + [None] * (120 - 2 * LEAST_ROWS + 1)
    found, small = parts_of(column, ordered=())
    assert [(part.value, part.rows) for part in found] == [("enough", 30), (None, 61)]
    assert [(part.value, part.rows, part.scores) for part in small] == [("few", 29, {})]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (np.arange(120), ["0 to 29", "30 to 59", "60 to 89", "90 to 119"]),
        (np.arange(120) / 4, ["0 to 7.25", "7.5 to 14.75", "15 to 22.25", "22.5 to 29.75"]),
        (np.repeat([1, 2], 60), ["1", "2"]),
        (np.repeat([True, False], 60), ["False", "True"]),
        (np.repeat([1234567.0, 1234568.0], 60), ["1234567", "1234568"]),
        (
            pd.date_range("2020-01-01", periods=120),
            [
                "2020-01-01 to 2020-01-30",
                "2020-01-31 to 2020-02-29",
                "2020-03-01 to 2020-03-30",
                "2020-03-31 to 2020-04-29",
            ],
        ),
        (pd.array([*range(119), None], dtype="Int64"), ["0 to 29", "30 to 59", "60 to 88", "89 to 118", None]),
    ],
)
def test_numbers_and_dates_are_cut_at_their_quartiles(column, values, monkeypatch):
    monkeypatch.setattr("steps.forest.slices.LEAST_ROWS", 1)
    assert values_of(column) == values


def test_a_value_that_most_rows_have_is_a_slice_of_its_own(monkeypatch):
    monkeypatch.setattr("steps.forest.slices.LEAST_ROWS", 1)
    assert values_of([0] * 100 + list(range(1, 21))) == ["0", "1 to 5", "6 to 10", "11 to 15", "16 to 20"]


def test_codes_are_categories_however_many_there_are(monkeypatch):
    monkeypatch.setattr("steps.forest.slices.LEAST_ROWS", 1)
    assert values_of([str(i) for i in range(24)] * 5, ordered=()) == sorted(str(i) for i in range(24))
    assert values_of(list(range(24)) * 5, ordered=()) == [str(i) for i in range(24)]


def test_a_score_that_a_slice_lacks_classes_for_is_none_and_comes_last():
    column = np.where(CODES == 0, "only no", "only yes")
    column[:60] = "both"
    found = worst_first(parts_of(column, "roc_auc")[0], "model")
    assert [(part.value, part.scores["model"]) for part in found] == [
        ("both", 1),
        ("only no", None),
        ("only yes", None),
    ]


@given(
    st.lists(
        st.one_of(st.none(), st.sampled_from([0.0, 7.5]), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=120,
        max_size=120,
    ),
    st.booleans(),
)
def test_each_row_is_in_one_slice(values, is_ordered):
    found, small = parts_of(pd.Series(values, dtype=float), ordered=("x",) if is_ordered else ())
    assert sum(part.rows for part in (*found, *small)) == len(values)
