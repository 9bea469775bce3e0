"""What must agree in a run of evaluate."""

from __future__ import annotations

import io

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run


def check_verdict(run: Run) -> None:
    """What stands in the verdict, in the metrics and in the tags agrees."""
    verdict = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/verdict/verdict.json")
    assert run.data.tags["grove.verdict"] == verdict["outcome"] == "not decided"
    found = verdict["comparisons"]["train_rf_kmeans"]
    scores = [verdict["models"][name]["holdout"]["balanced_accuracy"] for name in ("train_rf_kmeans", "train_rf")]
    assert found["holdout"]["difference"] == scores[0] - scores[1]
    assert found["holdout"]["low"] < found["holdout"]["difference"] < found["holdout"]["high"]
    for name, value in (
        ("p_equivalent", found["equivalent"]),
        ("mcnemar_p_value", found["holdout"]["mcnemar_p_value"]),
    ):
        assert run.data.metrics[f"train_rf_kmeans_{name}"] == value
    for model in verdict["models"].values():
        for metric in ("accuracy", "balanced_accuracy", "f1_macro", "matthews_corrcoef", "log_loss", "brier_score"):
            low, high = model["holdout_intervals"][metric]
            assert low < model["holdout"][metric] < high
    check_slices(run, verdict)
    check_ablation(run, verdict)


def check_slices(run: Run, verdict: dict) -> None:
    """The worst come first, none is small, and the lowest scores are metrics."""
    winner = verdict["winner"]
    for kind, metric in (("classes", "lowest_recall"), ("slices", "lowest_slice")):
        scores = [part["scores"][winner] for part in verdict[kind]]
        assert scores == sorted(scores)
        judged = [part["scores"][winner] for part in verdict[kind] if part["rows"] >= 30]
        assert run.data.metrics[f"{winner}_{metric}"] == min(judged)
    assert {part["column"] for part in verdict["slices"]} == {"plot_type"}
    assert min(part["rows"] for part in verdict["slices"]) >= 30
    by_class = read_csv(run, "per_class_metrics.csv")
    recalls = by_class[by_class["model"] == winner].set_index("positive_class")["recall_score"]
    assert {part["value"]: part["scores"][winner] for part in verdict["classes"]} == pytest.approx(dict(recalls))


def check_ablation(run: Run, verdict: dict) -> None:
    """The plain forest and its challenger are the ones that the verdict compares."""
    plain, clusters = verdict["ablation"]
    assert (plain["features"], clusters["features"]) == (None, "distances")
    assert (plain["rows"], clusters["rows"]) == (None, None)
    assert plain["score"] == verdict["models"]["train_rf"]["cv_mean"]
    compared = dict(verdict["comparisons"]["train_rf_kmeans"])
    del compared["holdout"]
    assert clusters["comparison"] == compared
    assert (read_csv(run, "ablation.csv")[["fit_seconds", "score_seconds"]] > 0).all(axis=None)
    assert run.data.metrics["train_rf_model_bytes"] > 0


def read_csv(run: Run, path: str) -> pd.DataFrame:
    """Return a table among the run's artifacts."""
    return pd.read_csv(io.StringIO(mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{path}")))
