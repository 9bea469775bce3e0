"""How a model of Grove is loaded, and how MLflow asks it. This file travels with each model and needs nothing of Grove.

A model answers raw rows with their classes; with the parameter ``probabilities`` with a record for each row:
``prediction``, and ``probability_<class>`` for each class. What is not of the type that its column had in training is
refused in one sentence, which a server answers with status 400.
"""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

MODEL_FILE = "model.skops"
_LEAF = -1
"""Stands in a tree for no child."""
PROBABILITIES = "probabilities"
TRUSTED_TYPES = [
    "numpy.argmin",
    "numpy.asarray",
    "numpy.clip",
    "numpy.dtype",
    "numpy.nan_to_num",
    "numpy.ravel",
    "numpy.reshape",
    "operator.attrgetter",
    "pandas.DataFrame",
    "pandas.DatetimeIndex",
    "pandas.array",
    "pandas.to_datetime",
    "sklearn.tree._tree.Tree",
]
"""What skops must be told to trust in Grove's pipelines: public names of Python, numpy and pandas, a class of
scikit-learn. None of them runs, reads or writes what a model could name."""


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


def load_pipeline(folder: Path, name: str) -> Pipeline:
    """Return the pipeline of a model; nothing is unpickled, and no code in the model's folder is run.

    skops builds only types that it is told to trust. MLflow tells it those that the model's own MLmodel lists, this
    function those that Grove knows.

    Parameters
    ----------
    folder
        The model's.
    name
        Its own, for messages.

    Raises
    ------
    ValueError
        When the model is not saved with skops, asks for more types to be trusted, or is damaged.
    """
    # What a stranger wrote can break its reader in any way.
    try:
        flavor = Model.load(str(folder)).flavors["sklearn"]
        saved, file, listed = (flavor[key] for key in ("serialization_format", "pickled_model", "skops_trusted_types"))
        more = sorted(map(str, set(listed) - set(TRUSTED_TYPES)))
    except Exception as error:
        raise ValueError(
            f"Got the model {name} with a damaged MLmodel ({type(error).__name__}: {error}), expected it as a trainer "
            f"of Grove wrote it: train it again."
        ) from error
    if (saved, file) != ("skops", MODEL_FILE):
        raise ValueError(
            f"Got the model {name} saved as {saved!r} in {file!r}, expected skops in {MODEL_FILE!r}: other formats run "
            f"code when they are loaded, so it is not loaded."
        )
    try:
        found = skops.io.load(folder / file, trusted=TRUSTED_TYPES)
    except UntrustedTypesFoundException:
        more = sorted({*more, *skops.io.get_untrusted_types(file=folder / file)} - set(TRUSTED_TYPES))
    except Exception as error:
        raise ValueError(
            f"Got the model {name} damaged ({type(error).__name__}: {error}), expected it as it was saved: train it "
            f"again."
        ) from error
    if more:
        raise ValueError(
            f"Got the model {name}, which asks to trust {', '.join(more)}, expected only types that Grove's models "
            f"are made of: it may run code when it is loaded, so it is not loaded."
        )
    if not isinstance(found, Pipeline) or not _is_sound(found):
        raise ValueError(
            f"Got the model {name} damaged, expected a pipeline with whole trees as a trainer of Grove saved it: train "
            f"it again."
        )
    return found


def _is_sound(pipeline: Pipeline) -> bool:
    """Return whether every node of the model's trees leads to later nodes that exist, and asks for a known feature.

    Compiled code follows them without a look: it would read any memory, or never end.
    """
    try:
        trees = np.ravel(getattr(pipeline[-1], "estimators_", []))
        return all(
            tree.n_features_in_ == pipeline[-1].n_features_in_ and _leads_to_leaves(tree.tree_, tree.n_features_in_)
            for tree in trees
        )
    except Exception:  # what a stranger wrote may lack anything
        return False


def _leads_to_leaves(tree: Any, n_features: int) -> bool:
    nodes = np.flatnonzero(tree.children_left != _LEAF)
    children = np.stack([tree.children_left[nodes], tree.children_right[nodes]])
    features = tree.feature[nodes]
    leads_on = (nodes < children) & (children < tree.node_count)
    is_known = (features >= 0) & (features < n_features)
    return bool(tree.node_count > 0 and leads_on.all() and is_known.all())


def _load_pyfunc(path: str) -> GroveModel:
    """Return the model in a folder; MLflow calls this."""
    return GroveModel(load_pipeline(Path(path), path), Model.load(path).metadata["features"])
