"""A row that was drawn twice counts as two rows: what scikit-learn says of the rows that were drawn."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import brier_score_loss
from threadpoolctl import threadpool_limits

from steps.forest.metrics import holdout_score
from steps.forest.resampling import goes_by_labels, label_scorer, probability_scorer
from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES

SCORERS = [*((name, n) for name in ANY_CLASSES for n in (2, 3, 4)), *((name, 2) for name in TWO_CLASSES)]


class Answers:
    """Stands for a fitted pipeline: its rows are the probabilities."""

    def __init__(self, n_classes):
        self.classes_ = np.arange(n_classes)

    def __sklearn_tags__(self):
        return DummyClassifier().__sklearn_tags__()

    def fit(self, rows, codes):
        return self

    def predict_proba(self, rows):
        return rows.to_numpy()

    def predict(self, rows):
        return rows.to_numpy().argmax(axis=1)


def make_rows(seed, n_rows, n_classes):
    """Codes and probabilities; these are rounded, so that there are ties, and some are 0 and 1."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, n_rows)
    parts = random.multinomial(8, random.dirichlet(np.ones(n_classes)), n_rows)
    return codes, parts / 8


@pytest.mark.parametrize(("scoring", "n_classes"), SCORERS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(2, 30))
def test_equals_scikit_learn_on_the_rows_that_were_drawn(scoring, n_classes, seed, n_rows):
    codes, probabilities = make_rows(seed, n_rows, n_classes)
    drawn = np.random.default_rng(seed).integers(0, n_rows, (3, n_rows))
    weights = np.stack([np.bincount(rows, minlength=n_rows) for rows in drawn]).astype(float)
    if goes_by_labels(scoring):
        found = label_scorer(scoring, codes, probabilities.argmax(axis=1), n_classes)(weights)
    else:
        found = probability_scorer(scoring, codes, probabilities)(weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [
            holdout_score(scoring, Answers(n_classes), pd.DataFrame(probabilities[rows]), codes[rows]) for rows in drawn
        ]
    expected = [np.nan if score is None else score for score in expected]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_brier_score_of_more_classes(seed):
    codes, probabilities = make_rows(seed, 20, 3)
    found = probability_scorer("neg_brier_score", codes, probabilities)(np.ones((1, 20)))
    assert found == pytest.approx([-brier_score_loss(codes, probabilities, labels=np.arange(3))], abs=1e-9)


@pytest.mark.parametrize(("scoring", "n_classes"), SCORERS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(2, 300), at_once=st.integers(1, 6))
def test_a_draw_has_the_same_score_to_the_last_digit_however_many_there_are_at_once(
    scoring, n_classes, seed, n_rows, at_once
):
    codes, probabilities = make_rows(seed, n_rows, n_classes)
    weights = np.random.default_rng(seed).poisson(1, (7, n_rows)).astype(float)
    weights[:, 0] += 1  # some row is drawn
    if goes_by_labels(scoring):
        score = label_scorer(scoring, codes, probabilities.argmax(axis=1), n_classes)
    else:
        score = probability_scorer(scoring, codes, probabilities)
    with threadpool_limits(1):
        parts = [score(weights[start : start + at_once]) for start in range(0, 7, at_once)]
        np.testing.assert_array_equal(np.concatenate(parts), score(weights))
