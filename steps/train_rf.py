"""Train the plain random forest.

Reads `split/`, as preprocess wrote it; the training rows only.
Writes the fitted pipeline as an MLflow model, every candidate as a child run, and `search/`: what was tried and found.
"""

from __future__ import annotations

from typing import Any

import click

from steps.forest.pipelines import forest_pipeline
from steps.lineage.entry_point import EntryPoint
from steps.lineage.options import options
from steps.training.trainer import TRAINING_OPTIONS, TRAINING_TYPES, train


@click.command("train_rf", cls=EntryPoint)
@options(*TRAINING_OPTIONS, "n_estimators", "max_features", "max_depth", "min_samples_leaf", types=TRAINING_TYPES)
def train_rf(
    n_estimators: tuple[int, ...],
    max_features: tuple[Any, ...],
    max_depth: tuple[int | None, ...],
    min_samples_leaf: tuple[float, ...],
    **options: Any,
) -> None:
    """Search the forest's grids and log the best one."""
    grids = {
        "n_estimators": n_estimators,
        "max_features": max_features,
        "max_depth": max_depth,
        "min_samples_leaf": min_samples_leaf,
    }
    train("train_rf", forest_pipeline, grids, **options)


if __name__ == "__main__":
    train_rf()
