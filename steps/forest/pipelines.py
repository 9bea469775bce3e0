"""The two pipelines that Grove compares, made of stock scikit-learn classes, so that they load anywhere.

Everything that learns from data (imputation, encoding, scaling, k-means) is inside: it is fitted on the
training rows of a fold only, and a served model takes raw rows.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

TRUSTED_TYPES = [
    "numpy.argmin",
    "numpy.asarray",
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
"""What skops must be told to trust in these pipelines: public names of Python, numpy and pandas, a class of
scikit-learn."""

DATE_PARTS = ("year", "month", "day", "day_of_week")


def encoder(
    numeric: Sequence[str], dates: Sequence[str], categorical: Sequence[str], max_categories: int
) -> ColumnTransformer:
    """Return what turns raw rows into numbers: numbers, parts of dates, one column for each category.

    Missing numbers, and parts of missing dates, are the training rows' median. A missing category is a category of its
    own; the rarest beyond `max_categories`, and those never seen in training, share one column.
    """
    # The one-hot encoder tells None from NaN and refuses pd.NA; in a category of pandas they are one. pandas makes
    # categories of many columns only from an array; objects compare with those of any type seen in training.
    categories = Pipeline(
        [
            ("values", FunctionTransformer(np.asarray, kw_args={"dtype": "O"})),
            ("one_missing", FunctionTransformer(pd.DataFrame, kw_args={"dtype": "category"})),
            ("objects", FunctionTransformer(pd.DataFrame, kw_args={"dtype": "O"})),
            (
                "one_hot",
                OneHotEncoder(max_categories=max_categories, handle_unknown="infrequent_if_exist", sparse_output=False),
            ),
        ]
    )
    return ColumnTransformer(
        [
            ("numeric", _numbers(len(numeric)), list(numeric)),
            *((f"date_{position}", _date_parts(), name) for position, name in enumerate(dates)),
            ("categorical", categories, list(categorical)),
        ]
    )


def _median() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _numbers(columns: int) -> Pipeline:
    """Return what turns numbers of any type into floats, infinite ones being missing.

    None, NaN and pandas' NA are missing, whatever else is in the column. Only a flat array of pandas takes all of them.
    """
    nan = {"nan": np.nan, "posinf": np.nan, "neginf": np.nan}
    return Pipeline(
        [
            ("flat", FunctionTransformer(np.ravel)),
            ("nullable", FunctionTransformer(pd.array, kw_args={"dtype": "Float64"})),
            ("floats", FunctionTransformer(np.asarray, kw_args={"dtype": "float64"})),
            ("finite", FunctionTransformer(np.nan_to_num, kw_args=nan)),
            ("rows", FunctionTransformer(np.reshape, kw_args={"shape": (-1, columns)})),
            ("missing", _median()),
        ]
    )


def _date_parts() -> Pipeline:
    """Return what turns one column of dates into year, month, day and day of the week (0 is Monday).

    A date may be a date, a moment or ISO 8601 text; moments with a time zone are read in UTC.
    """
    parts = [
        (
            part,
            Pipeline(
                [("of", FunctionTransformer(operator.attrgetter(part))), ("column", FunctionTransformer(pd.DataFrame))]
            ),
        )
        for part in DATE_PARTS
    ]
    return Pipeline(
        [
            ("parse", FunctionTransformer(pd.to_datetime, kw_args={"format": "ISO8601", "utc": True})),
            ("dates", FunctionTransformer(pd.DatetimeIndex)),
            ("parts", FeatureUnion(parts)),
            ("missing", _median()),
        ]
    )


def forest_pipeline(encode: ColumnTransformer, seed: int) -> Pipeline:
    """Return the plain forest: encoded rows into a random forest."""
    return Pipeline([("encode", encode), ("forest", RandomForestClassifier(random_state=seed))])


def kmeans_pipeline(encode: ColumnTransformer, seed: int) -> Pipeline:
    """Return the forest with k-means integrated: it also sees what k-means says of the standardised rows."""
    clusters = Pipeline(
        [
            ("scale", StandardScaler()),
            ("kmeans", KMeans(random_state=seed)),
            ("add", cluster_features("distances")),
        ]
    )
    return Pipeline(
        [
            ("encode", encode),
            ("features", FeatureUnion([("table", "passthrough"), ("clusters", clusters)])),
            ("forest", RandomForestClassifier(random_state=seed)),
        ]
    )


def cluster_features(kind: str) -> Any:
    """Return what turns distances to the centroids, (n_rows, n_clusters), into `kind` of features.

    distances: as they are; label: the nearest centroid, one column for each; both: one beside the other.
    """
    label = Pipeline(
        [
            ("nearest", FunctionTransformer(np.argmin, kw_args={"axis": 1, "keepdims": True})),
            ("one_hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
        ]
    )
    return {
        "distances": "passthrough",
        "label": label,
        "both": FeatureUnion([("distances", "passthrough"), ("label", label)]),
    }[kind]


def settings(candidate: dict[str, Any]) -> dict[str, Any]:
    """Return a candidate's hyperparameters, by their short names, as `Pipeline.set_params` wants them."""
    places = {
        "n_clusters": "features__clusters__kmeans__n_clusters",
        "cluster_features": "features__clusters__add",
    }
    return {
        places.get(name, f"forest__{name}"): cluster_features(value) if name == "cluster_features" else value
        for name, value in candidate.items()
    }


def with_classes(fitted: Pipeline, classes: np.ndarray) -> Pipeline:
    """Return the fitted pipeline with other names for its classes; the forest's trees are shared, not copied.

    Grove fits on class codes 0..n-1, so that labels of any type, fractions included, meet the same scorers,
    and binary scorers know the positive class: the last one in sorting order. A forest answers with
    `classes_[argmax]`, so naming its classes is all that a fitted one needs.
    """
    *before, (name, forest) = fitted.steps
    named = RandomForestClassifier(**forest.get_params(deep=False))
    named.__dict__.update({**vars(forest), "classes_": classes})
    return Pipeline([*before, (name, named)])
