"""One fit of the search, as a worker does it: a forest is grown on a fold and scored at several sizes on the way.

Knows numpy and scikit-learn only, as it may be sent to machines that have nothing of Grove.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import get_scorer


class FoldScore(NamedTuple):
    """How a candidate did in one fold: its score, and the seconds that it would take by itself."""

    score: float
    fit_seconds: float
    score_seconds: float


class _Answers(ClassifierMixin, BaseEstimator):
    """Stands before a scorer for the forest that gave these probabilities."""

    def __init__(self, classes: np.ndarray, probabilities: np.ndarray) -> None:
        self.classes_ = classes
        self.probabilities = probabilities

    def predict_proba(self, rows: Any) -> np.ndarray:
        return self.probabilities

    def predict(self, rows: Any) -> np.ndarray:
        return self.classes_.take(self.probabilities.argmax(axis=1), axis=0)


def numbered(number: int, **arguments: Any) -> tuple[int, list[FoldScore]]:
    """Return the number, and what `score_forests` gives for the arguments."""
    return number, score_forests(**arguments)


def score_forests(
    forest: RandomForestClassifier,
    sizes: Sequence[int],
    train: np.ndarray,
    train_codes: np.ndarray,
    validation: np.ndarray,
    validation_codes: np.ndarray,
    *,
    scoring: str,
    may_fail: bool,
) -> list[FoldScore]:
    """Grow one forest to each of the sizes in turn, and score it there.

    A tree depends on the seed and on its place only, so a smaller forest is the beginning of a larger one. Trees that
    have answered are let go: the answers of a forest are the mean of its trees'.

    Parameters
    ----------
    forest
        Not fitted, with a seed; its `n_estimators` does not count.
    sizes
        Numbers of trees, ascending.
    train, validation : (n_rows, n_features) float32
        What the forest sees.
    train_codes, validation_codes : (n_rows,) int64
        Classes.
    scoring
        The scorer's name.
    may_fail
        Whether a score that can't be computed is NaN, not an error; as where few rows lack a class.
    """
    grown = clone(forest).set_params(n_jobs=1, warm_start=True)
    scorer = get_scorer(scoring)
    total = 0.0
    fitting = answering = 0.0
    scores = []
    before = 0
    for size in sizes:
        started = time.perf_counter()
        with joblib.parallel_config("sequential"):  # a cluster would be asked for the trees, else
            grown.set_params(n_estimators=size).fit(train, train_codes)
        fitted = time.perf_counter()
        for tree in grown.estimators_[before:]:
            total += tree.predict_proba(validation, check_input=False)
        answered = time.perf_counter()
        score = _score(scorer, _Answers(grown.classes_, total / size), validation, validation_codes, may_fail)
        fitting += fitted - started
        answering += answered - fitted
        scores.append(FoldScore(score, fitting, answering + time.perf_counter() - answered))
        before = size
        grown.estimators_ = [None] * size  # of those before, a forest that grows asks only how many they are
    return scores


def _score(scorer: Any, answers: _Answers, asked: np.ndarray, codes: np.ndarray, may_fail: bool) -> float:
    try:
        with warnings.catch_warnings():
            if may_fail:
                warnings.simplefilter("ignore")
            return float(scorer(answers, asked, codes))
    except ValueError:
        if not may_fail:
            raise
        return float("nan")
