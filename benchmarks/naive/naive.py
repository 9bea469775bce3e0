"""The same six steps as one writes them by the book: a process each, one after the other, MLflow's defaults.

It stands for MLflow's own `examples/multistep_workflow`, on Grove's question.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

DROPPED = ["record_id"]
CATEGORICAL = ["plot_id", "plot_type", "sex"]
SCORING = "balanced_accuracy"
# Without these skops refuses to load the model.
TRUSTED = ["numpy.dtype", "sklearn.tree._tree.Tree"]


@click.group()
def cli() -> None:
    """One command a step."""


@cli.command("load")
@click.option("--data", required=True)
@click.option("--target", required=True)
def load(data: str, target: str) -> None:
    """Read the table and log it."""
    with mlflow.start_run():
        table = pd.read_parquet(data).drop(columns=DROPPED).dropna(subset=[target])
        log_frames("table", table=table)
        mlflow.log_metrics({"rows": len(table), "columns": table.shape[1]})


@cli.command("preprocess")
@click.option("--table", required=True)
@click.option("--target", required=True)
@click.option("--seed", required=True, type=int)
def preprocess(table: str, target: str, seed: int) -> None:
    """Split the table."""
    with mlflow.start_run():
        rows = read_frame(table, "table")
        train, test = train_test_split(rows, test_size=0.2, stratify=rows[target], random_state=seed)
        log_frames("split", train=train, test=test)
        mlflow.log_metrics({"train_rows": len(train), "test_rows": len(test)})


@cli.command("train_rf")
@click.option("--split", required=True)
@click.option("--target", required=True)
@click.option("--n_estimators", required=True)
@click.option("--max_features", required=True)
@click.option("--min_samples_leaf", required=True)
@click.option("--cv", required=True, type=int)
@click.option("--seed", required=True, type=int)
def train_rf(
    split: str, target: str, n_estimators: str, max_features: str, min_samples_leaf: str, cv: int, seed: int
) -> None:
    """Train the plain forest."""
    rows = read_frame(split, "train")
    pipeline = Pipeline([("encode", encoder(rows, target)), ("forest", RandomForestClassifier(random_state=seed))])
    search(pipeline, forest_grid(n_estimators, max_features, min_samples_leaf), rows, target, cv, seed)


@cli.command("train_rf_kmeans")
@click.option("--split", required=True)
@click.option("--target", required=True)
@click.option("--n_estimators", required=True)
@click.option("--max_features", required=True)
@click.option("--min_samples_leaf", required=True)
@click.option("--n_clusters", required=True)
@click.option("--cv", required=True, type=int)
@click.option("--seed", required=True, type=int)
def train_rf_kmeans(
    split: str,
    target: str,
    n_estimators: str,
    max_features: str,
    min_samples_leaf: str,
    n_clusters: str,
    cv: int,
    seed: int,
) -> None:
    """Train the forest that also sees the distances to k-means' centroids."""
    rows = read_frame(split, "train")
    clusters = Pipeline([("scale", StandardScaler()), ("kmeans", KMeans(random_state=seed))])
    pipeline = Pipeline(
        [
            ("encode", encoder(rows, target)),
            ("features", FeatureUnion([("table", "passthrough"), ("clusters", clusters)])),
            ("forest", RandomForestClassifier(random_state=seed)),
        ]
    )
    grid = forest_grid(n_estimators, max_features, min_samples_leaf)
    grid["features__clusters__kmeans__n_clusters"] = [int(value) for value in n_clusters.split(",")]
    search(pipeline, grid, rows, target, cv, seed)


@cli.command("evaluate")
@click.option("--split", required=True)
@click.option("--target", required=True)
@click.option("--models", required=True)
def evaluate(split: str, target: str, models: str) -> None:
    """Evaluate the models on the holdout."""
    with mlflow.start_run():
        rows = read_frame(split, "test")
        for number, model in enumerate(models.split(",")):
            mlflow.models.evaluate(
                model,
                rows,
                targets=target,
                model_type="classifier",
                evaluators="default",
                evaluator_config={"metric_prefix": f"model_{number}_"},
            )


