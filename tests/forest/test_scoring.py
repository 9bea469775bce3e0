import warnings

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

from steps.forest.fits import score_forests
from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES, check_scoring


@pytest.mark.parametrize(
    ("scoring", "n_classes"),
    [*((name, n) for name in ANY_CLASSES for n in (2, 3)), *((name, 2) for name in TWO_CLASSES)],
)
def test_every_scorer_says_of_a_forest_that_grows_what_it_says_of_each_size(scoring, n_classes):
    rows = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    codes = np.arange(60) % n_classes
    check_scoring(scoring)
    check_scoring(scoring, n_classes)
    found = score_forests(
        RandomForestClassifier(max_depth=2, random_state=0),
        [3, 8],
        *(rows[:40], codes[:40], rows[40:], codes[40:]),
        scoring=scoring,
        may_fail=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        expected = [
            get_scorer(scoring)(
                RandomForestClassifier(size, max_depth=2, random_state=0).fit(rows[:40], codes[:40]),
                rows[40:],
                codes[40:],
            )
            for size in (3, 8)
        ]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose([fold.score for fold in found], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scoring", TWO_CLASSES)
def test_scorers_for_two_classes_are_refused_for_three(scoring):
    expected = f"^Got scoring={scoring}, which is for 2 classes, and a table with 3; expected one for any number, "
    with pytest.raises(ValueError, match=expected):
        check_scoring(scoring, 3)


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        ("balanced_acuracy", "balanced_accuracy"),
        ("log_loss", "neg_log_loss"),
        ("f1_marco", "f1_macro"),
        ("ROC_AUC", "balanced_accuracy, accuracy, f1_macro, neg_log_loss, roc_auc_ovr"),
        ("", "balanced_accuracy, accuracy, f1_macro, neg_log_loss, roc_auc_ovr"),
    ],
)
def test_an_unknown_scorer_is_answered_with_known_ones(scoring, expected):
    with pytest.raises(
        ValueError, match=rf"^Got scoring='{scoring}', expected a scorer for classes such as {expected}"
    ):
        check_scoring(scoring)


def test_scorers_that_judge_other_things_are_refused():
    refused = set()
    for scoring in get_scorer_names():
        try:
            check_scoring(scoring)
        except ValueError:
            refused.add(scoring)
    assert refused == set(get_scorer_names()) - set(ANY_CLASSES) - set(TWO_CLASSES)
    assert {"r2", "neg_mean_squared_error", "rand_score", "top_k_accuracy"} <= refused
