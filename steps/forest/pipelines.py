"""The two pipelines that Grove compares, made of stock scikit-learn classes, so that they load anywhere.

Everything that learns from data (imputation, encoding, scaling, k-means) is inside: it is fitted on the
training rows of a fold only, and a served model takes raw rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler


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


_PLACES = {"n_clusters": "features__clusters__kmeans__n_clusters", "cluster_features": "features__clusters__add"}


def place(name: str) -> str:
    """Return the name by which a pipeline knows a hyperparameter."""
    return _PLACES.get(name, f"forest__{name}")


def settings(candidate: dict[str, Any]) -> dict[str, Any]:
    """Return a candidate's hyperparameters, by their short names, as `Pipeline.set_params` wants them."""
    return {
        place(name): cluster_features(value) if name == "cluster_features" else value
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
