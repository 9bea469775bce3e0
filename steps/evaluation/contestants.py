"""The models that are compared: loaded, and asked about the holdout."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from steps.forest.clusters import cluster_share
from steps.forest.labels import codes_of
from steps.forest.metrics import holdout_score
from steps.forest.pipelines import with_classes
from steps.lineage.artifacts import Artifact, fetch
from steps.lineage.model_files import model_folder
from steps.lineage.models import load_model, trainer_run
from steps.serving.grove_model import MODEL_FILE
from steps.table.schema import Schema

_MEASURED_ROWS = 1000
_MOST_CALLS = 9
_MOST_SECONDS = 1.0


@dataclass(frozen=True)
class Contestant:
    """A trained model: its step's name, where it is, the search it came from, and what it says of the holdout.

    `cost` is what it takes: `fit_seconds` on the training rows of a fold, as measured when it was fitted, be it on
    another machine (None if its trainer did not say); `predict_seconds` for 1,000 rows, see `predict_seconds`; and
    `model_bytes` of its file. It differs from run to run. `cluster_share` is the part of the forest's own importance
    that features from k-means have, None without any.
    """

    name: str
    uri: str
    search: Artifact
    found: dict[str, Any]
    codes: np.ndarray
    probabilities: np.ndarray
    score: float | None
    cost: dict[str, float | None]
    cluster_share: float | None

    @property
    def classes(self) -> np.ndarray:
        """The labels, in the order of the probabilities' columns."""
        return np.asarray(self.found["classes"])

    @property
    def candidates(self) -> pd.DataFrame:
        """The search's, one row for each, without seconds."""
        return _candidates(self.search)

    def seconds(self, row: int) -> dict[str, float | None]:
        """Return `fit_seconds` and `score_seconds` of a candidate, means over the folds."""
        return _seconds(self.search, row)


def _candidates(search: Artifact) -> pd.DataFrame:
    return pd.read_csv(search.folder / "candidates.csv")


def _seconds(search: Artifact, row: int) -> dict[str, float | None]:
    measured = search.apart.get("seconds", {})
    return {figure: measured[figure][row] if measured else None for figure in ("fit_seconds", "score_seconds")}


def contest(uris: Sequence[str], data: Artifact, schema: Schema, rows: pd.DataFrame) -> list[Contestant]:
    """Load the models and let them predict the holdout; they must have been trained on this very split."""
    searches = [_search_of(uri, data) for uri in uris]
    pipelines = [load_model(uri, search.manifest["model_digest"]) for uri, search in zip(uris, searches, strict=True)]
    seconds = predict_seconds(pipelines, rows[schema.features])
    return [_contestant(*of_model, schema, rows) for of_model in zip(uris, searches, pipelines, seconds, strict=True)]


def predict_seconds(pipelines: Sequence[Pipeline], rows: pd.DataFrame) -> list[float]:
    """Return for each model the seconds in which it predicts 1,000 rows at once: the median of up to nine calls.

    The models take turns, so that what else the machine does hits all of them, and each is called once before: the
    first call pays for what is set up only once. There are fewer calls, but one at least, when they take more than a
    second.

    Parameters
    ----------
    pipelines
        Fitted.
    rows : (n_rows, n_features)
        What they predict: 1,000 of these, evenly spread, or all of them over and over again.
    """
    spread = np.arange(_MEASURED_ROWS) * max(1, len(rows) // _MEASURED_ROWS) % len(rows)
    asked = rows.iloc[spread].reset_index(drop=True)
    for pipeline in pipelines:
        pipeline.predict_proba(asked)
    taken: list[list[float]] = []
    until = time.perf_counter() + _MOST_SECONDS
    while not taken or (len(taken) < _MOST_CALLS and time.perf_counter() < until):
        taken.append([_seconds_of_call(pipeline, asked) for pipeline in pipelines])
    return [float(median) for median in np.median(taken, axis=0)]


def _seconds_of_call(pipeline: Pipeline, rows: pd.DataFrame) -> float:
    started = time.perf_counter()
    pipeline.predict_proba(rows)
    return time.perf_counter() - started


def _search_of(uri: str, data: Artifact) -> Artifact:
    search = fetch(f"runs:/{trainer_run(uri)}/search", "search")
    if search.manifest["split_fingerprints"] != data.manifest["fingerprints"]:
        raise ValueError(
            f"Got the model {uri}, which was trained on another split than {data.manifest['run_id']}'s; expected "
            f"models of the split that they are compared on, or they would have seen its holdout."
        )
    return search


def _contestant(
    uri: str, search: Artifact, pipeline: Pipeline, seconds: float, schema: Schema, rows: pd.DataFrame
) -> Contestant:
    found = json.loads((search.folder / "search.json").read_text(encoding="utf-8"))
    codes = codes_of(rows[schema.target], np.asarray(found["classes"]))
    features = rows[schema.features]
    coded = with_classes(pipeline, np.arange(len(found["classes"])))
    return Contestant(
        name=search.manifest["step"],
        uri=search.apart["model_uri"],
        search=search,
        found=found,
        codes=codes,
        probabilities=coded.predict_proba(features),
        score=holdout_score(found["scoring"], coded, features, codes),
        cost={
            "fit_seconds": _seconds(search, int(_candidates(search)["rank"].idxmin()))["fit_seconds"],
            "predict_seconds": seconds,
            "model_bytes": (model_folder(uri) / MODEL_FILE).stat().st_size,
        },
        cluster_share=cluster_share(pipeline),
    )


def check_comparable(contestants: list[Contestant]) -> None:
    """Raise ValueError unless all were scored in the same way."""
    for option in ("scoring", "cv", "seed"):
        values = {contestant.found[option] for contestant in contestants}
        if len(values) > 1:
            raise ValueError(f"Got models trained with {option}={' and '.join(map(str, values))}, expected one value.")
    names = [contestant.name for contestant in contestants]
    if len(set(names)) < len(names):
        raise ValueError(f"Got models of the steps {', '.join(names)}, expected different ones.")
