"""How models do on parts of the holdout: on each class, and on the rows with some value in a column."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from steps.forest.holdout import Interval
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
        What they have in common, None being a missing value; of a class, the target and the class.
    rows
        How many they are.
    scores
        For each model its score on them, None where it has none.
    intervals
        For each model the 95 % interval of its score; of a class only.
    """

    column: str
    value: str | None
    rows: int
    scores: dict[str, float | None]
    intervals: dict[str, Interval] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes."""
        return asdict(self)


def classes_apart(codes: np.ndarray, probabilities: Mapping[str, np.ndarray], labels: pd.Series) -> list[Slice]:
    """Return a slice for each class that has rows, the score being its recall, with Wilson's interval.

    Parameters
    ----------
    codes : (n_rows,) int64
        True classes.
    probabilities : each (n_rows, n_classes) float64
        Of each model.
    labels : (n_rows,)
        The true classes as text; its name is the target's.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209-212.
    """
    right = pd.DataFrame({name: predicted.argmax(axis=1) == codes for name, predicted in probabilities.items()})
    found = []
    for label, of_class in right.groupby(labels.to_numpy()):
        tests = {name: stats.binomtest(int(hits.sum()), len(hits)) for name, hits in of_class.items()}
        intervals = {name: test.proportion_ci(method="wilson") for name, test in tests.items()}
        found.append(
            Slice(
                str(labels.name),
                str(label),
                len(of_class),
                {name: float(test.statistic) for name, test in tests.items()},
                {name: (float(interval.low), float(interval.high)) for name, interval in intervals.items()},
            )
        )
    return found


def slices(
    scoring: str,
    codes: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    columns: pd.DataFrame,
    ordered: Collection[str],
) -> tuple[list[Slice], list[Slice]]:
    """Return the slices by the values of columns, and those with fewer than 30 rows, which have no scores.

    Parameters
    ----------
    scoring
        The chosen scorer's name.
    codes, probabilities
        As for `classes_apart`.
    columns : (n_rows, n_columns)
        What to slice by; a missing value is a value.
    ordered
        The columns that are numbers or dates. Of these a value with more than a quarter of the rows is a slice, and if
        the others have more than ten different values, they are cut at their quartiles.
    """
    found, small = [], []
    for name in columns:
        for value, mask in _parts(columns[name], name in ordered):
            rows = int(mask.sum())
            if rows < LEAST_ROWS:
                small.append(Slice(str(name), value, rows, {}))
                continue
            scores = {
                model: score_once(scoring, codes[mask], predicted[mask]) for model, predicted in probabilities.items()
            }
            found.append(Slice(str(name), value, rows, scores))
    return found, small


def worst_first(found: list[Slice], model: str) -> list[Slice]:
    """Return the slices by the model's score, those without one last."""
    return sorted(found, key=lambda part: math.inf if part.scores[model] is None else part.scores[model])


def _parts(series: pd.Series, is_ordered: bool) -> Iterator[tuple[str | None, np.ndarray]]:
    counts = series.value_counts()
    frequent = counts.index[counts > len(series) / _QUARTERS]
    others = series[~series.isin(frequent)]
    if is_ordered and others.nunique() > _MOST_VALUES:
        for value in sorted(frequent):
            yield _shown(value), (series == value).fillna(False).to_numpy(bool)
        quarters = pd.qcut(others, _QUARTERS, labels=False, duplicates="drop").reindex(series.index)
        for quarter in np.unique(quarters.dropna()):
            mask = (quarters == quarter).to_numpy()
            yield f"{_shown(series[mask].min())} to {_shown(series[mask].max())}", mask
    else:
        codes, values = pd.factorize(series, sort=True)
        for code, value in enumerate(values):
            yield _shown(value), codes == code
    if series.isna().any():
        yield None, series.isna().to_numpy()


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return repr(float(value)).removesuffix(".0")
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return str(value.date())
    return str(value)
