"""The features of a fold: what candidates have in common is computed once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, Pipeline


@dataclass(frozen=True)
class Features:
    """What a forest sees of a fold, as blocks of columns to be put side by side; candidates share the blocks.

    Attributes
    ----------
    train, validation : blocks, each (n_rows, n_columns)
        The two sides of the fold, by the same transformers, fitted on the first.
    seconds
        By transformer, what fitting and what asking it took.
    """

    train: tuple[Any, ...]
    validation: tuple[Any, ...]
    seconds: dict[Any, tuple[float, float]]

    @property
    def fit_seconds(self) -> float:
        """What it takes to make these features alone."""
        return sum(fit for fit, _ in self.seconds.values())

    @property
    def transform_seconds(self) -> float:
        """What it takes to make those of the validation rows, when all is fitted."""
        return sum(transform for _, transform in self.seconds.values())


class Fold:
    """Puts the rows of one fold through any number of pipelines, each transformer being fitted once.

    Transformers are the same when they have the same class and parameters and see the same input.

    Parameters
    ----------
    rows : (n_rows, n_features)
        Raw rows.
    codes : (n_rows,) int64
        Their classes.
    train, validation : (n,) int64
        Positions of rows.
    """

    def __init__(self, rows: pd.DataFrame, codes: np.ndarray, train: np.ndarray, validation: np.ndarray) -> None:
        self._codes = codes[train]
        self._given = Features((rows.iloc[train],), (rows.iloc[validation],), {})
        self._done: dict[Any, Features] = {}

    def through(self, steps: Sequence[tuple[str, Any]]) -> Features:
        """Return the rows after all of a pipeline's steps, as float64 or whatever the steps make of them."""
        return reduce(self._through, [step for _, step in steps], self._given)

    def _through(self, given: Features, step: Any) -> Features:
        if isinstance(step, str) and step == "passthrough":
            return given
        if isinstance(step, Pipeline):
            return reduce(self._through, [inner for _, inner in step.steps], given)
        if isinstance(step, FeatureUnion):
            return _beside([self._through(given, part) for _, part in step.transformer_list])
        key = (joblib.hash(step), *map(id, given.train))
        if key not in self._done:  # which keeps its input alive, so that the id stays its own
            self._done[key] = self._fit(given, step, key)
        return self._done[key]

    def _fit(self, given: Features, step: Any, key: Any) -> Features:
        fitted = clone(step)
        started = time.perf_counter()
        rows = stacked(given.train)
        if hasattr(fitted, "fit_transform"):
            train = fitted.fit_transform(rows, self._codes)
        else:  # as in Pipeline: a transformer need not have both in one, FrozenEstimator has not
            train = fitted.fit(rows, self._codes).transform(rows)
        between = time.perf_counter()
        validation = fitted.transform(stacked(given.validation))
        seconds = (between - started, time.perf_counter() - between)
        return Features((train,), (validation,), {**given.seconds, key: seconds})


def stacked(blocks: tuple[Any, ...]) -> Any:
    """Return the blocks side by side; a single one as it is."""
    return blocks[0] if len(blocks) == 1 else np.hstack(blocks)


def _beside(parts: list[Features]) -> Features:
    return Features(
        tuple(block for part in parts for block in part.train),
        tuple(block for part in parts for block in part.validation),
        reduce(lambda known, part: known | part.seconds, parts, {}),
    )
