"""A trainer, but for its pipeline: from a split to a logged model and all that was tried on the way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from steps.forest.cross_validation import CrossValidation
from steps.forest.encoder import encoder
from steps.forest.labels import encode_labels
from steps.forest.metrics import column_importances
from steps.forest.options import SEARCH_OPTIONS
from steps.forest.pipelines import settings, with_classes
from steps.forest.plan import candidates
from steps.forest.scoring import check_scoring
from steps.forest.search import Search, check_rows
from steps.forest.search import search as find_best
from steps.forest.workers import Workers
from steps.lineage.artifacts import Artifact, fetch, publish
from steps.lineage.cache import CACHE_OPTIONS
from steps.lineage.candidates import CandidateRuns, show
from steps.lineage.datasets import log_dataset
from steps.lineage.keys import own_key, record_key, stay_apart
from steps.lineage.model_files import content_digest, model_digests, model_folder
from steps.lineage.models import log_model
from steps.serving.grove_model import MODEL_FILE
from steps.table.columns import check_target
from steps.table.profile import PROFILE
from steps.table.schema import Schema
from steps.table.stored import read_verified
from steps.training.progress import Progress
from steps.training.summary import log_search
from steps.training.turns import own_turn

TRAINING_OPTIONS = (
    "split",
    "target",
    "max_categories",
    "scoring",
    "search",
    "cv",
    "seed",
    "n_jobs",
    "compute",
    "cache",
)
"""What all trainers take beside their grids."""
TRAINING_TYPES = SEARCH_OPTIONS | {"cache": CACHE_OPTIONS["cache"]}
"""Option to its type."""


@dataclass(frozen=True)
class TrainingRows:
    """The training side of a split: raw rows, their classes as codes, the classes, and where it came from."""

    source: Artifact
    schema: Schema
    rows: pd.DataFrame
    codes: np.ndarray
    classes: np.ndarray


def train(
    step: str,
    build: Callable[[ColumnTransformer, int], Pipeline],
    grids: Mapping[str, tuple[Any, ...]],
    *,
    split: str,
    target: str,
    max_categories: int,
    scoring: str,
    search: str,
    cv: int,
    seed: int,
    n_jobs: int,
    compute: str,
    cache: str,
) -> TrainingResult:
    """Search the grids for the pipeline that `build` returns, and log what was found in the active run.

    Parameters
    ----------
    step
        The entry point's name.
    build
        Makes the pipeline from an encoder of raw rows and the seed.
    grids
        Hyperparameter to the values to try.
    split, target, max_categories, scoring, search, cv, seed, n_jobs, compute, cache
        The trainer's options.
    """
    if cache == "off":
        stay_apart()
    with threadpool_limits(1), Workers(n_jobs, compute) as workers:  # of BLAS and OpenMP
        data = read_training_rows(split, target)
        check_scoring(scoring, len(data.classes))
        check_rows(data.codes, data.classes.tolist(), cv, grids.get("n_clusters", ()))
        schema = data.schema
        pipeline = build(encoder(schema.numeric, schema.dates, schema.categorical, max_categories), seed)
        key = own_key(step, {"split": data.source.fingerprint})
        with own_turn():
            runs = CandidateRuns(mlflow.active_run(), key, grids, scoring=scoring, n_folds=cv, take=cache == "use")
            with runs, Progress(step, cv, runs) as progress:
                validation = CrossValidation(pipeline, data.rows, data.codes, scoring, workers, progress)
                found = find_best(validation, candidates(grids), method=search, cv=cv, seed=seed)
            chosen = {name: found.candidates.loc[found.best, name] for name in grids}
            importances = column_importances(
                clone(pipeline).set_params(**settings(chosen)),
                data.rows,
                data.codes,
                scorer=get_scorer(scoring),
                cv=cv,
                seed=seed,
                n_jobs=workers.n_jobs,
            )
    best = {name: show(value) for name, value in chosen.items()}
    log_search(step, found, best, importances, len(data.rows), scoring)
    mlflow.set_tag("grove.data.fingerprint", data.source.manifest["data_fingerprint"])
    fitted = with_classes(found.pipeline, data.classes)
    model = log_model(fitted, data.schema, data.rows.head(5), data.classes, data.source.folder / PROFILE)
    _publish(step, data, found, best, importances, model.model_uri, scoring=scoring, cv=cv, seed=seed)
    record_key(step, {"split": data.source.fingerprint})
    return TrainingResult(data, found)


@dataclass(frozen=True)
class TrainingResult:
    """What a trainer may draw more figures from."""

    data: TrainingRows
    found: Search


def read_training_rows(split: str, target: str) -> TrainingRows:
    """Fetch the split, log its training rows as a dataset of the active run, and return them."""
    source = fetch(split, "split")
    schema = Schema.from_dict(source.manifest["schema"])
    check_target(schema, target)
    rows = read_verified(source.folder / "train.parquet").to_pandas(date_as_object=False)
    codes, classes = encode_labels(rows[schema.target])
    log_dataset(split, schema, source.manifest["fingerprints"]["train"], name="train", context="training")
    return TrainingRows(source, schema, rows[schema.features], codes, classes)


def _publish(
    step: str,
    data: TrainingRows,
    found: Search,
    best: dict[str, str],
    importances: pd.DataFrame,
    model_uri: str,
    **options: Any,
) -> None:
    result = {
        "best": best,
        "candidates": len(found.each_once),
        "fold_scores": found.fold_scores,
        "mean_score": float(found.candidates.loc[found.best, "mean_score"]),
        "std_score": float(found.candidates.loc[found.best, "std_score"]),
        "classes": data.classes.tolist(),
        **options,
    }
    model = model_folder(model_uri)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "search.json").write_text(json.dumps(result, indent=2, ensure_ascii=False), encoding="utf-8")
        seconds = ["fit_seconds", "score_seconds"]  # differ from run to run, unlike all else
        found.candidates.drop(columns=seconds).to_csv(folder / "candidates.csv", index=False, lineterminator="\n")
        importances.to_csv(folder / "permutation_importances.csv", index=False, lineterminator="\n")
        publish(
            folder,
            "search",
            step=step,
            inputs=(data.source,),
            split_fingerprints=data.source.manifest["fingerprints"],
            data_fingerprint=data.source.manifest["data_fingerprint"],
            model_digest=content_digest(model / MODEL_FILE),
            apart={
                "model_uri": model_uri,
                "models": {model_uri: model_digests(model)},
                "seconds": found.candidates[seconds].to_dict("list"),
            },
        )
