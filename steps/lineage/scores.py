"""The scores of candidates in Tracking: as they are written, and as later searches find them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import click
import mlflow
import numpy as np
from mlflow.entities import Run

from steps.forest.fits import FoldScore
from steps.lineage.keys import APART_TAG

CANDIDATE_TAG = "grove.candidate"
"""A digest of all that decides a candidate's scores: the step's key, without the other candidates."""
SEARCH_TAG = "grove.search"
"""A digest of that without the hyperparameters: the same for all candidates that a search may take over."""
FOLDS_TAG = "grove.folds"
"""JSON: fold to score, fit seconds, score seconds."""
ORIGIN_TAG = "grove.origin"
"""The run whose fits gave the scores, where they were taken over."""

_LONGEST_TAG = 8000
"""MLflow refuses longer ones; some 150 folds."""


def earlier_scores(experiment_id: str, search: str, scoring: str) -> dict[str, tuple[str, dict[int, FoldScore]]]:
    """Return the candidates of earlier searches: digest to the run that has most of the scores, and these by fold.

    Of equals it is the newest. Each score counts that was written, whatever became of the run: its fit had ended.
    """
    runs = mlflow.search_runs([experiment_id], f"tags.`{SEARCH_TAG}` = '{search}'", output_format="list")
    found = [(run, read_scores(run, scoring)) for run in runs if run.data.tags.get(APART_TAG) != "off"]
    return {
        run.data.tags[CANDIDATE_TAG]: (run.data.tags.get(ORIGIN_TAG, run.info.run_id), scores)
        for run, scores in sorted(found, key=lambda known: (len(known[1]), known[0].info.start_time))
        if scores
    }


def read_scores(run: Run, scoring: str) -> dict[int, FoldScore]:
    """Return the run's scores by fold; none if there are none, or if they are damaged, which is said."""
    if FOLDS_TAG not in run.data.tags:
        return {}
    try:
        found = json.loads(run.data.tags[FOLDS_TAG])
        scores = {int(fold): FoldScore(*map(float, values)) for fold, values in found.items()}
        mean = run.data.metrics.get(f"cv_{scoring}")
        if mean is None or _same(mean, means(scores, scoring)[f"cv_{scoring}"]):
            return scores
    except (ValueError, TypeError, AttributeError):
        pass
    click.echo(f"candidate {run.info.run_id} can't be taken over: its scores are not as they were logged", err=True)
    return {}


def scores_tag(scores: Mapping[int, FoldScore]) -> dict[str, str]:
    """Return the tag that holds the scores; none if it would be too long."""
    text = json.dumps({fold: list(scores[fold]) for fold in sorted(scores)})
    return {FOLDS_TAG: text} if scores and len(text) <= _LONGEST_TAG else {}


def means(scores: Mapping[int, FoldScore], scoring: str) -> dict[str, float]:
    """Return the metrics of a candidate: mean and standard deviation of its scores, mean seconds."""
    score, fit_seconds, score_seconds = np.array([scores[fold] for fold in sorted(scores)]).T
    return {
        f"cv_{scoring}": float(np.mean(score)),
        f"cv_{scoring}_std": float(np.std(score)),
        "fit_seconds": float(np.mean(fit_seconds)),
        "score_seconds": float(np.mean(score_seconds)),
    }


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
