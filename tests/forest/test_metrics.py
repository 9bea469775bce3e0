import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from steps.forest.encoder import encoder
from steps.forest.metrics import column_importances, holdout_metrics, holdout_score, precision_recall_curves, roc_curves
from steps.forest.pipelines import forest_pipeline
from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES

CODES = np.array([0, 0, 1, 2])
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [0.0, 0.25, 0.75]])
NAMES = ["a", "b", "c"]


def test_a_hand_computed_example():
    # Predicted: 0, 1, 1, 2. Recalls 1/2, 1, 1; precisions 1, 1/2, 1; F1 2/3, 2/3, 1. Correlation: of 4 rows 3 are
    # right, true counts 2, 1, 1, predicted 1, 2, 1: (3*4 - 5) / sqrt((16 - 6) * (16 - 6)).
    # Areas: a is above the others in all 4 pairs but one tie; b is above but for one tie in 3; c in all.
    assert holdout_metrics(CODES, PROBABILITIES, NAMES) == pytest.approx(
        {
            "accuracy": 3 / 4,
            "balanced_accuracy": 5 / 6,
            "f1_macro": 7 / 9,
            "matthews_corrcoef": 0.7,
            "log_loss": -(math.log(0.5) + math.log(0.25) + math.log(0.5) + math.log(0.75)) / 4,
            "brier_score": (0.375 + 0.875 + 0.375 + 0.125) / 4,
            "expected_calibration_error": (3 * (2 / 3 - 0.5) + (1 - 0.75)) / 4,
            "roc_auc_ovr": (3.5 / 4 + 2.5 / 3 + 1) / 3,
        }
    )


def test_two_classes():
    codes = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5], [0.0, 1.0]])
    # Equal probabilities go to the first class: predicted 0, 1, 0, 1.
    found = holdout_metrics(codes, probabilities, ["no", "yes"])
    assert found["accuracy"] == found["balanced_accuracy"] == found["f1_macro"] == 0.5
    assert found["matthews_corrcoef"] == 0
    assert found["brier_score"] == (0.25**2 + 0.75**2 + 0.5**2 + 0) / 4
    assert found["roc_auc_ovr"] == 0.75
    assert list(roc_curves(codes, probabilities, ["no", "yes"])) == ["yes"]
    assert list(precision_recall_curves(codes, probabilities, ["no", "yes"])) == ["yes"]


