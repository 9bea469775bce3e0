"""Is the challenger better than the baseline? Decided on the folds that both were scored on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

LEVEL = 0.05
"""Of significance."""

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
    """

    difference: float
    low: float
    high: float
    p_value: float

    @property
    def established(self) -> bool:
        """Whether the difference is significant at `LEVEL`."""
        return self.p_value < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes, and whether the difference is established."""
        return {**asdict(self), "established": self.established}


def compare_folds(baseline: Sequence[float], challenger: Sequence[float]) -> Comparison:
    """Compare two models by the corrected resampled t-test.

    The training sets of k folds overlap, so the plain t-test finds differences where there are none; the
    correction raises the variance by the ratio of validation to training rows, 1/(k-1). Where the difference is the
    same in all folds the p-value is that of the sign test.

    Parameters
    ----------
    baseline, challenger
        Scores in the same folds, at least two.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52, 239-281.
    """
    if len(baseline) != len(challenger) or len(baseline) < 2:
        raise ValueError(
            f"Got scores of {len(baseline)} and {len(challenger)} folds, expected the same number, at least 2."
        )
    differences = np.asarray(challenger, dtype=float) - np.asarray(baseline, dtype=float)
    k = len(differences)
    mean = float(differences.mean())
    error = math.sqrt((1 / k + 1 / (k - 1)) * float(differences.var(ddof=1)))
    if error <= _ROUNDING:
        return _without_spread(mean, k)
    half = float(stats.t.ppf(0.975, k - 1)) * error
    p_value = float(2 * stats.t.sf(abs(mean) / error, k - 1))
    return Comparison(mean, mean - half, mean + half, p_value)


def _without_spread(mean: float, k: int) -> Comparison:
    # All that is left to judge by is how often chance alone gives all folds the same sign.
    if abs(mean) <= _ROUNDING:
        return Comparison(mean, mean, mean, 1.0)
    p_value = 2 * 0.5**k
    if p_value < LEVEL:
        return Comparison(mean, mean, mean, p_value)
    return Comparison(mean, min(mean, 0.0), max(mean, 0.0), p_value)
