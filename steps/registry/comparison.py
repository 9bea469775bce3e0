"""A new model and the champion on the same holdout rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from steps.forest.holdout import Interval, bootstrap
from steps.forest.labels import codes_of
from steps.forest.resampling import score_once
from steps.lineage.artifacts import Artifact, fetch
from steps.registry.trained import Trained
from steps.table.schema import Schema
from steps.table.split import row_hashes
from steps.table.stored import read_verified


@dataclass(frozen=True)
class Comparison:
    """Two scores on the same rows.

    Attributes
    ----------
    new, champion
        Scores, greater being better; None where the holdout lacks what the score needs.
    interval
        95 % bootstrap interval of the first minus the second, the same draws for both.
    seen
        How many of the rows the champion was trained on; None if that can't be told.
    """

    scoring: str
    new: float | None
    champion: float | None
    interval: Interval | None
    rows: int
    seen: int | None

    @property
    def difference(self) -> float | None:
        """The new score minus the champion's."""
        return None if self.new is None or self.champion is None else self.new - self.champion


def compare(new: Trained, champion: Trained, split: Artifact) -> Comparison:
    """Let both models predict the holdout, and compare their scores.

    A class that one of the models does not know has probability 0 there, so that rows of it count as wrong.
    """
    schema = Schema.from_dict(split.manifest["schema"])
    table = read_verified(split.folder / "test.parquet")
    rows = table.to_pandas(date_as_object=False)
    classes = np.unique(np.concatenate([new.classes, champion.classes]))
    codes = codes_of(rows[schema.target], classes)
    probabilities = {"champion": predict(champion, rows, classes), "new": predict(new, rows, classes)}
    scoring = new.found["scoring"]
    drawn = bootstrap([scoring], codes, probabilities, new.found["seed"])[scoring]
    return Comparison(
        scoring=scoring,
        **{name: score_once(scoring, codes, predicted) for name, predicted in probabilities.items()},
        interval=drawn.differences["new"],
        rows=len(codes),
        seen=rows_seen(champion, table, schema.target),
    )


def predict(model: Trained, rows: pd.DataFrame, classes: np.ndarray) -> np.ndarray:
    """Return the model's probabilities of the classes, (n_rows, n_classes) float64; 0 for those it does not know."""
    found = model.load().predict_proba(rows[list(model.features)])
    probabilities = np.zeros((len(rows), len(classes)))
    probabilities[:, np.searchsorted(classes, model.classes)] = found
    return probabilities


def rows_seen(champion: Trained, holdout: pa.Table, target: str) -> int | None:
    """Return how many holdout rows equal a row that the champion was trained on, in all columns that both tables have.

    None if the rows that it was trained on are gone.
    """
    try:
        split = fetch(f"runs:/{champion.search.chain['preprocess']}/split", "split")
        trained_on = read_verified(split.folder / "train.parquet")
    except (ValueError, OSError, KeyError):
        return None
    common = [name for name in holdout.column_names if name in trained_on.column_names]
    if target not in common:
        return None
    hashes = (row_hashes(table, common, as_read=False) for table in (holdout, trained_on))
    return int(np.isin(*hashes).sum())
