import math

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import get_scorer, get_scorer_names

from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES, check_scoring


@pytest.mark.parametrize(
    ("scoring", "n_classes"),
    [*((name, n) for name in ANY_CLASSES for n in (2, 3)), *((name, 2) for name in TWO_CLASSES)],
)
def test_every_scorer_works_on_class_codes(scoring, n_classes):
    rows, codes = np.arange(12.0).reshape(-1, 1), np.arange(12) % n_classes
    forest = RandomForestClassifier(5, max_depth=2, random_state=0).fit(rows, codes)
    check_scoring(scoring)
    check_scoring(scoring, n_classes)
    assert math.isfinite(get_scorer(scoring)(forest, rows, codes))


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