@cli.command("register")
@click.option("--models", required=True)
@click.option("--model_name", required=True)
def register(models: str, model_name: str) -> None:
    """Register the model with the better cross-validated score."""
    with mlflow.start_run():
        scores = {}
        for model in models.split(","):
            run = mlflow.get_run(mlflow.models.get_model_info(model).run_id)
            scores[model] = run.data.metrics[f"cv_{SCORING}"]
        version = mlflow.register_model(max(scores, key=scores.__getitem__), model_name)
        mlflow.MlflowClient().set_registered_model_alias(model_name, "champion", version.version)


@cli.command("main")
@click.option("--data", required=True)
@click.option("--target", required=True)
@click.option("--n_estimators", required=True)
@click.option("--max_features", required=True)
@click.option("--min_samples_leaf", required=True)
@click.option("--n_clusters", required=True)
@click.option("--cv", required=True, type=int)
@click.option("--seed", required=True, type=int)
@click.option("--model_name", required=True)
def main(data: str, target: str, n_clusters: str, seed: int, model_name: str, **training: str | int) -> None:
    """Run the steps one after the other."""
    with mlflow.start_run():
        table = run("load", data=data, target=target)
        split = run("preprocess", table=f"runs:/{table}/table", target=target, seed=seed)
        options = {"split": f"runs:/{split}/split", "target": target, "seed": seed, **training}
        plain = run("train_rf", **options)
        clustered = run("train_rf_kmeans", **options, n_clusters=n_clusters)
        models = f"runs:/{plain}/model,runs:/{clustered}/model"
        run("evaluate", split=f"runs:/{split}/split", target=target, models=models)
        run("register", models=models, model_name=model_name)


def run(step: str, **parameters: str | int) -> str:
    """Run one step and return its run's ID."""
    return mlflow.run(".", step, parameters=parameters, env_manager="local").run_id


def log_frames(folder: str, **frames: pd.DataFrame) -> None:
    """Log the frames as Parquet artifacts of the active run."""
    with tempfile.TemporaryDirectory() as name:
        for stem, frame in frames.items():
            frame.to_parquet(Path(name) / f"{stem}.parquet", index=False)
        mlflow.log_artifacts(name, folder)


def read_frame(uri: str, stem: str) -> pd.DataFrame:
    """Return a frame that an earlier step logged."""
    return pd.read_parquet(mlflow.artifacts.download_artifacts(f"{uri}/{stem}.parquet"))


def encoder(rows: pd.DataFrame, target: str) -> ColumnTransformer:
    """Return what turns raw rows into numbers."""
    numeric = [name for name in rows.columns if name not in [*CATEGORICAL, target]]
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=32, sparse_output=False)
    return ColumnTransformer(
        [("numeric", SimpleImputer(strategy="median"), numeric), ("categorical", one_hot, CATEGORICAL)]
    )


def forest_grid(n_estimators: str, max_features: str, min_samples_leaf: str) -> dict[str, list[int | str]]:
    """Return the forest's grid from comma lists."""
    return {
        "forest__n_estimators": [int(value) for value in n_estimators.split(",")],
        "forest__max_features": list(max_features.split(",")),
        "forest__min_samples_leaf": [int(value) for value in min_samples_leaf.split(",")],
    }


def search(
    pipeline: Pipeline, grid: dict[str, list[int | str]], rows: pd.DataFrame, target: str, cv: int, seed: int
) -> None:
    """Search the grid; log the best score and the model that is fitted with it on all rows."""
    with mlflow.start_run():
        features = rows.drop(columns=target)
        folds = StratifiedKFold(cv, shuffle=True, random_state=seed)
        found = GridSearchCV(pipeline, grid, scoring=SCORING, cv=folds, n_jobs=-1).fit(features, rows[target])
        mlflow.log_params({f"best_{name}": value for name, value in found.best_params_.items()})
        mlflow.log_metric(f"cv_{SCORING}", float(found.best_score_))
        example = features.head()
        mlflow.sklearn.log_model(
            found.best_estimator_,
            name="model",
            signature=infer_signature(example, np.asarray(rows[target].head())),
            input_example=example,
            skops_trusted_types=TRUSTED,
        )


if __name__ == "__main__":
    cli()
