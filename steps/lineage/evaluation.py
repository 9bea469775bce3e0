"""MLflow's own evaluator, asked about predictions that are there already."""

from __future__ import annotations

import warnings
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from steps.lineage.datasets import DIGEST_CHARACTERS, dataset_source

PER_CLASS = "per_class_metrics"


def evaluate_predictions(
    name: str, labels: np.ndarray, predicted: np.ndarray, classes: list[str], *, model_id: str, source: str, digest: str
) -> pd.DataFrame | None:
    """Log MLflow's metrics of a classifier for the active run and the model.

    Parameters
    ----------
    name
        Stands before each metric's name.
    labels, predicted : (n_rows,)
        True and predicted classes as text: MLflow's evaluator takes some other types for a regression's.
    classes
        All classes, in the order of the model's.
    model_id
        The logged model's.
    source, digest
        Where the rows are from, and their fingerprint.

    Returns
    -------
    pandas.DataFrame or None
        MLflow's metrics by class, one row for each, of more than two classes.
    """
    if len({*labels, *predicted}) < 2:
        return None  # its evaluator can't count the cells of a confusion matrix with a single class
    config: dict[str, Any] = {
        "metric_prefix": f"{name}_",
        "log_model_explainability": False,
        "label_list": classes,
        "average": "weighted",
    }
    if len(classes) == 2:
        config |= {"pos_label": classes[1]}
    rows = mlflow.data.from_pandas(
        pd.DataFrame({"label": labels, "prediction": predicted}),
        source=dataset_source(source),
        targets="label",
        predictions="prediction",
        name="test",
        digest=digest[:DIGEST_CHARACTERS],
    )
    with warnings.catch_warnings():
        # A class that the holdout lacks, or that is never predicted, has no recall or precision; it counts as 0.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        result = mlflow.models.evaluate(
            data=rows, model_type="classifier", evaluators="default", evaluator_config=config, model_id=model_id
        )
    return result.artifacts[PER_CLASS].content if PER_CLASS in result.artifacts else None
