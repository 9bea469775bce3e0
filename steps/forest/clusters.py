"""What k-means found: where its clusters lie, and which classes fall into them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Clusters:
    """Rows in the plane, and their clusters.

    Attributes
    ----------
    points : (n_rows, 2) float64
        The first two principal components of the standardised features that k-means sees.
    labels : (n_rows,) int64
        Each row's cluster.
    explained
        The share of the variance in each component, 0 to 1.
    n_clusters
        How many k-means was asked for; some may be empty.
    """

    points: np.ndarray
    labels: np.ndarray
    explained: tuple[float, float]
    n_clusters: int


def project_clusters(fitted: Pipeline, rows: pd.DataFrame) -> Clusters:
    """Return the clusters of a fitted `kmeans_pipeline` for raw rows, (n_rows, n_features)."""
    with threadpool_limits(1):
        return _project(fitted, rows)


def _project(fitted: Pipeline, rows: pd.DataFrame) -> Clusters:
    clusters = dict(fitted["features"].transformer_list)["clusters"]
    seen = clusters["scale"].transform(fitted["encode"].transform(rows))
    labels = clusters["kmeans"].transform(seen).argmin(axis=1)
    # A single feature has one component; the second one of its picture is zero.
    with np.errstate(invalid="ignore"):  # equal rows have no variance to share out
        pca = PCA(n_components=min(2, *seen.shape), svd_solver="covariance_eigh").fit(seen)
    points = np.zeros((len(seen), 2))
    points[:, : pca.n_components_] = pca.transform(seen)
    explained = [float(share) for share in np.nan_to_num(pca.explained_variance_ratio_)] + [0.0]
    return Clusters(points, labels, (explained[0], explained[1]), clusters["kmeans"].n_clusters)


def cluster_share(fitted: Pipeline) -> float | None:
    """Return the share, 0 to 1, of the forest's impurity importance that features from k-means have; None without."""
    added = dict(fitted["features"].transformer_list) if "features" in fitted.named_steps else {}
    if "clusters" not in added:
        return None
    own = added["clusters"]["scale"].n_features_in_
    return float(fitted["forest"].feature_importances_[own:].sum())


def clusters_by_class(labels: np.ndarray, codes: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Return for each cluster (row) the share of each class (column) among its rows; a row sums to 1."""
    counts = pd.crosstab(labels, codes)
    counts.columns = [classes[code] for code in counts.columns]
    counts.index.name = "cluster"
    return counts.div(counts.sum(axis=1), axis=0)
