"""One search in a process of its own, by Grove or by scikit-learn: what `search.py` measures.

Reads the shipped table; its options are JSON, see `Asked`. It is started from the project's folder with
`python -m benchmarks.search_once '{"side": "grove", …}'`.
Prints the scores of all candidates in all folds, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import mlflow
import numpy as np
import yaml
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from benchmarks.one_file import PROJECT, TRAINERS, load
from steps.forest.cross_validation import CrossValidation, Journal
from steps.forest.encoder import encoder
from steps.forest.fits import FoldScore
from steps.forest.grid import GRIDS
from steps.forest.labels import encode_labels
from steps.forest.pipelines import settings
from steps.forest.plan import candidates
from steps.forest.search import search
from steps.forest.workers import Workers
from steps.lineage.candidates import CandidateRuns
from steps.lineage.keys import step_key

SEED = 0
FOLDS = 5
MAX_CATEGORIES = 32


@dataclass(frozen=True)
class Asked:
    """Who searches what.

    Attributes
    ----------
    side
        grove, untold (that in a run), tracked (that with its candidates in Tracking), scikit (GridSearchCV) or
        autologged (that with MLflow's autologger).
    trainer
        train_rf or train_rf_kmeans.
    grids
        As the trainer's parameters.
    rows
        How many rows of the shipped table; 0 for all.
    scoring
        The scorer's name.
    compute
        As the trainer's parameter.
    n_jobs
        As the trainer's parameter.
    take
        Whether tracked candidates are taken over from an earlier search.
    """

    side: str
    trainer: str
    grids: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    scoring: str = "balanced_accuracy"
    compute: str = "local"
    n_jobs: int = -1
    take: bool = False


class Silent:
    """A journal that knows nothing and tells nobody."""

    def open(self, candidates: Any, n_rows: int | None) -> list[dict[int, FoldScore]]:
        """Know nothing."""
        return [{} for _ in candidates]

    def start(self, number: int) -> None:
        """Do nothing."""

    def score(self, number: int, fold: int, score: FoldScore) -> None:
        """Do nothing."""


def main(asked: Asked) -> None:
    """Search, and print the scores."""
    entries = yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    table, schema = load({name: about["default"] for name, about in entries["main"]["parameters"].items()})
    rows = table.select([*schema.features, schema.target]).to_pandas()
    if asked.rows:
        rows = rows.sample(asked.rows, random_state=SEED, ignore_index=True)
        counts = rows[schema.target].value_counts()
        rows = rows[rows[schema.target].isin(counts.index[counts >= FOLDS])].reset_index(drop=True)
    codes, _ = encode_labels(rows[schema.target])
    encode = encoder(schema.numeric, schema.dates, schema.categorical, MAX_CATEGORIES)
    tried = candidates({name: GRIDS[name].convert(text, None, None) for name, text in asked.grids.items()})
    pipeline = TRAINERS[asked.trainer](encode, SEED)
    by = by_scikit if asked.side in ("scikit", "autologged") else by_grove
    print(json.dumps(by(asked, pipeline, tried, rows[schema.features], codes).tolist()))


def by_grove(asked: Asked, pipeline: Any, tried: list[dict[str, Any]], rows: Any, codes: np.ndarray) -> np.ndarray:
    """Return Grove's scores, (n_candidates, n_folds)."""
    with journal(asked) as told, Workers(asked.n_jobs, asked.compute) as workers:
        validation = CrossValidation(pipeline, rows, codes, asked.scoring, workers, told)
        found = search(validation, tried, method="grid", cv=FOLDS, seed=SEED)
    return found.candidates[[f"fold_{fold}" for fold in range(FOLDS)]].to_numpy()


@contextlib.contextmanager
def journal(asked: Asked) -> Iterator[Journal]:
    """Give the journal of the side."""
    if asked.side == "grove":
        yield Silent()
        return
    if asked.side == "untold":
        with mlflow.start_run():
            yield Silent()
        return
    # As the steps do: MLflow's lines about a run are one more question to the server.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    parameters = {"scoring": asked.scoring, "cv": FOLDS, "seed": SEED, **asked.grids}
    key = step_key(asked.trainer, parameters, {"split": str(asked.rows)})
    with (
        mlflow.start_run() as run,
        CandidateRuns(run, key, list(asked.grids), scoring=asked.scoring, n_folds=FOLDS, take=asked.take) as told,
    ):
        yield told


def by_scikit(asked: Asked, pipeline: Any, tried: list[dict[str, Any]], rows: Any, codes: np.ndarray) -> np.ndarray:
    """Return GridSearchCV's scores, (n_candidates, n_folds)."""
    if asked.side == "autologged":
        mlflow.sklearn.autolog(max_tuning_runs=None, log_models=False)  # as the other side logs none
    grid = GridSearchCV(
        pipeline,
        [{name: [value] for name, value in settings(candidate).items()} for candidate in tried],
        scoring=asked.scoring,
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=SEED),
        n_jobs=asked.n_jobs,
    ).fit(rows, codes)
    return np.column_stack([grid.cv_results_[f"split{fold}_test_score"] for fold in range(FOLDS)])


if __name__ == "__main__":
    main(Asked(**json.loads(sys.argv[1])))
