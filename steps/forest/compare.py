"""Is the challenger better than the baseline? Asked of the folds that both were scored on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Comparison:
    """The difference of two models' scores on the same folds, challenger minus baseline.

    Attributes
    ----------
    difference
        Mean over the folds.
    low, high
        Its 95 % confidence interval.
    p_value
        Two-sided, of no difference.
    better, equivalent, worse
        The probabilities that the challenger's score is higher by more than `rope`, that the two differ by at most
        that, and that it is lower by more; their sum is 1.
    """

    difference: float
    low: float
    high: float
    p_value: float
    better: float
    equivalent: float
    worse: float

    def to_dict(self) -> dict[str, float]:
        """Return the attributes."""
        return asdict(self)


def compare_folds(baseline: Sequence[float], challenger: Sequence[float], *, rope: float, n_rows: int) -> Comparison:
    """Compare two models by the corrected resampled t-test and by the Bayesian correlated t-test.

    The training sets of k folds overlap, so the plain t-test finds differences where there are none; both tests raise
    the variance by the ratio of validation to training rows, 1/(k-1). Their intervals are the same; the Bayesian one
    also says how probable it is that a difference is of no practical importance.

    Where the difference is the same in all folds, there is no variance to go by. Then a difference that is not zero
    is judged by the sign test, as chance alone gives all folds the same sign in 2 of 2^k cases. And that a share d of
    rows differs would not show in n of them with probability (1 - d)^n, the rule of three; d is what separates the
    difference from the rope's edge.

    Parameters
    ----------
    baseline, challenger
        Scores in the same folds, at least two.
    rope
        The region of practical equivalence: the largest difference that does not matter.
    n_rows
        How many rows the smallest class has in all folds together: what may be said of it may be said of the others.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52, 239-281.
    Corani and Benavoli (2015), A Bayesian approach for comparing cross-validated algorithms on multiple data sets,
    Machine Learning 100, 285-304.
    """
    if len(baseline) != len(challenger) or len(baseline) < 2:
        raise ValueError(
            f"Got scores of {len(baseline)} and {len(challenger)} folds, expected the same number, at least 2."
        )
    if not np.isfinite([*baseline, *challenger]).all():
        raise ValueError("Got a fold without a score, expected one in each: choose another scoring.")
    differences = np.asarray(challenger, dtype=float) - np.asarray(baseline, dtype=float)
    k = len(differences)
    mean = float(differences.mean())
    error = math.sqrt((1 / k + 1 / (k - 1)) * float(differences.var(ddof=1)))
    if error <= _ROUNDING:
        return _without_spread(mean, k, rope, n_rows)
    posterior = stats.t(k - 1, mean, error)
    low, high = posterior.interval(0.95)
    better, worse = float(posterior.sf(rope)), float(posterior.cdf(-rope))
    p_value = 2 * float(stats.t.sf(abs(mean) / error, k - 1))
    return Comparison(mean, float(low), float(high), p_value, better, max(0.0, 1 - better - worse), worse)


def _without_spread(mean: float, k: int, rope: float, n_rows: int) -> Comparison:
    # How probable it is that so many rows would not have shown that the difference is on the rope's other side.
    unseen = (1 - min(abs(abs(mean) - rope), 1.0)) ** n_rows
    if abs(mean) <= rope + _ROUNDING:
        better, equivalent, worse = unseen / 2, 1 - unseen, unseen / 2
    else:
        equivalent = max(0.5**k, unseen / 2)
        better, worse = (1 - equivalent, 0.0) if mean > 0 else (0.0, 1 - equivalent)
    if abs(mean) <= _ROUNDING:
        return Comparison(mean, mean, mean, 1.0, better, equivalent, worse)
    p_value = 2 * 0.5**k
    is_significant = p_value < 0.05
    low, high = (mean, mean) if is_significant else (min(mean, 0.0), max(mean, 0.0))
    return Comparison(mean, low, high, p_value, better, equivalent, worse)
