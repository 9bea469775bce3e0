"""Search over candidates: every one scored on every fold, as scikit-learn's GridSearchCV does, the work shared."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from steps.forest.cross_validation import CrossValidation
from steps.forest.halving import halve
from steps.forest.pipelines import settings
from steps.forest.plan import trees
from steps.forest.results import results


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    candidates
        One row for each, in the grid's order: its hyperparameters, `mean_score`, `std_score`, `rank` (1 is
        best), `fit_seconds`, `score_seconds` (means over folds, of what the candidate would take by itself) and
        `fold_0`, `fold_1`, … (float64).
    best
        The row number of the best candidate; of equals the first.
    pipeline
        The best candidate fitted on all rows, its classes being codes.
    grown_trees, trees
        How many trees were grown in all folds together, one on a share of the rows counting as this share; and how
        many it takes to grow every candidate by itself.
    search_seconds, refit_seconds
        Wall time.
    """

    candidates: pd.DataFrame
    best: int
    pipeline: Pipeline
    grown_trees: float
    trees: int
    search_seconds: float
    refit_seconds: float

    @property
    def each_once(self) -> pd.DataFrame:
        """The candidates; of one that halving tried more than once the last time, which saw most rows."""
        if "round" not in self.candidates:
            return self.candidates
        hyperparameters = self.candidates.loc[:, :"round"].drop(columns="round")
        return self.candidates[~hyperparameters.map(repr).duplicated(keep="last")]  # 1 and 1.0 are equal, as values

    @property
    def fold_scores(self) -> list[float]:
        """The best candidate's score in each fold."""
        return self.candidates.filter(regex=r"^fold_\d+$").loc[self.best].tolist()


def folds(cv: int, seed: int) -> StratifiedKFold:
    """Return the folds that all variants share."""
    return StratifiedKFold(n_splits=cv, shuffle=True, random_state=seed)


def check_rows(codes: np.ndarray, classes: Sequence[Any], cv: int, n_clusters: Sequence[int] = ()) -> None:
    """Raise ValueError when there are too few rows for the folds or for the clusters.

    Parameters
    ----------
    codes : (n_rows,) int64
        The class of each row, as a position in `classes`.
    classes
        The labels, for the message.
    cv
        The number of folds.
    n_clusters
        The numbers of clusters to try.
    """
    counts = np.bincount(codes, minlength=len(classes))
    fewest = int(counts.argmin())
    if counts[fewest] < cv:
        raise ValueError(
            f"Got {counts[fewest]} training rows of class {classes[fewest]!r}, expected at least cv={cv}: "
            f"lower cv, or leave such classes out with min_class_rows and rare_classes=drop."
        )
    smallest_fold = len(codes) - -(-len(codes) // cv)
    if max(n_clusters, default=0) > smallest_fold:
        raise ValueError(
            f"Got n_clusters={max(n_clusters)}, expected at most the {smallest_fold} training rows of a fold."
        )


def search(
    validation: CrossValidation, candidates: Sequence[dict[str, Any]], *, method: str, cv: int, seed: int
) -> Search:
    """Score candidates on folds, and fit the best on all rows.

    Parameters
    ----------
    validation
        Scores them. The result is the same for any number of its workers, as a single thread grows and asks a forest.
    candidates
        Hyperparameters by their short names.
    method
        `grid`, which scores every candidate on every fold, as scikit-learn's GridSearchCV; or `halving`, see
        `halving.Halving`.
    cv, seed
        The number of folds, and the seed of their shuffling.
    """
    started = time.perf_counter()
    splits = list(folds(cv, seed).split(validation.rows, validation.codes))
    if method == "halving":
        table, grown = halve(validation, candidates, splits, seed)
    else:
        scored = validation.score(candidates, splits)
        table, grown = results(candidates, scored.scores), float(scored.grown)
    searched = time.perf_counter()
    best = int(table["rank"].argmin())
    hyperparameters = settings({name: table.loc[best, name] for name in candidates[0]})
    n_jobs = validation.workers.n_jobs
    fitted = clone(validation.pipeline).set_params(**hyperparameters, forest__n_jobs=n_jobs)
    with threadpool_limits(1):
        fitted.fit(validation.rows, validation.codes).set_params(forest__n_jobs=None)
    return Search(
        candidates=table,
        best=best,
        pipeline=fitted,
        grown_trees=grown,
        trees=cv * sum(trees(validation.pipeline, candidate) for candidate in candidates),
        search_seconds=searched - started,
        refit_seconds=time.perf_counter() - searched,
    )
