"""Thresholds on the holdout's metrics, checked by MLflow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import mlflow
from mlflow.models import EvaluationResult, MetricThreshold
from mlflow.models.evaluation.validation import ModelValidationFailedException

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "matthews_corrcoef",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
    "roc_auc_ovr",
)
"""Those of every verdict, beside the score that the models were chosen by."""
_LOSSES = ("log_loss", "brier_score", "expected_calibration_error")


@dataclass(frozen=True)
class Threshold:
    """The least that a metric must have, or of a loss the most."""

    metric: str
    value: float

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.metric}{'<=' if self.metric in _LOSSES else '>='}{self.value:g}"

    def is_met(self, metrics: Mapping[str, float | None]) -> bool:
        """Return whether the metrics meet it; a metric without a value does not."""
        known = {name: value for name, value in metrics.items() if value is not None}
        asked = {self.metric: MetricThreshold(threshold=self.value, greater_is_better=self.metric not in _LOSSES)}
        try:
            mlflow.validate_evaluation_results(asked, EvaluationResult(metrics=known, artifacts={}))
        except ModelValidationFailedException:
            return False
        return True


def parse_thresholds(text: str) -> list[Threshold]:
    """Return the thresholds of a comma list such as ``accuracy>=0.7,log_loss<=1.2``.

    Raises
    ------
    ValueError
        When it is none, names a metric twice, or asks a score to be low or a loss to be high.
    """
    found: dict[str, Threshold] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\w+)\s*([<>]=)\s*(\S+)", part)
        value = _number(match[3]) if match else math.nan
        if match is None or not math.isfinite(value):
            raise ValueError(
                f"Got {part!r} in thresholds, expected a comma list such as accuracy>=0.7,log_loss<=1.2: quote it, as "
                f"a shell takes > and < for files."
            )
        metric, sign = match[1], match[2]
        if (sign == "<=") != (metric in _LOSSES):
            better = "less" if metric in _LOSSES else "more"
            raise ValueError(f"Got {part!r} in thresholds, expected {Threshold(metric, value)}: {better} is better.")
        if metric in found:
            raise ValueError(f"Got {metric} twice in thresholds, expected it once.")
        found[metric] = Threshold(metric, value)
    return list(found.values())


def check_metrics(thresholds: Iterable[Threshold], scoring: str) -> None:
    """Raise ValueError for a threshold on a metric that a verdict on models chosen by `scoring` does not have."""
    known = tuple(dict.fromkeys((scoring, *METRICS)))
    for threshold in thresholds:
        if threshold.metric not in known:
            raise ValueError(f"Got {threshold} in thresholds, expected one of the metrics {', '.join(known)}.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
