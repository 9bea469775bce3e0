"""Scores on many resamples of the holdout at once: each row counts as often as it was drawn.

Weights are (n_draws, n_rows): how often a row was drawn. Scores are (n_draws,) float64, one for each draw; NaN where
the rows that were drawn lack what the score needs. With all weights 1 they are what `metrics.holdout_score` says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np

Scorer = Callable[[np.ndarray], np.ndarray]


def goes_by_labels(scoring: str) -> bool:
    """Return whether the score depends on the predicted classes alone, not on their probabilities."""
    return not scoring.startswith(("neg_log_loss", "neg_brier_score", "roc_auc", "average_precision"))


def probability_scorer(scoring: str, codes: np.ndarray, probabilities: np.ndarray) -> Scorer:
    """Return what turns weights into one model's scores by its probabilities.

    Parameters
    ----------
    scoring
        The scorer's name, one that `check_scoring` allows for so many classes, and that does not go by labels.
    codes : (n_rows,) int64
        True classes.
    probabilities : (n_rows, n_classes) float64
        Predicted.

    References
    ----------
    The definitions are those of sklearn.metrics.
    """
    if scoring == "neg_log_loss":
        likely = np.take_along_axis(probabilities, codes[:, np.newaxis], axis=1)[:, 0]
        least = np.finfo(probabilities.dtype).eps
        return partial(_mean, np.log(np.clip(likely, least, 1 - least)))
    if scoring == "neg_brier_score":
        n_classes = probabilities.shape[1]
        squares = ((probabilities - np.eye(n_classes)[codes]) ** 2).sum(axis=1)
        return partial(_mean, -squares / 2 if n_classes == 2 else -squares)
    if scoring.startswith("roc_auc"):
        return partial(_roc_auc, scoring, codes, probabilities)
    return partial(_average_precision, codes == 1, probabilities[:, 1])


def label_scorer(scoring: str, codes: np.ndarray, predicted: np.ndarray, n_classes: int) -> Scorer:
    """Return what turns weights into one model's scores by the classes that it predicts.

    Parameters
    ----------
    scoring
        As for `probability_scorer`, but one that goes by labels.
    codes, predicted : (n_rows,) int64
        True and predicted classes. Rows with equal labels may stand as one, whose weight is that of them all.
    n_classes
        How many there are.
    """
    every = np.arange(n_classes)
    is_true, is_predicted = ((classes[:, np.newaxis] == every).astype(float) for classes in (codes, predicted))
    return partial(_from_counts, scoring, (is_true * is_predicted, is_true, is_predicted))


def score_once(scoring: str, codes: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Return one model's score on all rows, each counted once; None where they lack what the score needs.

    Parameters
    ----------
    scoring, codes, probabilities
        As for `probability_scorer`, and for `label_scorer`, the prediction being the most probable class.
    """
    if goes_by_labels(scoring):
        scorer = label_scorer(scoring, codes, probabilities.argmax(axis=1), probabilities.shape[1])
    else:
        scorer = probability_scorer(scoring, codes, probabilities)
    score = float(scorer(np.ones((1, len(codes))))[0])
    return None if np.isnan(score) else score


def _from_counts(scoring: str, sides: tuple[np.ndarray, np.ndarray, np.ndarray], weights: np.ndarray) -> np.ndarray:
    # By class, (n_draws, n_classes): right ones, true ones, predicted ones.
    right, true, predicted = (weights @ side for side in sides)
    n_rows = weights.sum(axis=1)
    if scoring == "accuracy":
        return right.sum(axis=1) / n_rows
    if scoring == "balanced_accuracy":
        return _ratio(_ratio(right, true, 0.0).sum(axis=1), (true > 0).sum(axis=1), np.nan)
    if scoring == "matthews_corrcoef":
        covariance = right.sum(axis=1) * n_rows - (true * predicted).sum(axis=1)
        variances = [n_rows**2 - (side**2).sum(axis=1) for side in (true, predicted)]
        return _ratio(covariance, np.sqrt(variances[0] * variances[1]), 0.0)
    name, _, average = scoring.partition("_")
    numerator, denominator = {
        "precision": (right, predicted),
        "recall": (right, true),
        "f1": (2 * right, true + predicted),
        "jaccard": (right, true + predicted - right),
    }[name]
    if average == "micro":
        return numerator.sum(axis=1) / denominator.sum(axis=1)
    ratio = _ratio(numerator, denominator, 0.0)
    if average == "macro":
        return ratio.sum(axis=1) / (true + predicted > 0).sum(axis=1)
    if average == "weighted":
        return (ratio * true).sum(axis=1) / n_rows
    return np.where((true > 0).all(axis=1), ratio[:, 1], np.nan)


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _ratio(numerator: np.ndarray, denominator: np.ndarray, otherwise: float) -> np.ndarray:
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)


def _grouped(
    weights: np.ndarray, is_positive: np.ndarray, scores: np.ndarray, *, descending: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many positive and negative rows have each score, (n_draws, n_scores), in the scores' order."""
    order = np.argsort(-scores if descending else scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    ordered, positive = weights[:, order], is_positive[order]
    return (
        np.add.reduceat(ordered * positive, starts, axis=1),
        np.add.reduceat(ordered * ~positive, starts, axis=1),
    )


def _area(weights: np.ndarray, is_positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve: how often a positive row has a higher score than a negative one."""
    positive, negative = _grouped(weights, is_positive, scores, descending=False)
    below = np.cumsum(negative, axis=1) - negative / 2
    return _ratio((positive * below).sum(axis=1), positive.sum(axis=1) * negative.sum(axis=1), np.nan)


def _average_precision(is_positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    positive, negative = _grouped(weights, is_positive, scores, descending=True)
    found, seen = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
    total = positive.sum(axis=1)
    average = _ratio((positive * _ratio(found, seen, 0.0)).sum(axis=1), total, np.nan)
    return np.where(negative.sum(axis=1) > 0, average, np.nan)


def _roc_auc(scoring: str, codes: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return _area(weights, codes == 1, probabilities[:, 1])
    shares = np.stack([_mean(codes == code, weights) for code in range(n_classes)])
    if scoring.startswith("roc_auc_ovo"):
        pairs = list(combinations(range(n_classes), 2))
        areas = np.stack([_pair_area(weights, codes, probabilities, *pair) for pair in pairs])
        shares = np.stack([shares[one] + shares[other] for one, other in pairs])
    else:
        areas = np.stack([_area(weights, codes == code, probabilities[:, code]) for code in range(n_classes)])
    if scoring == "roc_auc_ovr":
        has_area = ~np.isnan(areas)  # as in `mean_area`
        return _ratio(np.where(has_area, areas, 0.0).sum(axis=0), has_area.sum(axis=0), np.nan)
    if scoring.endswith("_weighted"):
        return (areas * shares).sum(axis=0) / shares.sum(axis=0)
    return areas.mean(axis=0)


def _pair_area(weights: np.ndarray, codes: np.ndarray, probabilities: np.ndarray, one: int, other: int) -> np.ndarray:
    rows = np.flatnonzero((codes == one) | (codes == other))
    among = weights[:, rows]
    first, second = (_area(among, codes[rows] == code, probabilities[rows, code]) for code in (one, other))
    return (first + second) / 2