def test_a_class_that_is_not_in_the_holdout():
    codes, named = np.array([0, 0, 1]), ["a", "b", "absent"]
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])
    # Predicted: 0, 2, 1. The recall of the absent class is not defined; its F1 is 0.
    found = holdout_metrics(codes, probabilities, named)
    assert found["balanced_accuracy"] == 0.75
    assert found["f1_macro"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["log_loss"] == pytest.approx(-(math.log(0.8) + math.log(0.2) + math.log(0.8)) / 3)
    assert found["roc_auc_ovr"] == 1
    assert list(roc_curves(codes, probabilities, named)) == ["a", "b"]
    assert list(precision_recall_curves(codes, probabilities, named)) == ["a", "b"]


def test_a_class_that_is_never_predicted():
    probabilities = np.array([[0.75, 0.0, 0.25], [0.75, 0.25, 0.0], [0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
    found = holdout_metrics(CODES, probabilities, NAMES)
    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx(2 / 3)
    assert found["f1_macro"] == pytest.approx((4 / 5 + 0 + 1) / 3)
    assert list(roc_curves(CODES, probabilities, NAMES)) == NAMES


def test_a_holdout_of_one_class_has_no_curve_and_no_area():
    codes, probabilities = np.array([1, 1]), np.array([[0.25, 0.75], [0.5, 0.5]])
    assert holdout_metrics(codes, probabilities, ["a", "b"]).keys() == {
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "matthews_corrcoef",
        "log_loss",
        "brier_score",
        "expected_calibration_error",
    }
    assert roc_curves(codes, probabilities, ["a", "b"]) == {}
    assert precision_recall_curves(codes, probabilities, ["a", "b"]) == {}


@pytest.mark.parametrize(
    ("scoring", "is_defined"),
    [("roc_auc_ovr", True), ("neg_log_loss", True), ("f1_macro", True), ("roc_auc_ovo", False)],
)
def test_the_score_where_the_holdout_lacks_a_class(scoring, is_defined):
    random = np.random.default_rng(0)
    rows, codes = pd.DataFrame({"x": random.normal(size=60)}), np.arange(60) % 3
    pipeline = forest_pipeline(encoder(["x"], [], [], 5), 0).set_params(forest__n_estimators=5).fit(rows, codes)
    lacking = codes != 2
    found = holdout_score(scoring, pipeline, rows[lacking], codes[lacking])
    assert (found is not None) == is_defined
    if scoring == "roc_auc_ovr":
        assert found == holdout_metrics(codes[lacking], pipeline.predict_proba(rows[lacking]), NAMES)[scoring]
    assert holdout_score(scoring, pipeline, rows, codes) == metrics.get_scorer(scoring)(pipeline, rows, codes)


@pytest.mark.parametrize("scoring", ANY_CLASSES + TWO_CLASSES)
@pytest.mark.parametrize("only", [0, 1])
def test_a_holdout_of_one_class_has_a_number_or_none(scoring, only):
    rows, codes = pd.DataFrame({"x": np.arange(60.0)}), np.arange(60) % 2
    pipeline = forest_pipeline(encoder(["x"], [], [], 5), 0).set_params(forest__n_estimators=5).fit(rows, codes)
    one = codes == only
    found = holdout_score(scoring, pipeline, rows[one], codes[one])
    is_undefined = scoring.startswith("roc_auc") or (scoring in TWO_CLASSES and scoring != "neg_brier_score")
    assert (found is None) == is_undefined
    assert found is None or math.isfinite(found)


def test_curves():
    false_positive, true_positive, area = roc_curves(CODES, PROBABILITIES, NAMES)["c"]
    assert (false_positive[0], true_positive[0], false_positive[-1], true_positive[-1], area) == (0, 0, 1, 1, 1)
    recall, precision, average = precision_recall_curves(CODES, PROBABILITIES, NAMES)["b"]
    # Asked for b at 0.5 there are two rows, one of them right; at 0.25 all four.
    assert recall.tolist() == [1, 1, 0]
    assert precision.tolist() == [0.25, 0.5, 1]
    assert average == 0.5


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_equals_scikit_learn_when_all_classes_are_there(n_classes, seed):
    random = np.random.default_rng(seed)
    codes = random.permutation(np.arange(30) % n_classes)
    probabilities = random.dirichlet(np.ones(n_classes), 30)
    names = [f"class {code}" for code in range(n_classes)]
    area = (
        metrics.roc_auc_score(codes, probabilities[:, 1])
        if n_classes == 2
        else metrics.roc_auc_score(codes, probabilities, multi_class="ovr")
    )
    predicted = probabilities.argmax(axis=1)
    found = holdout_metrics(codes, probabilities, names)
    assert found["roc_auc_ovr"] == pytest.approx(area)
    assert found["log_loss"] == pytest.approx(-np.log(probabilities[np.arange(30), codes]).mean())
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(codes, predicted, average="macro"))
    assert found["matthews_corrcoef"] == pytest.approx(metrics.matthews_corrcoef(codes, predicted))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(codes, predicted))


def importances(rows, codes, scoring="accuracy", seed=0, n_jobs=1):
    categorical = list(rows.select_dtypes(exclude="number").columns)
    pipeline = forest_pipeline(encoder(rows.columns.difference(categorical), [], categorical, 5), 0)
    return column_importances(
        pipeline.set_params(forest__n_estimators=5),
        rows,
        codes,
        scorer=metrics.get_scorer(scoring),
        cv=2,
        seed=seed,
        n_jobs=n_jobs,
    )


def test_the_number_of_threads_changes_no_importance():
    codes = np.arange(60) % 2
    rows = pd.DataFrame({"noise": np.random.default_rng(0).normal(size=60), "sign": codes * 2.0})
    pd.testing.assert_frame_equal(importances(rows, codes), importances(rows, codes, n_jobs=2), check_exact=True)


def test_the_column_that_tells_the_class_matters_most():
    codes = np.arange(60) % 2
    noise = np.random.default_rng(0).normal(size=60)
    rows = pd.DataFrame({"noise": noise, "same": 1.0, "sign": np.where(codes, "plus", "minus")})
    before = rows.copy()
    found = importances(rows, codes)
    assert found.columns.tolist() == ["column", "mean", "std"]
    assert sorted(found["column"]) == ["noise", "same", "sign"]
    assert found["column"][0] == "sign"
    assert found["mean"][0] > 0.2
    assert found["mean"].is_monotonic_decreasing
    assert found.set_index("column").loc["same"].tolist() == [0, 0]
    pd.testing.assert_frame_equal(found, importances(rows, codes))
    pd.testing.assert_frame_equal(rows, before)


def test_a_wide_table_is_shuffled_once():
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(40, 21)), columns=[f"x{number}" for number in range(21)])
    codes = (rows["x3"] > 0).to_numpy(dtype=int)
    found = importances(rows, codes)
    assert found["column"][0] == "x3"
    assert found["std"].tolist() == [0] * 21


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr"])
@pytest.mark.parametrize("seed", range(3))
def test_a_rare_class_stays_among_the_few_rows_that_are_asked(scoring, seed):
    # Of 1,001 validation rows 500 are asked; scorers of probabilities fail when a class is not among them.
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(2002, 21)), columns=[f"x{number}" for number in range(21)])
    codes = np.r_[2, 2, np.arange(2000) % 2]
    assert np.isfinite(importances(rows, codes, scoring, seed)["mean"]).all()
