"""Two candidates that are searched."""

from __future__ import annotations

import mlflow
from mlflow.entities import Run

from steps.forest.fits import FoldScore
from steps.lineage.candidates import CandidateRuns
from steps.lineage.keys import StepKey

KEY = StepKey(
    "train_rf",
    {"n_estimators": [5, 50], "max_depth": [None], "scoring": "accuracy", "search": "grid", "cv": 2},
    0,
    {"split": "abc"},
    {"steps/train_rf.py": "def"},
    {"python": "3.11"},
)
CANDIDATES = [{"n_estimators": 5, "max_depth": None}, {"n_estimators": 50, "max_depth": None}]
SCORES = [FoldScore(0.5, 1.5, 0.25), FoldScore(0.75, 2.5, 0.75)]


def journal(parent: Run, *, key: StepKey = KEY, take: bool = True, n_folds: int = 2) -> CandidateRuns:
    return CandidateRuns(parent, key, ["n_estimators", "max_depth"], scoring="accuracy", n_folds=n_folds, take=take)


def below(client: mlflow.MlflowClient, parent: Run) -> list[Run]:
    found = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    return sorted(found, key=lambda run: int(run.data.params.get("n_estimators", 0)))


def search(scores: list[FoldScore] = SCORES, **options: object) -> Run:
    """Fit what is not known of the two candidates."""
    with mlflow.start_run() as parent, journal(parent, **options) as told:
        for number, known in enumerate(told.open(CANDIDATES, None)):
            for fold in {0, 1} - known.keys():
                told.start(number)
                told.score(number, fold, scores[fold])
    return parent


def history(client: mlflow.MlflowClient, run: Run) -> list[tuple[int, float]]:
    found = client.get_metric_history(run.info.run_id, "fold_accuracy")
    return sorted((metric.step, metric.value) for metric in found)
