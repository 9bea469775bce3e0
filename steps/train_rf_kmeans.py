"""Train the random forest with k-means integrated.

Reads `split/`, as preprocess wrote it; the training rows only.
Writes the fitted pipeline as an MLflow model, every candidate as a child run, `search/`: what was tried and found, and
pictures of the clusters.
"""

from __future__ import annotations

import warnings
from typing import Any

import click
import mlflow

from steps.forest.clusters import clusters_by_class, project_clusters
from steps.forest.labels import as_text
from steps.forest.pipelines import kmeans_pipeline
from steps.lineage.entry_point import EntryPoint
from steps.lineage.options import options
from steps.report import figures
from steps.training.trainer import TRAINING_OPTIONS, TRAINING_TYPES, TrainingResult, train


@click.command("train_rf_kmeans", cls=EntryPoint)
@options(
    *TRAINING_OPTIONS,
    "n_estimators",
    "max_features",
    "max_depth",
    "min_samples_leaf",
    "n_clusters",
    "cluster_features",
    types=TRAINING_TYPES,
)
def train_rf_kmeans(
    n_estimators: tuple[int, ...],
    max_features: tuple[Any, ...],
    max_depth: tuple[int | None, ...],
    min_samples_leaf: tuple[float, ...],
    n_clusters: tuple[int, ...],
    cluster_features: tuple[str, ...],
    **options: Any,
) -> None:
    """Search the grids of the forest and of k-means together and log the best one."""
    grids = {
        "n_estimators": n_estimators,
        "max_features": max_features,
        "max_depth": max_depth,
        "min_samples_leaf": min_samples_leaf,
        "n_clusters": n_clusters,
        "cluster_features": cluster_features,
    }
    # Said once, by draw_clusters, instead of in every fold.
    warnings.filterwarnings("ignore", message="Number of distinct clusters")
    draw_clusters(train("train_rf_kmeans", kmeans_pipeline, grids, **options))


def draw_clusters(result: TrainingResult) -> None:
    """Log the clusters in two principal components, and how the classes fall into them."""
    data = result.data
    classes = as_text(data.classes)
    clusters = project_clusters(result.found.pipeline, data.rows)
    mlflow.log_figure(
        figures.cluster_map(clusters.points, clusters.labels, data.classes.astype(str)[data.codes], clusters.explained),
        "cluster_map.png",
    )
    if len(set(clusters.labels)) < clusters.n_clusters:
        click.echo(
            f"train_rf_kmeans: only {len(set(clusters.labels))} of {clusters.n_clusters} clusters have rows: the table "
            f"has fewer different rows than n_clusters.",
            err=True,
        )
    shares = clusters_by_class(clusters.labels, data.codes, classes)
    mlflow.log_figure(figures.classes_in_clusters(shares), "classes_in_clusters.png")


if __name__ == "__main__":
    train_rf_kmeans()
