"""How far the values of a column lie from those of the training rows."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

MODERATE, LARGE = 0.1, 0.25
"""From where a population stability index is customarily called so: a rule of thumb of credit scoring (Siddiqi, Credit
Risk Scorecards, 2006) with no derivation behind it."""


def stability_index(before: np.ndarray, now: np.ndarray) -> float | None:
    """Return the population stability index of two samples, the sum of (q - p) ln(q / p) over the bins' shares p and q.

    It is the symmetric Kullback-Leibler divergence of Jeffreys: 0 for equal shares, and without an upper bound. As a
    share of 0 has no logarithm, half a value is added to each bin (the correction of Haldane and Anscombe). Bins that
    are empty in both samples do not count.

    Parameters
    ----------
    before, now : (n_bins,)
        Values in each bin.

    Returns
    -------
    float or None
        None if one of the samples is empty.
    """
    used = (before + now) > 0
    if not before.sum() or not now.sum():
        return None
    p, q = ((counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def chance_limit(before: np.ndarray, now: np.ndarray) -> float | None:
    """Return what 95 % of the stability indexes stay below where nothing has changed; None if a sample is empty.

    The index of two samples of n and m values of one distribution is about (1/n + 1/m) times a chi-squared variable
    with one degree of freedom less than there are bins (Yurdakul and Naranjo, Statistical properties of the population
    stability index, Journal of Risk Model Validation 14(4), 2020).

    Parameters
    ----------
    before, now : (n_bins,)
        Values in each bin.
    """
    n, m = before.sum(), now.sum()
    if not n or not m:
        return None
    freedom = max(int(((before + now) > 0).sum()) - 1, 1)
    return float((1 / n + 1 / m) * chi2.ppf(0.95, freedom))


def level(index: float | None, limit: float | None) -> str:
    """Return what a stability index is called: none, moderate or large; within chance it is none, unknown if None."""
    if index is None or limit is None:
        return "unknown"
    if index <= limit or index < MODERATE:
        return "none"
    return "large" if index >= LARGE else "moderate"
