"""How models do on parts of the holdout: on each class, and on the rows with some value in a column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.forest.resampling import score_once

LEAST_ROWS = 30
"""Of fewer rows a score says little, and the worst slice would always be the smallest one."""
_MOST_VALUES = 10
_QUARTERS = 4


@dataclass(frozen=True)
class Slice:
    """Some rows of the holdout.

    Attributes
    ----------
    column, value
        What they have in common; of a class, the target and the class.
    rows
        How many they are.
    scores
        For each model the chosen score on them, None where it is not defined; of a class its recall.
    """

    column: str
    value: str
    rows: int
    scores: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes."""
        return asdict(self)


def slices(
    scoring: str, codes: np.ndarray, probabilities: Mapping[str, np.ndarray], labels: pd.Series, columns: pd.DataFrame
) -> list[Slice]:
    """Return the slices with at least 30 rows, in the columns' order.

    Parameters
    ----------
    scoring
        The chosen scorer's name.
    codes : (n_rows,) int64
        True classes.
    probabilities : each (n_rows, n_classes) float64
        Of each model.
    labels : (n_rows,)
        The true classes as text; its name is the target's.
    columns : (n_rows, n_columns)
        What to slice by. Numbers and dates with more than ten different values are cut at their quartiles; a missing
        value is a value.
    """
    found = []
    for series, score in [(labels, "accuracy"), *((columns[name], scoring) for name in columns)]:
        for value, mask in _parts(series):
            rows = int(mask.sum())
            if rows >= LEAST_ROWS:
                scores = {
                    name: score_once(score, codes[mask], predicted[mask]) for name, predicted in probabilities.items()
                }
                found.append(Slice(str(series.name), value, rows, scores))
    return found


def worst_first(found: list[Slice], model: str) -> list[Slice]:
    """Return the slices by the model's score, those without one last."""
    return sorted(found, key=lambda part: math.inf if part.scores[model] is None else part.scores[model])


def _parts(series: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    is_ordered = pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_datetime64_any_dtype(series.dtype)
    if is_ordered and not pd.api.types.is_bool_dtype(series.dtype) and series.nunique() > _MOST_VALUES:
        quarters = pd.qcut(series, _QUARTERS, labels=False, duplicates="drop")
        for quarter in np.unique(quarters.dropna()):
            mask = (quarters == quarter).to_numpy()
            yield f"{_shown(series[mask].min())} to {_shown(series[mask].max())}", mask
    else:
        codes, values = pd.factorize(series, sort=True)
        for code, value in enumerate(values):
            yield _shown(value), codes == code
    if series.isna().any():
        yield "missing", series.isna().to_numpy()


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)
