"""The table of all candidates of a search, with scikit-learn's means, deviations and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from steps.forest.fits import FoldScore


def results(candidates: Sequence[Mapping[str, Any]], scores: Sequence[Sequence[FoldScore]]) -> pd.DataFrame:
    """Return one row for each candidate: hyperparameters, means over folds, rank, the score in each fold.

    Parameters
    ----------
    candidates
        Hyperparameters by their short names.
    scores
        For each candidate one of each fold.

    Returns
    -------
    pandas.DataFrame
        See `Search.candidates`. Equal means have the same rank; NaN is the worst.
    """
    # As objects: a column that holds 16 and None must not become 16.0 and NaN.
    hyperparameters = pd.DataFrame(list(candidates), dtype=object)
    score, fit_seconds, score_seconds = (
        np.array([[fold[part] for fold in fold_scores] for fold_scores in scores]) for part in range(3)
    )
    mean = np.average(score, axis=1)
    measured = pd.DataFrame(
        {
            "mean_score": mean,
            "std_score": np.sqrt(np.average((score - mean[:, np.newaxis]) ** 2, axis=1)),
            "rank": ranks(mean),
            "fit_seconds": np.average(fit_seconds, axis=1),
            "score_seconds": np.average(score_seconds, axis=1),
            **{f"fold_{fold}": score[:, fold] for fold in range(score.shape[1])},
        }
    )
    return pd.concat([hyperparameters, measured], axis=1)


def ranks(means: np.ndarray) -> np.ndarray:
    """Return the ranks, (n,) int32, of mean scores: 1 is the largest, equals have the same, NaN is the worst."""
    known = means[~np.isnan(means)]
    worst = known.min() - 1 if len(known) else 0.0
    return rankdata(-np.nan_to_num(means, nan=worst), method="min").astype(np.int32)
