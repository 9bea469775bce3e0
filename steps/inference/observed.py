"""What was seen of all rows that were scored: their drift from training, and the metrics where they had labels."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from steps.forest.streaming import StreamedMetrics
from steps.inference.model import TrainedModel
from steps.inference.scorer import ScoredBatch
from steps.table.conform import NO_LABEL, OTHER_LABEL
from steps.table.drift import chance_limit, level, stability_index

_MOST_LABELS = 1000


class Observed:
    """Sums over batches; their memory does not grow with the rows.

    Parameters
    ----------
    model
        The one that scores.
    """

    def __init__(self, model: TrainedModel) -> None:
        self._model = model
        self.rows = 0
        self.unlabelled = 0
        self.mislabelled = 0
        self.other_labels: Counter[str] = Counter()
        self.metrics = StreamedMetrics(len(model.classes))
        self._predicted = np.zeros(len(model.classes), np.int64)
        self._bins: dict[str, np.ndarray] = {}
        self._missing: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def add(self, batch: ScoredBatch) -> None:
        """Count the rows of a batch."""
        self.rows += batch.rows.num_rows
        self._predicted += np.bincount(batch.probabilities.argmax(axis=1), minlength=len(self._predicted))
        for name, counts in batch.bins.items():
            self._bins[name] = self._bins.get(name, 0) + counts
        self._missing.update(batch.missing)
        self._unknown.update(batch.unknown)
        if batch.codes is None:
            return
        self.unlabelled += int((batch.codes == NO_LABEL).sum())
        self.mislabelled += int((batch.codes == OTHER_LABEL).sum())
        for label, count in batch.unknown_labels.items():
            if label in self.other_labels or len(self.other_labels) < _MOST_LABELS:
                self.other_labels[label] += count
        labelled = batch.codes >= 0
        self.metrics.add(batch.codes[labelled], batch.probabilities[labelled])

    def columns(self) -> list[dict[str, Any]]:
        """Return for each feature how it differs from training, the worst first.

        Returns
        -------
        list of dict
            `name`; `psi`, its population stability index over the bins of its profile, missing values being one more
            bin, and `chance`, what 95 % stay below without any change; `level`; `missing_before` and `missing`, shares;
            `unknown`, the share of categories that training had not. None where it can't be told.
        """
        found = [self._column(feature.name) for feature in self._model.features]
        return sorted(found, key=lambda column: -1.0 if column["psi"] is None else column["psi"], reverse=True)

    def _column(self, name: str) -> dict[str, Any]:
        about = (self._model.profile or {}).get("columns", {}).get(name)
        index = limit = before = None
        if about is not None and self.rows:
            then = np.array([*about["counts"], about["missing"]])
            index, limit = stability_index(then, self._bins[name]), chance_limit(then, self._bins[name])
            before = about["missing"] / self._model.profile["rows"]
        return {
            "name": name,
            "psi": index,
            "chance": limit,
            "level": level(index, limit),
            "missing_before": before,
            "missing": self._missing[name] / self.rows if self.rows else None,
            "unknown": self._unknown[name] / self.rows if self.rows and name in self._model.known else None,
        }

    def classes(self) -> dict[str, Any]:
        """Return the share of each class among the training rows and among the predictions, and their stability index.

        Returns
        -------
        dict
            `psi`, `chance` and `level` as of a column; `shares`: a list of `name`, `before` and `predicted`.
        """
        texts = self._model.class_texts
        counts = (self._model.profile or {}).get("classes", {})
        then = np.array([counts.get(text, 0) for text in texts])
        index, limit = stability_index(then, self._predicted), chance_limit(then, self._predicted)
        shares = [
            {
                "name": text,
                "before": int(before) / int(then.sum()) if then.sum() else None,
                "predicted": int(now) / self.rows if self.rows else None,
            }
            for text, before, now in zip(texts, then, self._predicted, strict=True)
        ]
        return {"psi": index, "chance": limit, "level": level(index, limit), "shares": shares}
