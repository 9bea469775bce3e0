"""The scores of candidates in Tracking: as they are written, and as later searches find them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import click
import mlflow
import numpy as np
from mlflow.entities import Run

from steps.forest.fits import FoldScore
from steps.lineage.keys import APART_TAG, CANDIDATE_TAG, SEARCH_TAG, part_digest

FOLDS_TAG = "grove.folds"
"""Begins the names of tags in JSON: fold to score, fit seconds, score seconds; and a digest of these."""
ORIGIN_TAG = "grove.origin"
"""The run whose fits gave scores that were taken over."""
TAKEN_TAG = "grove.taken"
"""How many folds were taken over."""

_FOLDS_A_TAG = 80
"""MLflow refuses tags of more than 8,000 characters."""


@dataclass(frozen=True)
class Known:
    """Scores that an earlier run has, by fold, and the run whose fits gave them."""

    origin: str
    scores: dict[int, FoldScore]


def earlier_scores(experiment_id: str, search: str, n_folds: int) -> dict[str, Known]:
    """Return what is known of candidates, by their digest: from the run that has most of the scores.

    Of equals it is the newest. Each score counts that was written, whatever became of the run: its fit had ended.
    """
    runs = mlflow.search_runs([experiment_id], f"tags.`{SEARCH_TAG}` = '{search}'", output_format="list")
    found = [(run, read_scores(run, n_folds)) for run in runs if run.data.tags.get(APART_TAG) != "off"]
    return {
        run.data.tags[CANDIDATE_TAG]: Known(_origin(run, scores), scores)
        for run, scores in sorted(found, key=lambda known: (len(known[1]), known[0].info.start_time))
        if scores
    }


def _origin(run: Run, scores: Mapping[int, FoldScore]) -> str:
    is_copy = run.data.tags.get(TAKEN_TAG) == str(len(scores))
    return str(run.data.tags[ORIGIN_TAG] if is_copy else run.info.run_id)


def read_scores(run: Run, n_folds: int) -> dict[int, FoldScore]:
    """Return the run's scores by fold; none if there are none, or if they are damaged, which is said."""
    scores: dict[int, FoldScore] = {}
    try:
        for name, text in run.data.tags.items():
            if name.startswith(f"{FOLDS_TAG}."):
                part = json.loads(text)
                if part["digest"] != _digest(run.data.tags[CANDIDATE_TAG], part["scores"]):
                    raise ValueError(name)
                scores |= {int(fold): FoldScore(*map(float, values)) for fold, values in part["scores"].items()}
        if not scores.keys() <= set(range(n_folds)):
            raise ValueError(f"Got the folds {sorted(scores)}, expected those below {n_folds}.")
    except (ValueError, TypeError, KeyError, AttributeError):
        click.echo(f"candidate {run.info.run_id} can't be taken over: its scores are not as they were logged", err=True)
        return {}
    return scores


def scores_tags(candidate: str, scores: Mapping[int, FoldScore]) -> dict[str, str]:
    """Return the tags that hold the scores of a candidate, named by its digest."""
    parts: dict[int, dict[str, list[float]]] = {}
    for fold in sorted(scores):
        parts.setdefault(fold // _FOLDS_A_TAG, {})[str(fold)] = list(scores[fold])
    return {
        f"{FOLDS_TAG}.{number}": json.dumps({"scores": part, "digest": _digest(candidate, part)})
        for number, part in parts.items()
    }


def _digest(candidate: str, part: Mapping[str, list[float]]) -> str:
    return part_digest([candidate, part])


def means(scores: Mapping[int, FoldScore], scoring: str) -> dict[str, float]:
    """Return the metrics of a candidate: mean and standard deviation of its scores, mean seconds."""
    score, fit_seconds, score_seconds = np.array([scores[fold] for fold in sorted(scores)]).T
    return {
        f"cv_{scoring}": float(np.mean(score)),
        f"cv_{scoring}_std": float(np.std(score)),
        "fit_seconds": float(np.mean(fit_seconds)),
        "score_seconds": float(np.mean(score_seconds)),
    }
