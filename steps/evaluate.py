"""Compare the trained models and decide which one wins.

Reads `split/`, its holdout, and the models with the searches they came from.
Writes `verdict/`: verdict.json, a card, and the predictions on the holdout; metrics and figures of each model.

The winner is chosen on cross-validation, the folds being the same for all; the holdout only reports. The first model
wins unless another one is better, with the probability that is asked for: it is the simpler.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click
import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import confusion_matrix

from steps.evaluation import holdout
from steps.evaluation.contestants import Contestant, check_comparable, contest
from steps.forest.labels import as_text
from steps.forest.metrics import holdout_metrics, precision_recall_curves, roc_curves
from steps.forest.options import VERDICT_OPTIONS
from steps.forest.verdict import Verdict, decide
from steps.lineage.artifacts import Artifact, fetch, publish
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.evaluation import PER_CLASS, evaluate_predictions
from steps.lineage.keys import record_key
from steps.lineage.options import options
from steps.report import figures, markdown
from steps.report.card import score_table, verdict_card
from steps.table.manifest import read_verified, write_table
from steps.table.schema import Schema


@click.command("evaluate", cls=EntryPoint)
@options("split", "models", "rope", "min_probability", types=VERDICT_OPTIONS)
def evaluate(split: str, models: str, rope: float, min_probability: float) -> None:
    """Score the models on the holdout and write the verdict."""
    uris = [uri.strip() for uri in models.split(",") if uri.strip()]
    if len(uris) < 2:
        raise ValueError(f"Got models={models!r}, expected two or more model URIs, separated by commas.")
    data = fetch(split, "split")
    schema = Schema.from_dict(data.manifest["schema"])
    rows = read_verified(data.folder / "test.parquet").to_pandas(date_as_object=False)
    log_dataset(split, schema, data.manifest["fingerprints"]["test"], name="test", context="holdout")
    contestants = [contest(uri, data, schema, rows) for uri in uris]
    check_comparable(contestants)
    verdict = decide(
        {c.name: c.found["fold_scores"] for c in contestants},
        {c.name: c.score for c in contestants},
        contestants[0].found["scoring"],
        rope=rope,
        min_probability=min_probability,
        n_rows=smallest_class(data, schema.target),
    )
    metrics = {c.name: report(c) for c in contestants}
    log_per_class({c.name: evaluate_with_mlflow(c, data, split) for c in contestants})
    content = content_of(data, contestants, verdict, metrics)
    _publish(data, contestants, {**content, "rope": rope, "min_probability": min_probability})
    record_key("evaluate", {"split": data.fingerprint, **{c.name: c.search.fingerprint for c in contestants}})


def smallest_class(data: Artifact, target: str) -> int:
    """Return how many training rows the smallest class has."""
    labels = read_verified(data.folder / "train.parquet").column(target)
    return min(pair["counts"] for pair in pc.value_counts(labels).to_pylist())


def report(contestant: Contestant) -> dict[str, float | None]:
    """Log the model's metrics, under its own name, and its figures; return the metrics by their short names."""
    name, classes = contestant.name, as_text(contestant.classes)
    codes, probabilities = contestant.codes, contestant.probabilities
    metrics = {**holdout_metrics(codes, probabilities, classes), contestant.found["scoring"]: contestant.score}
    model_id = contestant.uri.removeprefix("models:/")
    # The accuracy is among those that MLflow's evaluator logs itself.
    logged = {metric: value for metric, value in metrics.items() if value is not None and metric != "accuracy"}
    mlflow.log_metrics({f"{name}_{metric}": value for metric, value in logged.items()}, model_id=model_id)
    matrix = confusion_matrix(codes, probabilities.argmax(axis=1), labels=np.arange(len(classes)))
    drawings = {"confusion_matrix": figures.confusion_matrix(matrix, classes, f"{name}: confusion matrix")}
    if curves := roc_curves(codes, probabilities, classes):  # none when the holdout has one class only
        drawings["roc_curves"] = figures.roc_curves(curves, f"{name}: ROC curves")
        drawings["precision_recall_curves"] = figures.precision_recall_curves(
            precision_recall_curves(codes, probabilities, classes), f"{name}: precision-recall curves"
        )
    for drawing, figure in drawings.items():
        mlflow.log_figure(figure, f"{name}/{drawing}.png")
    return metrics


