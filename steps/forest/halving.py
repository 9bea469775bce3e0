"""Successive halving: all candidates on few rows, the better third of them on three times as many, and so on."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import resample

from steps.forest.cross_validation import CrossValidation, Split
from steps.forest.results import results

FACTOR = 3
"""How many times as many rows, and how many times fewer candidates, the next round has; scikit-learn's default."""


def halve(
    validation: CrossValidation, candidates: Sequence[dict[str, Any]], splits: Sequence[Split], seed: int
) -> tuple[pd.DataFrame, float]:
    """Score candidates in the rounds of scikit-learn's HalvingGridSearchCV, then the last one's best on all rows.

    Only the last score can be compared with those of other searches: it is on the folds that all share.

    Returns
    -------
    table : pandas.DataFrame
        As `results.results`, for each candidate of each round, and with the columns `round` (from 0) and `n_rows`. A
        later round ranks before an earlier one.
    grown
        How many trees were grown; one that was grown on a share of the rows counts as this share.
    """
    n_rows = len(validation.codes)
    tables: list[pd.DataFrame] = []
    grown = 0.0

    def play(number: int, left: Sequence[dict[str, Any]], rows: int | None) -> np.ndarray:
        nonlocal grown
        share = 1.0 if rows is None else rows / n_rows
        played = splits if rows is None else [_part(split, share, seed) for split in splits]
        scored = validation.score(left, played, first=sum(map(len, tables)), n_rows=rows)
        grown += scored.grown * share
        table = results(left, scored.scores)
        table.insert(len(left[0]), "round", number)
        table.insert(len(left[0]) + 1, "n_rows", n_rows if rows is None else rows)
        tables.append(table)
        return table["mean_score"].to_numpy()

    left = list(candidates)
    best = left[0]
    for number, rows in enumerate(rounds(candidates, splits, validation.codes)):
        means = play(number, left, rows)
        order = np.roll(np.argsort(means), np.count_nonzero(np.isnan(means)))  # the worst first
        best = left[0 if np.isnan(means).all() else int(np.nanargmax(means))]
        left = [left[position] for position in order[-ceil(len(left) / FACTOR) :]]
    play(len(tables), [best], None)
    return _in_one(tables), grown


def rounds(candidates: Sequence[dict[str, Any]], splits: Sequence[Split], codes: np.ndarray) -> list[int]:
    """Return the number of rows in each round; scikit-learn's `min_resources="exhaust"`.

    The first round has enough for the largest number of clusters. A single candidate needs no round.
    """
    if len(candidates) == 1:
        return []
    n_rows = len(codes)
    clusters = max(candidate.get("n_clusters", 0) for candidate in candidates)
    smallest = min(len(train) for train, _ in splits)
    for_clusters = next(rows for rows in range(n_rows + 1) if int(rows / n_rows * smallest) >= clusters)
    required = 1 + floor(log(len(candidates), FACTOR))
    least = max(2 * len(splits) * len(np.unique(codes)), for_clusters, n_rows // FACTOR ** (required - 1))
    least = min(n_rows, least)
    possible = 1 + floor(log(n_rows // least, FACTOR))
    return [min(n_rows, least * FACTOR**number) for number in range(min(required, possible))]


def _part(split: Split, share: float, seed: int) -> Split:
    train, validation = (
        resample(side, replace=False, random_state=seed, n_samples=int(share * len(side))) for side in split
    )
    return train, validation


def _in_one(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    before = 0
    for table in reversed(tables):
        table["rank"] += before
        before += len(table)
    return pd.concat(tables, ignore_index=True)
