"""Verdicts on small tables, made by the real steps in this process; and the entry points that act on them."""

from __future__ import annotations

import importlib
import json
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run

from steps.evaluation.contestants import contest
from steps.forest.metrics import holdout_metrics
from steps.lineage.artifacts import fetch, publish
from steps.lineage.environment import whole_environment
from steps.table.schema import Schema
from steps.table.stored import read_verified
from tests.conftest import MLPROJECT, TRIVIAL
from tests.tables import numeric_binary

PLAIN = {name: TRIVIAL[name] for name in ("n_estimators", "max_features", "min_samples_leaf", "cv")} | {"n_jobs": "1"}
MODELS: dict[str, tuple[str, dict[str, str]]] = {
    "good": ("plain", {"n_estimators": "20"}),
    "equal": ("plain", {"n_estimators": "20"}),
    "poor": ("plain", {"n_estimators": "1", "max_depth": "1"}),
    "wider": ("wider", {}),
    "narrower": ("narrower", {}),
    "three classes": ("three classes", {}),
    "other seed": ("other seed", {}),
}
"""Model to the table that it is trained on, and to what the trainer is told."""
CONTEXT = {
    "source": {"url": None, "folder": "", "commit": None, "dirty": False},
    "environment": whole_environment(),
}
"""What EntryPoint would have recorded."""


def table(kind: str) -> pd.DataFrame:
    frame = numeric_binary().rename(columns={"sick": "label"})
    frame["label"] = frame["label"].map({True: "sick", False: "well"})
    if kind == "wider":
        return frame.assign(e=np.random.default_rng(7).normal(size=len(frame)))
    if kind == "narrower":
        return frame.drop(columns="d")
    if kind == "three classes":
        return frame.assign(label=frame["label"].where(frame["c"] < 1, "unknown"))
    return frame


def run_step(name: str, tags: dict[str, str] | None = None, obj: Any = None, **given: Any) -> Run:
    """Run one entry point in this process, without what EntryPoint does around it; return its finished run.

    `obj` is what EntryPoint would have recorded.
    """
    command = getattr(importlib.import_module(f"steps.{name}"), name)
    parameters = MLPROJECT[name]["parameters"]
    values = {key: about.get("default", "") for key, about in parameters.items()} | given
    with (
        mlflow.start_run(run_name=name, tags={"mlflow.user": "ann", **(tags or {})}) as run,
        command.make_context(name, [f"--{key}={value}" for key, value in values.items()], obj=obj) as context,
    ):
        command.invoke(context)
    return mlflow.get_run(run.info.run_id)


@cache
def verdict_on(model: str) -> str:
    """Train one of the models; return the URI of a verdict that it won, there being no other."""
    kind, options = MODELS[model]
    return write_verdict(split_of(kind), train(split_of(kind), **options))


def train(split: str, **options: str) -> str:
    """Train a model of its own; return its URI."""
    return uri(run_step("train_rf", split=split, **{**PLAIN, **options}), "model")


@cache
def split_of(kind: str) -> str:
    return make_split(table(kind), seed="1" if kind == "other seed" else "0")


def make_split(frame: pd.DataFrame, target: str = "label", **options: str) -> str:
    """Load and split a table; return the split's URI."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame.to_parquet(path, index=False)
        load = run_step("load", data=path, target=target, drop="", categorical="")
        return uri(run_step("preprocess", table=uri(load, "table"), min_class_rows="2", **options), "split")


def judge(frame: pd.DataFrame, target: str) -> str:
    """Train both models and evaluate them; return the verdict's URI."""
    split = make_split(frame, target)
    models = [train(split), uri(run_step("train_rf_kmeans", split=split, **{**TRIVIAL, "n_jobs": "1"}), "model")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's own evaluator, which as a process of its own warns nobody
        evaluate = run_step("evaluate", obj=CONTEXT, split=split, models=",".join(models))
    mlflow.clear_active_model()
    return uri(evaluate, "verdict")


def write_verdict(split: str, model: str, **more: Any) -> str:
    """Publish what evaluate would of this model alone; `more` goes into verdict.json."""
    data = fetch(split, "split")
    schema = Schema.from_dict(data.manifest["schema"])
    rows = read_verified(data.folder / "test.parquet").to_pandas(date_as_object=False)
    (winner,) = contest([model], data, schema, rows)
    classes = [str(label) for label in winner.classes]
    content = {
        "winner": "train_rf",
        "outcome": "not decided",
        "sentence": "The forest is alone.",
        "scoring": winner.found["scoring"],
        "target": schema.target,
        "models": {
            "train_rf": {
                "best": winner.found["best"],
                "cv_mean": winner.found["mean_score"],
                "holdout": {
                    **holdout_metrics(winner.codes, winner.probabilities, classes),
                    winner.found["scoring"]: winner.score,
                },
            }
        },
        "data_fingerprint": data.manifest["data_fingerprint"],
        "rows": {name: about["rows"] for name, about in data.manifest["files"].items() if "rows" in about},
        **more,
    }
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name="evaluate") as run:
        (Path(folder) / "verdict.json").write_text(json.dumps(content), encoding="utf-8")
        apart = {"model_uris": {"train_rf": winner.uri}, "models": winner.search.apart["models"]}
        publish(Path(folder), "verdict", step="evaluate", inputs=(data, winner.search), apart=apart)
    return uri(run, "verdict")


def uri(run: Run, artifact: str) -> str:
    return f"runs:/{run.info.run_id}/{artifact}"
