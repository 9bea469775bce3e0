"""Metrics of rows that come in batches and are not kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn import metrics

from steps.forest.metrics import absent_classes_allowed


@dataclass
class StreamedMetrics:
    """The metrics of `holdout_metrics` but for areas and the calibration error, which need all rows at once.

    Parameters
    ----------
    n_classes
        How many classes the probabilities are of.
    """

    n_classes: int
    matrix: np.ndarray = field(init=False)
    """(n_classes, n_classes) int64: rows by true and predicted class."""
    _log_loss: float = 0.0
    _brier: float = 0.0

    def __post_init__(self) -> None:
        """Begin with no rows."""
        self.matrix = np.zeros((self.n_classes, self.n_classes), np.int64)

    def add(self, codes: np.ndarray, probabilities: np.ndarray) -> None:
        """Count some rows.

        Parameters
        ----------
        codes : (n_rows,) int64
            True classes.
        probabilities : (n_rows, n_classes) float64
            Predicted; the prediction is the most probable class, the first of equals.
        """
        if not len(codes):
            return
        # scikit-learn's functions check and encode anew in each batch, which would take as long as the writing.
        cells = np.ravel_multi_index((codes, probabilities.argmax(axis=1)), self.matrix.shape)
        self.matrix += np.bincount(cells, minlength=self.matrix.size).reshape(self.matrix.shape)
        right = probabilities[np.arange(len(codes)), codes]
        tiny = np.finfo(probabilities.dtype).eps
        self._log_loss -= float(np.log(np.clip(right, tiny, 1 - tiny)).sum())
        squares = np.square(probabilities).sum() - 2 * right.sum() + len(codes)
        self._brier += float(squares) / (2 if self.n_classes == 2 else 1)

    @property
    def n_rows(self) -> int:
        """How many rows were counted."""
        return int(self.matrix.sum())

    def scores(self) -> dict[str, float]:
        """Return the metrics by name; none of no rows."""
        if not self.n_rows:
            return {}
        # A cell of the matrix stands for as many rows as it counts.
        true, predicted = np.nonzero(self.matrix)
        weights = self.matrix[true, predicted]
        with absent_classes_allowed():
            scores = {
                "accuracy": metrics.accuracy_score(true, predicted, sample_weight=weights),
                "balanced_accuracy": metrics.balanced_accuracy_score(true, predicted, sample_weight=weights),
                "f1_macro": metrics.f1_score(
                    true, predicted, average="macro", zero_division=0.0, sample_weight=weights
                ),
                "matthews_corrcoef": metrics.matthews_corrcoef(true, predicted, sample_weight=weights),
                "log_loss": self._log_loss / self.n_rows,
                "brier_score": self._brier / self.n_rows,
            }
        return {name: float(value) for name, value in scores.items()}
