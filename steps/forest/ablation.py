"""What each kind of cluster features adds to the forest, from the candidates' scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from steps.forest.compare import Comparison, compare_folds

KIND = "cluster_features"


@dataclass(frozen=True)
class Variant:
    """The best candidate of a model with one kind of features.

    Attributes
    ----------
    model
        The step's name.
    features
        What is added to the table's own, None where nothing is.
    row
        Its row in the model's table of candidates.
    candidates
        How many there are of this kind.
    score
        Cross-validated; None where it is not defined on so few rows as halving had.
    rows
        On how many rows halving scored it last, before it left the kind; None where it was scored on all.
    comparison
        With the first variant; the first one has none, nor has one that halving left.
    """

    model: str
    features: str | None
    row: int
    candidates: int
    score: float | None
    rows: int | None
    comparison: Comparison | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes."""
        return asdict(self)


def ablation(candidates: Mapping[str, pd.DataFrame], *, rope: float, n_rows: int) -> list[Variant]:
    """Return the best candidate of each kind, each compared with the first model's in the folds that they share.

    A kind that halving left before all rows stands with the best candidate of the last round that it was in. A score
    on fewer rows says less, and is on other folds, so it is not compared.

    Of many kinds the best candidate of each is a little lucky, and a kind with more candidates luckier; the
    comparisons do not know.

    Parameters
    ----------
    candidates
        For each model a table such as `Search.candidates`, whose ranks put a later round before an earlier one; the
        first model is the plain one.
    rope, n_rows
        See `compare_folds`.
    """
    found: list[Variant] = []
    plain = None
    for model, table in candidates.items():
        for kind, of_kind in _kinds(table):
            row = int(of_kind["rank"].idxmin())
            best, rows = of_kind.loc[row], _rows_if_left(table, row)
            scores = best.filter(regex=r"^fold_\d+$").astype(float).tolist()
            is_comparable = plain is not None and rows is None
            compared = compare_folds(plain, scores, rope=rope, n_rows=n_rows) if is_comparable else None
            plain = plain or scores
            score = None if math.isnan(best["mean_score"]) else float(best["mean_score"])
            found.append(Variant(model, kind, row, _count(of_kind), score, rows, compared))
    return found


def _rows_if_left(table: pd.DataFrame, row: int) -> int | None:
    if "n_rows" not in table or table.loc[row, "n_rows"] == table["n_rows"].max():
        return None
    return int(table.loc[row, "n_rows"])


def _count(of_kind: pd.DataFrame) -> int:
    """Return how many candidates there are, each once: all are in the first round of halving."""
    return int((of_kind["round"] == 0).sum()) if "round" in of_kind else len(of_kind)


def _kinds(table: pd.DataFrame) -> list[tuple[str | None, pd.DataFrame]]:
    if KIND not in table:
        return [(None, table)]
    return [(str(kind), of_kind) for kind, of_kind in table.groupby(KIND, sort=False)]
