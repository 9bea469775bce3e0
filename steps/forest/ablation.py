"""What each kind of cluster features adds to the forest, from the candidates' scores."""

from __future__ import annotations

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
        Cross-validated.
    comparison
        With the first variant; the first one has none.
    """

    model: str
    features: str | None
    row: int
    candidates: int
    score: float
    comparison: Comparison | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes."""
        return asdict(self)


def ablation(candidates: Mapping[str, pd.DataFrame], *, rope: float, n_rows: int) -> list[Variant]:
    """Return the best candidate of each kind, each compared with the first model's in the folds that they share.

    Of many kinds the best candidate of each is a little lucky, and a kind with more candidates luckier; the
    comparisons do not know.

    Parameters
    ----------
    candidates
        For each model a table such as `Search.candidates`; the first model is the plain one.
    rope, n_rows
        See `compare_folds`.
    """
    found: list[Variant] = []
    plain = None
    for model, table in candidates.items():
        for kind, of_kind in _kinds(on_all_rows(table)):
            best = int(of_kind["mean_score"].idxmax())
            scores = of_kind.loc[best].filter(regex=r"^fold_\d+$").astype(float).tolist()
            compared = None if plain is None else compare_folds(plain, scores, rope=rope, n_rows=n_rows)
            plain = plain or scores
            found.append(Variant(model, kind, best, len(of_kind), float(of_kind.loc[best, "mean_score"]), compared))
    return found


def on_all_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the candidates that were scored on all rows; halving scores most on fewer, which says less."""
    return table[table["n_rows"] == table["n_rows"].max()] if "n_rows" in table else table


def _kinds(table: pd.DataFrame) -> list[tuple[str | None, pd.DataFrame]]:
    if KIND not in table:
        return [(None, table)]
    return [(str(kind), of_kind) for kind, of_kind in table.groupby(KIND, sort=False)]
