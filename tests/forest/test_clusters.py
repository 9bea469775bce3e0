import numpy as np
import pandas as pd
import pytest

from steps.forest.clusters import cluster_share, clusters_by_class, project_clusters
from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline

CODES = np.arange(8) % 2


def fitted(rows, n_clusters=2):
    pipeline = kmeans_pipeline(encoder(list(rows), [], [], 5), 0)
    return pipeline.set_params(features__clusters__kmeans__n_clusters=n_clusters, forest__n_estimators=2).fit(
        rows, CODES
    )


def test_rows_in_the_plane():
    rows = pd.DataFrame({"x": [0.0, 1, 0, 1, 10, 11, 10, 11], "y": [0.0, 0, 1, 1, 10, 10, 11, 11]})
    found = project_clusters(fitted(rows), rows)
    first, second = found.labels[0], found.labels[4]
    assert {first, second} == {0, 1}
    assert found.labels.tolist() == [first] * 4 + [second] * 4
    # Both features have the same spread, so the first component is their diagonal: rows 1 and 2 fall together on it.
    assert found.points.shape == (8, 2)
    np.testing.assert_allclose(
        np.abs(found.points[0] - found.points[3]), [2**0.5 / rows["x"].std(ddof=0), 0], atol=1e-9
    )
    assert found.points[1, 0] == pytest.approx(found.points[2, 0])
    assert sum(found.explained) == pytest.approx(1)
    assert found.explained[0] > 0.98


def test_labels_are_those_of_k_means():
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 3)), columns=list("abc"))
    pipeline = fitted(rows, n_clusters=3)
    kmeans = dict(pipeline["features"].transformer_list)["clusters"]["kmeans"]
    np.testing.assert_array_equal(project_clusters(pipeline, rows).labels, kmeans.labels_)


def test_a_single_feature_has_a_second_component_of_zero():
    rows = pd.DataFrame({"x": np.arange(8.0)})
    found = project_clusters(fitted(rows), rows)
    assert found.explained == (1.0, 0.0)
    np.testing.assert_array_equal(found.points[:, 1], 0)
    assert len(set(found.points[:, 0])) == 8


def test_equal_rows_explain_nothing():
    rows = pd.DataFrame({"x": np.arange(8.0), "y": np.arange(8.0) % 3})
    found = project_clusters(fitted(rows), rows.iloc[[2, 2, 2, 2]])
    assert found.explained == (0.0, 0.0)
    np.testing.assert_allclose(found.points, 0, atol=1e-12)


def test_shares_of_classes_in_each_cluster():
    found = clusters_by_class(np.array([0, 0, 0, 0, 2, 2]), np.array([0, 0, 0, 2, 2, 2]), ["a", "b", "c"])
    expected = pd.DataFrame({"a": [0.75, 0.0], "c": [0.25, 1.0]}, index=pd.Index([0, 2], name="cluster"))
    pd.testing.assert_frame_equal(found, expected, check_names=False)
    assert found.index.name == "cluster"


def test_the_share_of_the_features_from_k_means():
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 3)), columns=list("abc"))
    pipeline = fitted(rows, n_clusters=2).set_params(forest__n_estimators=20).fit(rows, CODES)
    importances = pipeline["forest"].feature_importances_
    assert len(importances) == 3 + 2
    assert cluster_share(pipeline) == pytest.approx(importances[3:].sum())
    assert 0 < cluster_share(pipeline) < 1
    plain = forest_pipeline(encoder(list(rows), [], [], 5), 0).set_params(forest__n_estimators=2).fit(rows, CODES)
    assert cluster_share(plain) is None
