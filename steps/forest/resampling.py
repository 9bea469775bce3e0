"""Scores on many resamples of the holdout at once: each row counts as often as it was drawn.

Weights are (n_draws, n_rows): how often a row was drawn. Scores are (n_draws,) float64, one for each draw; NaN where
the rows that were drawn lack what the score needs. With all weights 1 they are what `metrics.holdout_score` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

Scorer = Callable[[np.ndarray], np.ndarray]
_DrawScorer = Callable[[np.ndarray], float]
"""Turns the weights of one draw, (n_rows,), into its score."""


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
    return partial(_draw_by_draw, _draw_scorer(scoring, codes, probabilities))


def _draw_scorer(scoring: str, codes: np.ndarray, probabilities: np.ndarray) -> _DrawScorer:
    """Return what turns a draw into its score; what all draws have in common, as the rows' order, is found once."""
    if scoring == "neg_log_loss":
        likely = np.take_along_axis(probabilities, codes[:, np.newaxis], axis=1)[:, 0]
        least = np.finfo(probabilities.dtype).eps
        return partial(_mean, np.log(np.clip(likely, least, 1 - least)))
    if scoring == "neg_brier_score":
        n_classes = probabilities.shape[1]
        squares = ((probabilities - np.eye(n_classes)[codes]) ** 2).sum(axis=1)
        return partial(_mean, -squares / 2 if n_classes == 2 else -squares)
    if scoring.startswith("roc_auc"):
        return _area_scorer(scoring, codes, probabilities)
    return partial(_average_precision, _ranking(codes, 1, 2, probabilities[:, 1]))


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


def _mean(values: np.ndarray, draw: np.ndarray) -> float:
    return float(draw @ values / draw.sum())


def _ratio(numerator: np.ndarray, denominator: np.ndarray, otherwise: float) -> np.ndarray:
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)


def _draw_by_draw(score: _DrawScorer, weights: np.ndarray) -> np.ndarray:
    """Return the score of each draw, (n_draws,).

    One by one: what is counted of one stays in the processor's cache, and no digit depends on how many there are.
    """
    return np.array([score(draw) for draw in weights])


@dataclass(frozen=True)
class _Ranking:
    """The rows' order by a score, which all draws have in common.

    Rows that no positive row lies between share a step: more than that, an area does not see.

    Attributes
    ----------
    positive
        The class that the score speaks for.
    shape
        The number of classes, and of steps.
    places : (n_rows,) int64
        Of each row its class and step, as a position in a table of this shape.
    """

    positive: int
    shape: tuple[int, int]
    places: np.ndarray

    def counts(self, draw: np.ndarray) -> np.ndarray:
        """Return how many rows of each class were drawn from each step, (n_classes, n_steps), the lowest first."""
        return np.bincount(self.places, draw, self.shape[0] * self.shape[1]).reshape(self.shape)


def _ranking(codes: np.ndarray, positive: int, n_classes: int, scores: np.ndarray) -> _Ranking:
    values = np.unique(scores[codes == positive])
    # Odd steps are these values, even ones what lies between them.
    steps = np.searchsorted(values, scores, "left") + np.searchsorted(values, scores, "right")
    n_steps = 2 * len(values) + 1
    return _Ranking(positive, (n_classes, n_steps), codes * n_steps + steps)


def _average_precision(ranking: _Ranking, draw: np.ndarray) -> float:
    negative, positive = ranking.counts(draw)[:, ::-1]
    found, seen = np.cumsum(positive), np.cumsum(positive + negative)
    if not negative.any() or not positive.any():
        return np.nan
    return float((positive * _ratio(found, seen, 0.0)).sum() / found[-1])


def _areas(ranking: _Ranking, draw: np.ndarray) -> np.ndarray:
    """Return for each class, (n_classes,), how often a positive row has a higher score than one of this class.

    Against all negative rows that is the area under the ROC curve.
    """
    counts = ranking.counts(draw)
    positive = counts[ranking.positive]
    below = np.cumsum(counts, axis=1) - counts / 2
    drawn = counts.sum(axis=1)
    return _ratio((positive * below).sum(axis=1), drawn[ranking.positive] * drawn, np.nan)


def _area_scorer(scoring: str, codes: np.ndarray, probabilities: np.ndarray) -> _DrawScorer:
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return partial(_two_class_area, _ranking(codes, 1, 2, probabilities[:, 1]))
    if scoring.startswith("roc_auc_ovo"):
        rankings = [_ranking(codes, code, n_classes, probabilities[:, code]) for code in range(n_classes)]
        return partial(_one_against_one, scoring, codes, rankings)
    rankings = [_ranking(np.where(codes == code, 1, 0), 1, 2, probabilities[:, code]) for code in range(n_classes)]
    return partial(_one_against_rest, scoring, codes, rankings)


def _two_class_area(ranking: _Ranking, draw: np.ndarray) -> float:
    return float(_areas(ranking, draw)[0])


def _one_against_rest(scoring: str, codes: np.ndarray, rankings: Sequence[_Ranking], draw: np.ndarray) -> float:
    areas = np.array([_areas(ranking, draw)[0] for ranking in rankings])
    if scoring.endswith("_weighted"):
        drawn = np.bincount(codes, draw, len(rankings))
        return float((areas * drawn).sum() / drawn.sum())
    has_area = ~np.isnan(areas)  # as in `mean_area`
    return float(areas[has_area].mean()) if has_area.any() else np.nan


def _one_against_one(scoring: str, codes: np.ndarray, rankings: Sequence[_Ranking], draw: np.ndarray) -> float:
    areas = np.stack([_areas(ranking, draw) for ranking in rankings])
    one, other = np.triu_indices(len(rankings), k=1)
    of_pairs = (areas[one, other] + areas[other, one]) / 2
    if scoring.endswith("_weighted"):
        drawn = np.bincount(codes, draw, len(rankings))
        shares = drawn[one] + drawn[other]
        return float((of_pairs * shares).sum() / shares.sum())
    return float(of_pairs.mean())
