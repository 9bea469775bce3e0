"""The holdout in parts: where the models are weak."""

from __future__ import annotations

from dataclasses import dataclass

import mlflow
import numpy as np
import pandas as pd

from steps.evaluation.contestants import Contestant
from steps.forest.labels import as_text
from steps.forest.slices import LEAST_ROWS, Slice, classes_apart, slices
from steps.table.schema import Schema


@dataclass(frozen=True)
class Parts:
    """Slices of the holdout.

    Attributes
    ----------
    classes
        One for each class, with its recall.
    slices, small
        By the values of columns, with the chosen score; and those that have too few rows for it.
    """

    classes: list[Slice]
    slices: list[Slice]
    small: list[Slice]


def parts_of(contestants: list[Contestant], schema: Schema, columns: pd.DataFrame) -> Parts:
    """Return the parts of the holdout by class and by the columns, (n_rows, n_columns)."""
    first = contestants[0]
    probabilities = {contestant.name: contestant.probabilities for contestant in contestants}
    texts = np.asarray(as_text(first.classes), dtype=object)[first.codes]
    classes = classes_apart(first.codes, probabilities, pd.Series(texts, name=schema.target))
    ordered = (*schema.numeric, *schema.dates)
    return Parts(classes, *slices(first.found["scoring"], first.codes, probabilities, columns, ordered))


def log_parts(parts: Parts) -> None:
    """Log the slices as a table, and each model's lowest recall and score among them as metrics."""
    for found, metric in ((parts.classes, "lowest_recall"), (parts.slices, "lowest_slice")):
        scores = pd.DataFrame([part.scores for part in found if part.rows >= LEAST_ROWS], dtype=float).min().dropna()
        mlflow.log_metrics({f"{name}_{metric}": score for name, score in scores.items()})
    rows = [
        {"column": part.column, "value": part.value, "rows": part.rows, **part.scores}
        for part in (*parts.slices, *parts.small)
    ]
    if rows:
        mlflow.log_text(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), "slices.csv")