def evaluate_with_mlflow(contestant: Contestant, data: Artifact, split: str) -> pd.DataFrame | None:
    """Log what MLflow's evaluator says of the model; return its metrics by class."""
    texts = np.asarray(as_text(contestant.classes), dtype=object)
    return evaluate_predictions(
        contestant.name,
        texts[contestant.codes],
        texts[contestant.probabilities.argmax(axis=1)],
        texts.tolist(),
        model_id=contestant.uri.removeprefix("models:/"),
        source=split,
        digest=data.manifest["fingerprints"]["test"],
    )


def log_per_class(metrics: dict[str, pd.DataFrame | None]) -> None:
    """Log the models' metrics by class as one table, in the place of MLflow's, which keeps the last model's only."""
    tables = [table.assign(model=name) for name, table in metrics.items() if table is not None]
    if tables:
        together = pd.concat(tables, ignore_index=True)
        mlflow.log_text(together.to_csv(index=False, lineterminator="\n"), f"{PER_CLASS}.csv")


def content_of(
    data: Artifact, contestants: list[Contestant], verdict: Verdict, metrics: dict[str, dict[str, float]]
) -> dict[str, Any]:
    """Return what `verdict.json` says."""
    drawn = holdout.bootstraps(contestants)
    return {
        "winner": verdict.winner,
        "outcome": verdict.outcome,
        "sentence": verdict.sentence,
        "scoring": contestants[0].found["scoring"],
        "target": Schema.from_dict(data.manifest["schema"]).target,
        "comparisons": {
            c.name: {
                **verdict.comparisons[c.name].to_dict(),
                "holdout": holdout.comparison(drawn, contestants[0], c),
            }
            for c in contestants[1:]
        },
        "models": {
            c.name: {
                "best": c.found["best"],
                "candidates": c.found["candidates"],
                "cv_mean": c.found["mean_score"],
                "cv_std": c.found["std_score"],
                "fold_scores": c.found["fold_scores"],
                "holdout": metrics[c.name],
                "holdout_intervals": holdout.intervals(drawn, c.name),
            }
            for c in contestants
        },
        "data_fingerprint": data.manifest["data_fingerprint"],
        "rows": {name: about["rows"] for name, about in data.manifest["files"].items() if "rows" in about},
    }


def _publish(data: Artifact, contestants: list[Contestant], content: dict[str, Any]) -> None:
    mlflow.log_figure(
        figures.paired_folds(
            {c.name: c.found["fold_scores"] for c in contestants},
            {c.name: c.score for c in contestants},
            content["scoring"],
        ),
        "paired_folds.png",
    )
    _log_comparisons(content["comparisons"])
    mlflow.set_tags({"grove.winner": content["winner"], "grove.verdict": content["outcome"]})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "verdict.json").write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8"
        )
        (folder / "card.html").write_text(verdict_card(content), encoding="utf-8")
        write_table(predictions(contestants), folder / "predictions.parquet")
        publish(
            folder,
            "verdict",
            step="evaluate",
            inputs=(data, *(c.search for c in contestants)),
            apart={
                "model_uris": {c.name: c.uri for c in contestants},
                "models": {uri: files for c in contestants for uri, files in c.search.apart["models"].items()},
            },
        )
    click.echo(f"evaluate: {content['sentence']}")
    describe(f"**{markdown.escape(content['sentence'])}**\n\n{markdown.text_table(*score_table(content))}")


def _log_comparisons(comparisons: dict[str, dict[str, Any]]) -> None:
    for name, found in comparisons.items():
        logged = {
            "difference": found["difference"],
            "difference_low": found["low"],
            "difference_high": found["high"],
            "p_value": found["p_value"],
            "p_better": found["better"],
            "p_equivalent": found["equivalent"],
            "p_worse": found["worse"],
            "holdout_difference": found["holdout"]["difference"],
            "holdout_difference_low": found["holdout"]["low"],
            "holdout_difference_high": found["holdout"]["high"],
            "mcnemar_p_value": found["holdout"]["mcnemar_p_value"],
        }
        mlflow.log_metrics({f"{name}_{metric}": value for metric, value in logged.items() if value is not None})


def predictions(contestants: list[Contestant]) -> pa.Table:
    """Return the holdout's true classes, and each model's predicted ones, in the rows' order."""
    texts = np.asarray(as_text(contestants[0].classes), dtype=object)
    columns = {"label": texts[contestants[0].codes]}
    for contestant in contestants:
        columns[contestant.name] = texts[contestant.probabilities.argmax(axis=1)]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


if __name__ == "__main__":
    evaluate()
