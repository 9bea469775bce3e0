"""Grid search with scikit-learn's GridSearchCV: every candidate, every fold, the best one fitted on all rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline

from steps.forest.pipelines import settings


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    candidates
        One row for each, in the grid's order: its hyperparameters, `mean_score`, `std_score`, `rank` (1 is
        best), `fit_seconds`, `score_seconds` (means over folds) and `fold_0`, `fold_1`, … (float64).
    best
        The row number of the best candidate; of equals the first.
    pipeline
        The best candidate fitted on all rows, its classes being codes.
    search_seconds, refit_seconds
        Wall time.
    """

    candidates: pd.DataFrame
    best: int
    pipeline: Pipeline
    search_seconds: float
    refit_seconds: float

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
    pipeline: Pipeline,
    candidates: Sequence[dict[str, Any]],
    rows: pd.DataFrame,
    codes: np.ndarray,
    *,
    scoring: str,
    cv: int,
    seed: int,
    n_jobs: int,
    on_fit: Callable[[], None],
) -> Search:
    """Score every candidate on every fold, then fit the best on all rows.

    Parameters
    ----------
    pipeline
        Not fitted; a candidate's hyperparameters are set on clones of it.
    candidates
        Hyperparameters by their short names.
    rows : (n_rows, n_features)
        Raw rows.
    codes : (n_rows,) int64
        Their classes.
    scoring, cv, seed
        The scorer's name, the number of folds, and the seed of their shuffling.
    n_jobs
        Threads; the result is the same for any number, as each forest is grown and asked by a single one.
    on_fit
        Called after each fit, from any thread.
    """
    scorer = get_scorer(scoring)

    def score(fitted: Pipeline, fold_rows: pd.DataFrame, fold_codes: np.ndarray) -> float:
        value = scorer(fitted, fold_rows, fold_codes)
        on_fit()
        return value

    grid = GridSearchCV(
        pipeline,
        [{name: [value] for name, value in settings(candidate).items()} for candidate in candidates],
        scoring=score,
        cv=folds(cv, seed),
        refit=False,
        n_jobs=n_jobs,
        error_score="raise",
    )
    started = time.perf_counter()
    with joblib.parallel_config(backend="threading"):
        grid.fit(rows, codes)
    searched = time.perf_counter()
    best = int(grid.best_index_)
    fitted = clone(pipeline).set_params(**settings(candidates[best]), forest__n_jobs=n_jobs).fit(rows, codes)
    fitted.set_params(forest__n_jobs=None)
    return Search(
        candidates=_results(candidates, grid.cv_results_, cv),
        best=best,
        pipeline=fitted,
        search_seconds=searched - started,
        refit_seconds=time.perf_counter() - searched,
    )


def _results(candidates: Sequence[dict[str, Any]], results: dict[str, np.ndarray], cv: int) -> pd.DataFrame:
    # As objects: a column that holds 16 and None must not become 16.0 and NaN.
    hyperparameters = pd.DataFrame(list(candidates), dtype=object)
    scores = pd.DataFrame(
        {
            "mean_score": results["mean_test_score"],
            "std_score": results["std_test_score"],
            "rank": results["rank_test_score"],
            "fit_seconds": results["mean_fit_time"],
            "score_seconds": results["mean_score_time"],
            **{f"fold_{fold}": results[f"split{fold}_test_score"] for fold in range(cv)},
        }
    )
    return pd.concat([hyperparameters, scores], axis=1)
