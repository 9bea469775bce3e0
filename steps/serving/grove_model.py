"""How MLflow asks a model of Grove. This file travels with each model and needs MLflow and pandas, nothing of Grove.

A model answers raw rows with their classes; with the parameter ``probabilities`` with a record for each row:
``prediction``, and ``probability_<class>`` for each class. What is not of the type that its column had in training is
refused in one sentence, which a server answers with status 400.
"""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Callable
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model

PROBABILITIES = "probabilities"


class GroveModel:
    """A pipeline that takes raw rows, behind checks of what they hold.

    Parameters
    ----------
    pipeline
        A fitted scikit-learn pipeline.
    features
        Each of its columns as it was in training: `name`, and as `type` integer, number, boolean, date or text.
    """

    def __init__(self, pipeline: Any, features: list[dict[str, str]]) -> None:
        self.pipeline = pipeline
        self._features = features

    def predict(self, rows: pd.DataFrame, params: dict[str, Any] | None = None) -> np.ndarray | pd.DataFrame:
        """Return the class of each row, or a frame with its class and the probability of each class.

        Parameters
        ----------
        rows : (n_rows, n_features)
            Raw ones.
        params
            `probabilities`: whether to return a frame.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If there is no row, or a value is not of its column's type.
        """
        if rows.empty:
            raise MlflowException.invalid_parameter_value("Got no rows, expected at least one.")
        for feature in self._features:
            check(rows[feature["name"]], feature)
        if not (params or {}).get(PROBABILITIES):
            return self.pipeline.predict(rows)
        probabilities = self.pipeline.predict_proba(rows)
        classes = self.pipeline.classes_
        columns = {f"probability_{label}": probabilities[:, code] for code, label in enumerate(classes.tolist())}
        return pd.DataFrame({"prediction": classes[probabilities.argmax(axis=1)], **columns})


def check(values: pd.Series, feature: dict[str, str]) -> None:
    """Raise MlflowException unless all values of a column are missing or of the feature's type."""
    is_safe, fits, expected = _TYPES[feature["type"]]
    if is_safe(values.dtype):
        return
    for row, value in enumerate(values.array, start=1):
        if not (pd.api.types.is_scalar(value) and pd.isna(value)) and not fits(value):
            shown = value.item() if isinstance(value, np.generic) else value
            raise MlflowException.invalid_parameter_value(
                f"Got {shown!r} in column {feature['name']!r}, row {row}, expected {expected} or null."
            )


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _is_truth(value: object) -> bool:
    return isinstance(value, (bool, np.bool_)) or (_is_number(value) and value in (0, 1))


def _is_date(value: object) -> bool:
    if isinstance(value, str):
        try:
            pd.to_datetime(value, format="ISO8601", utc=True)
        except (ValueError, OverflowError):
            return False
        return True
    return isinstance(value, (dt.date, np.datetime64))


def _is_numeric(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


_TYPES: dict[str, tuple[Callable[[Any], bool], Callable[[object], bool], str]] = {
    "integer": (_is_numeric, _is_number, "a number"),
    "number": (_is_numeric, _is_number, "a number"),
    "boolean": (pd.api.types.is_bool_dtype, _is_truth, "true or false"),
    "date": (pd.api.types.is_datetime64_any_dtype, _is_date, "a date such as '2024-02-29'"),
    "text": (lambda dtype: isinstance(dtype, pd.StringDtype), lambda value: isinstance(value, str), "text"),
}
"""Of each type: which dtypes hold nothing else, whether a value is of it, and what it is called."""


def _load_pyfunc(path: str) -> GroveModel:
    """Return the model in a folder; MLflow calls this."""
    return GroveModel(mlflow.sklearn.load_model(path), Model.load(path).metadata["features"])
