"""Two models on the rows of the holdout: how far their scores may lie apart, and whether they err on different rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from steps.forest.resampling import goes_by_labels, label_scorer, probability_scorer

DRAWS = 2000
_MOST_WEIGHTS = 10_000_000
"""At a time: 80 MB."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Bootstrap:
    """95 % intervals of scores on a holdout, by resampling its rows.

    Attributes
    ----------
    scores
        For each model the interval of its score; None where hardly any resample has one.
    differences
        For each model but the first the interval of its score minus the first one's.
    """

    scores: dict[str, Interval | None]
    differences: dict[str, Interval | None]


def bootstrap(
    scorings: Sequence[str], codes: np.ndarray, probabilities: Mapping[str, np.ndarray], seed: int
) -> dict[str, Bootstrap]:
    """Draw the rows with replacement, 2,000 times, the same ones for all; return percentiles of each score.

    Parameters
    ----------
    scorings
        The scorers' names.
    codes : (n_rows,) int64
        True classes.
    probabilities : each (n_rows, n_classes) float64
        Of each model; the first is what the others are compared with. The prediction is the most probable class, the
        first of equals.
    seed
        Of the draws.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    labels = np.stack([codes, *(predicted.argmax(axis=1) for predicted in probabilities.values())])
    # Rows with the same labels stand together: what goes by labels needs only how many of them were drawn.
    order = np.lexsort(labels)
    labels, codes = labels[:, order], codes[order]
    starts = np.flatnonzero((np.diff(labels, prepend=-1) != 0).any(axis=0))
    true, *predictions = labels[:, starts]
    scorers = {
        (scoring, name): label_scorer(scoring, true, predicted, probabilities[name].shape[1])
        if goes_by_labels(scoring)
        else probability_scorer(scoring, codes, probabilities[name][order])
        for scoring in scorings
        for name, predicted in zip(probabilities, predictions, strict=True)
    }
    drawn: dict[tuple[str, str], list[np.ndarray]] = {both: [] for both in scorers}
    with threadpool_limits(1):  # of BLAS: how many there are decides about the last digits
        for weights in _weights(len(codes), seed):
            together = np.add.reduceat(weights, starts, axis=1)
            for (scoring, name), scorer in scorers.items():
                drawn[scoring, name].append(scorer(together if goes_by_labels(scoring) else weights))
    return {
        scoring: _intervals({name: np.concatenate(drawn[scoring, name]) for name in probabilities})
        for scoring in scorings
    }


def _intervals(drawn: dict[str, np.ndarray]) -> Bootstrap:
    first, *others = drawn
    return Bootstrap(
        {name: _interval(values) for name, values in drawn.items()},
        {name: _interval(drawn[name] - drawn[first]) for name in others},
    )


def _weights(n_rows: int, seed: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(seed)
    at_once = max(1, min(DRAWS, _MOST_WEIGHTS // n_rows))
    for start in range(0, DRAWS, at_once):
        n_draws = min(at_once, DRAWS - start)
        # Each draw counts in a place of its own. The draws are the same, however many are made at once.
        places = random.integers(0, n_rows, (n_draws, n_rows)) + n_rows * np.arange(n_draws)[:, np.newaxis]
        yield np.bincount(places.ravel(), minlength=n_draws * n_rows).reshape(n_draws, n_rows).astype(float)


def _interval(values: np.ndarray) -> Interval | None:
    known = values[~np.isnan(values)]
    if len(known) < len(values) / 2:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class Disagreement:
    """Rows that only one of two models gets right.

    Attributes
    ----------
    only_baseline, only_challenger
        How many rows only this model predicts rightly.
    p_value
        McNemar's exact test, two-sided: of both numbers being equal but for chance.
    """

    only_baseline: int
    only_challenger: int
    p_value: float


def disagreement(codes: np.ndarray, baseline: np.ndarray, challenger: np.ndarray) -> Disagreement:
    """Compare two models' predictions of the same rows.

    Parameters
    ----------
    codes : (n_rows,) int64
        True classes.
    baseline, challenger : (n_rows,) int64
        Predicted ones.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12, 153-157.
    """
    right, right_too = baseline == codes, challenger == codes
    one, other = int(np.sum(right & ~right_too)), int(np.sum(~right & right_too))
    p_value = float(stats.binomtest(one, one + other).pvalue) if one + other else 1.0
    return Disagreement(one, other, p_value)
