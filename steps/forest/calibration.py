"""Whether a model is right as often as it says that it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

_BINS = 10


def calibration(codes: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Return how sure a model is of its predictions, and how often these are right, in bins of about equally many rows.

    Parameters
    ----------
    codes : (n_rows,) int64
        True classes.
    probabilities : (n_rows, n_classes) float64
        Predicted; the prediction is the most probable class, the first of equals.

    Returns
    -------
    pandas.DataFrame
        At most ten bins, from the least sure one: `confidence` (mean probability of the predicted class), `accuracy`
        (share of right predictions), both float64, and `rows` (int64). Rows of equal confidence share a bin, which is
        the larger for it.
    """
    confidence = probabilities.max(axis=1)
    _, place, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / len(codes)
    rows = pd.DataFrame({"confidence": confidence, "accuracy": probabilities.argmax(axis=1) == codes, "rows": 1})
    found = rows.groupby((middles * _BINS).astype(int)[place])
    return found.agg({"confidence": "mean", "accuracy": "mean", "rows": "sum"}).reset_index(drop=True)


def expected_calibration_error(found: pd.DataFrame) -> float:
    """Return how far confidence and accuracy lie apart, the mean over all rows of their bins', from 0 to 1.

    Parameters
    ----------
    found
        What `calibration` returned.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI 29.
    """
    return float(np.average((found["confidence"] - found["accuracy"]).abs(), weights=found["rows"]))
