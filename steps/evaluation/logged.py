"""What evaluate logs of the models beside the verdict: metrics and figures."""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from steps.evaluation.contestants import Contestant
from steps.forest.ablation import Variant
from steps.forest.labels import as_text
from steps.forest.metrics import holdout_metrics, precision_recall_curves, roc_curves
from steps.lineage.artifacts import Artifact
from steps.lineage.evaluation import PER_CLASS, evaluate_predictions
from steps.report import figures


def metrics_of(contestant: Contestant) -> dict[str, float | None]:
    """Return the model's metrics on the holdout, the chosen score among them."""
    classes = as_text(contestant.classes)
    found = holdout_metrics(contestant.codes, contestant.probabilities, classes)
    return {**found, contestant.found["scoring"]: contestant.score}


def log_metrics(contestant: Contestant, metrics: dict[str, float | None]) -> None:
    """Log the model's metrics and its cost, under its own name and for the model."""
    # The accuracy is among those that MLflow's evaluator logs itself.
    logged = {metric: value for metric, value in {**metrics, **contestant.cost}.items() if metric != "accuracy"}
    mlflow.log_metrics(
        {f"{contestant.name}_{metric}": value for metric, value in logged.items() if value is not None},
        model_id=contestant.uri.removeprefix("models:/"),
    )


def log_with_mlflow(contestants: list[Contestant], data: Artifact, split: str) -> None:
    """Log what MLflow's evaluator says of each model; the models' metrics by class are one table.

    It takes the place of MLflow's own, which keeps the last model's only.
    """
    tables = []
    for contestant in contestants:
        texts = np.asarray(as_text(contestant.classes), dtype=object)
        table = evaluate_predictions(
            contestant.name,
            texts[contestant.codes],
            texts[contestant.probabilities.argmax(axis=1)],
            texts.tolist(),
            model_id=contestant.uri.removeprefix("models:/"),
            source=split,
            digest=data.manifest["fingerprints"]["test"],
        )
        if table is not None:
            tables.append(table.assign(model=contestant.name))
    if tables:
        together = pd.concat(tables, ignore_index=True)
        mlflow.log_text(together.to_csv(index=False, lineterminator="\n"), f"{PER_CLASS}.csv")


def drawings_of(contestant: Contestant) -> dict[str, Figure]:
    """Return the model's figures by name; without curves where the holdout has one class only."""
    name, classes = contestant.name, as_text(contestant.classes)
    codes, probabilities = contestant.codes, contestant.probabilities
    matrix = confusion_matrix(codes, probabilities.argmax(axis=1), labels=np.arange(len(classes)))
    drawings = {"confusion_matrix": figures.confusion_matrix(matrix, classes, f"{name}: confusion matrix")}
    if curves := roc_curves(codes, probabilities, classes):
        drawings["roc_curves"] = figures.roc_curves(curves, f"{name}: ROC curves")
        drawings["precision_recall_curves"] = figures.precision_recall_curves(
            precision_recall_curves(codes, probabilities, classes), f"{name}: precision-recall curves"
        )
    return drawings


def comparison_drawings(content: dict[str, Any]) -> dict[str, Figure]:
    """Return the figures that show all models of a verdict at once, by name."""
    models, scoring = content["models"], content["scoring"]
    return {
        "paired_folds": figures.paired_folds(
            {name: model["fold_scores"] for name, model in models.items()},
            {name: model["holdout"][scoring] for name, model in models.items()},
            scoring,
        ),
        "calibration_curves": figures.calibration_curves(
            {name: pd.DataFrame(model["calibration"]) for name, model in models.items()}
        ),
    }


def log_comparisons(comparisons: dict[str, dict[str, Any]]) -> None:
    """Log the figures of each challenger's comparison with the plain model, under its own name."""
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


def log_ablation(variants: list[Variant], seconds: list[dict[str, float | None]]) -> None:
    """Log the best candidate of each kind of cluster features as a table, with what it takes."""
    mlflow.log_text(ablation_table(variants, seconds).to_csv(index=False, lineterminator="\n"), "ablation.csv")


def ablation_table(variants: list[Variant], seconds: list[dict[str, float | None]]) -> pd.DataFrame:
    """Return one row for each kind of cluster features.

    `rows` is missing but for a kind that halving left, and says on how many rows it was scored and measured.
    """
    rows = [
        {
            "model": variant.model,
            "cluster_features": variant.features,
            "score": variant.score,
            "rows": variant.rows,
            **(variant.comparison.to_dict() if variant.comparison else {}),
            **taken,
        }
        for variant, taken in zip(variants, seconds, strict=True)
    ]
    return pd.DataFrame(rows).astype({"rows": "Int64"})
