"""The models that are compared: loaded, and asked about the holdout."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.forest.clusters import cluster_share
from steps.forest.labels import codes_of
from steps.forest.metrics import holdout_score
from steps.forest.pipelines import with_classes
from steps.lineage.artifacts import Artifact, fetch
from steps.lineage.model_files import MODEL_FILE, model_folder
from steps.lineage.models import load_model, trainer_run
from steps.table.schema import Schema


@dataclass(frozen=True)
class Contestant:
    """A trained model: its step's name, where it is, the search it came from, and what it says of the holdout.

    `cost` is what it takes: `fit_seconds` on the training rows of a fold (None if its trainer did not say),
    `predict_seconds` for 1,000 rows, and `model_bytes` of its file. It differs from run to run. `cluster_share` is the
    part of the forest's own importance that features from k-means have, None without any.
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
    return pd.read_csv(search.folder / "candidates.csv", float_precision="round_trip")


def _seconds(search: Artifact, row: int) -> dict[str, float | None]:
    measured = search.apart.get("seconds", {})
    return {figure: measured[figure][row] if measured else None for figure in ("fit_seconds", "score_seconds")}


def contest(uri: str, data: Artifact, schema: Schema, rows: pd.DataFrame) -> Contestant:
    """Load the model and let it predict the holdout; it must have been trained on this very split."""
    search = fetch(f"runs:/{trainer_run(uri)}/search", "search")
    if search.manifest["split_fingerprints"] != data.manifest["fingerprints"]:
        raise ValueError(
            f"Got the model {uri}, which was trained on another split than {data.manifest['run_id']}'s; expected "
            f"models of the split that they are compared on, or they would have seen its holdout."
        )
    found = json.loads((search.folder / "search.json").read_text(encoding="utf-8"))
    pipeline = load_model(uri, search.manifest["model_digest"])
    codes = codes_of(rows[schema.target], np.asarray(found["classes"]))
    features = rows[schema.features]
    coded = with_classes(pipeline, np.arange(len(found["classes"])))
    started = time.perf_counter()
    probabilities = coded.predict_proba(features)
    seconds = time.perf_counter() - started
    return Contestant(
        name=search.manifest["step"],
        uri=search.apart["model_uri"],
        search=search,
        found=found,
        codes=codes,
        probabilities=probabilities,
        score=holdout_score(found["scoring"], coded, features, codes),
        cost={
            "fit_seconds": _seconds(search, int(_candidates(search)["rank"].idxmin()))["fit_seconds"],
            "predict_seconds": seconds / len(rows) * 1000,
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
