"""Every candidate of a search as a child run, so that the MLflow UI can compare them."""

from __future__ import annotations

import time
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from steps.lineage.entry_point import NOTE_TAG
from steps.lineage.interruption import held_back

_INHERITED = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")


def log_candidates(parent: Run, table: pd.DataFrame, hyperparameters: list[str], *, scoring: str) -> None:
    """Log each row of the table as a finished child of `parent`.

    Parameters
    ----------
    parent
        The search's run.
    table
        As `Search.candidates`.
    hyperparameters
        Its columns that are one.
    scoring
        The metric's name; the score in each fold is a step of `fold_<scoring>`.
    """
    client = mlflow.MlflowClient()
    tags = client.get_run(parent.info.run_id).data.tags  # of the active run MLflow keeps those of its start
    inherited = {name: tags[name] for name in _INHERITED if name in tags}
    for row in table.to_dict("records"):
        settings = {name: show(row[name]) for name in hyperparameters}
        with held_back():  # a candidate is logged wholly or not at all
            run = client.create_run(
                parent.info.experiment_id,
                run_name=", ".join(f"{name}={value}" for name, value in settings.items()),
                tags={**inherited, MLFLOW_PARENT_RUN_ID: parent.info.run_id},
            )
            client.log_batch(
                run.info.run_id,
                metrics=_metrics(row, scoring),
                params=[Param(name, value) for name, value in settings.items()],
                tags=[RunTag("grove.rank", str(row["rank"])), RunTag(NOTE_TAG, _note(row, scoring, len(table)))],
            )
            client.set_terminated(run.info.run_id)


def show(value: Any) -> str:
    """Return a hyperparameter's value as a user writes it in a grid."""
    return "none" if value is None else str(value)


def _note(row: dict[str, Any], scoring: str, candidates: int) -> str:
    score = f"{row['mean_score']:.4f} ± {row['std_score']:.4f}"
    return f"Candidate of rank {row['rank']} of {candidates}: cross-validated `{scoring}` **{score}**."


def _metrics(row: dict[str, Any], scoring: str) -> list[Metric]:
    now = int(time.time() * 1000)
    folds = [value for name, value in row.items() if name.startswith("fold_")]
    single = {
        f"cv_{scoring}": row["mean_score"],
        f"cv_{scoring}_std": row["std_score"],
        "fit_seconds": row["fit_seconds"],
        "score_seconds": row["score_seconds"],
    }
    return [Metric(name, float(value), now, 0) for name, value in single.items()] + [
        Metric(f"fold_{scoring}", float(value), now, step) for step, value in enumerate(folds)
    ]
