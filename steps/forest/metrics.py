"""What a model scores on the holdout: metrics, curves, and how much each column matters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.inspection import permutation_importance
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from steps.forest.calibration import calibration, expected_calibration_error
from steps.forest.scoring import TWO_CLASSES
from steps.forest.search import folds

Curve = tuple[np.ndarray, np.ndarray, float]


@contextmanager
def absent_classes_allowed() -> Iterator[None]:
    """Let metrics be computed where some class has no rows."""
    # A class without rows in the holdout has no recall, and is not averaged; preprocess has said that it is absent.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
        warnings.filterwarnings("ignore", message="A single label was found in 'y_true' and 'y_pred'")
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        yield


def holdout_metrics(codes: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict[str, float]:
    """Return metrics that `mlflow.models.evaluate` leaves out, by scikit-learn's definitions.

    Parameters
    ----------
    codes : (n_rows,) int64
        True classes.
    probabilities : (n_rows, n_classes) float64
        Predicted; the prediction is the most probable class, the first of equals.
    classes
        The names of all classes; those without a row in the holdout do not count, but for f1_macro, which takes
        one that was predicted for 0.
    """
    predicted = probabilities.argmax(axis=1)
    every = np.arange(len(classes))
    with absent_classes_allowed():
        scores = {
            "accuracy": metrics.accuracy_score(codes, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(codes, predicted),
            "f1_macro": metrics.f1_score(codes, predicted, average="macro", zero_division=0.0),
            "matthews_corrcoef": metrics.matthews_corrcoef(codes, predicted),
            "log_loss": metrics.log_loss(codes, probabilities, labels=every),
            "brier_score": metrics.brier_score_loss(codes, probabilities, labels=every),
            "expected_calibration_error": expected_calibration_error(calibration(codes, probabilities)),
        }
    area = mean_area(codes, probabilities, classes)
    if area is not None:
        scores["roc_auc_ovr"] = area
    return {name: float(value) for name, value in scores.items()}


def mean_area(codes: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> float | None:
    """Return the mean area under the classes' ROC curves, of those that have one; None if none has."""
    areas = [area for _, _, area in roc_curves(codes, probabilities, classes).values()]
    return float(np.mean(areas)) if areas else None


def holdout_score(scoring: str, pipeline: Pipeline, rows: pd.DataFrame, codes: np.ndarray) -> float | None:
    """Return the score on raw rows, (n_rows, n_features); None where it is not defined.

    Areas under curves are not, when some class has no rows among these; but `roc_auc_ovr` is, as `mean_area`.
    """
    if scoring == "neg_log_loss":
        every = np.arange(len(pipeline.classes_))
        return -float(metrics.log_loss(codes, pipeline.predict_proba(rows), labels=every))
    if scoring == "roc_auc_ovr":
        return mean_area(codes, pipeline.predict_proba(rows), [str(code) for code in pipeline.classes_])
    lacks_class = len(np.unique(codes)) < len(pipeline.classes_)
    if lacks_class and scoring in TWO_CLASSES and scoring != "neg_brier_score":
        return None  # scikit-learn makes some of them 0
    try:
        with absent_classes_allowed():
            score = float(metrics.get_scorer(scoring)(pipeline, rows, codes))
    except ValueError:
        if not lacks_class:
            raise
        return None
    return None if math.isnan(score) else score


def roc_curves(codes: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict[str, Curve]:
    """Return for each class, against the rest: false positive rates, true positive rates, and the area.

    With two classes there is one curve, for the last one. A class with no rows, or with all, has none.
    """
    curves = {}
    for code in _to_draw(codes, classes):
        false_positive, true_positive, _ = metrics.roc_curve(codes == code, probabilities[:, code])
        curves[classes[code]] = (
            false_positive,
            true_positive,
            float(metrics.auc(false_positive, true_positive)),
        )
    return curves


def precision_recall_curves(codes: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict[str, Curve]:
    """Return for each class, against the rest: recalls, precisions, and the average precision; as `roc_curves`."""
    curves = {}
    for code in _to_draw(codes, classes):
        precision, recall, _ = metrics.precision_recall_curve(codes == code, probabilities[:, code])
        average = metrics.average_precision_score(codes == code, probabilities[:, code])
        curves[classes[code]] = (recall, precision, float(average))
    return curves


def _to_draw(codes: np.ndarray, classes: list[str]) -> list[int]:
    counts = np.bincount(codes, minlength=len(classes))
    drawable = [code for code in range(len(classes)) if 0 < counts[code] < len(codes)]
    return [code for code in drawable if len(classes) > 2 or code == 1]


def column_importances(
    pipeline: Pipeline, rows: pd.DataFrame, codes: np.ndarray, *, scorer: Any, cv: int, seed: int, n_jobs: int
) -> pd.DataFrame:
    """Return how much the score falls when a raw column is shuffled, on rows that the forest has not seen.

    The pipeline is fitted anew on the first fold's training rows and asked on rows of its validation part. A wide
    table has many columns to shuffle: beyond 20 it is one shuffle of at most 500 rows, else three of at most 1,000.
    Every class keeps a row, as some scorers fail without. `n_jobs` threads shuffle and ask.

    Returns
    -------
    pandas.DataFrame
        One row a column: `column`, `mean` and `std` of the fall in score, the largest first.
    """
    train, validation = next(folds(cv, seed).split(rows, codes))
    is_wide = rows.shape[1] > 20
    shuffled = np.random.default_rng(seed).permutation(validation)
    _, first = np.unique(codes[shuffled], return_index=True)
    chosen = np.concatenate([first, np.delete(np.arange(len(shuffled)), first)])[: 500 if is_wide else 1000]
    validation = np.sort(shuffled[chosen])
    with joblib.parallel_config("threading"), threadpool_limits(1):
        fitted = clone(pipeline).fit(rows.iloc[train], codes[train])
        found = permutation_importance(
            fitted,
            rows.iloc[validation],
            codes[validation],
            scoring=scorer,
            n_repeats=1 if is_wide else 3,
            random_state=seed,
            n_jobs=n_jobs,
        )
    table = pd.DataFrame({"column": rows.columns, "mean": found.importances_mean, "std": found.importances_std})
    return table.sort_values("mean", ascending=False, kind="stable", ignore_index=True)
