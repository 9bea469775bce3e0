import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io as sio
from sklearn.base import clone

from steps.forest.encoder import encoder
from steps.forest.grid import CLUSTER_FEATURES
from steps.forest.pipelines import (
    cluster_features,
    kmeans_pipeline,
    settings,
    with_classes,
)
from steps.serving.grove_model import TRUSTED_TYPES
from tests.forest.fitting import (
    BUILDERS,
    CODES,
    DAYS,
    NUMBERS,
    TEXTS,
    TEXTS_AND_MISSING,
    column,
    fitted,
)


@pytest.mark.parametrize(("kind", "added"), [("distances", 3), ("label", 3), ("both", 6)])
def test_k_means_adds_as_many_features_as_clusters(kind, added):
    rows = column(["a", "b"] * 6)
    pipeline = fitted(kmeans_pipeline, rows, cluster_features=kind)
    features = pipeline[:-1].transform(rows)
    encoded = pipeline["encode"].transform(rows)
    assert encoded.shape == (12, 3)
    assert features.shape == (12, 3 + added)
    np.testing.assert_array_equal(features[:, :3], encoded)


def test_the_features_are_the_distances_to_the_centroids_and_the_nearest_one():
    rows = pd.DataFrame({"x": NUMBERS})
    pipeline = fitted(kmeans_pipeline, rows, categorical=(), cluster_features="both")
    centroids = dict(pipeline["features"].transformer_list)["clusters"]["kmeans"].cluster_centers_
    standardised = (NUMBERS - NUMBERS.mean()) / NUMBERS.std()
    distances = np.abs(standardised[:, None] - centroids[:, 0])
    features = pipeline[:-1].transform(rows)
    np.testing.assert_allclose(features[:, 1:4], distances, atol=1e-7)
    np.testing.assert_array_equal(features[:, 4:], np.eye(3)[distances.argmin(axis=1)])


def test_a_cluster_that_no_training_row_is_in_is_no_label():
    # New rows may be nearest to any centroid; a one-hot column exists for those seen in training.
    label = cluster_features("label").fit(np.array([[0.0, 1, 2], [2, 1, 0]]))
    np.testing.assert_array_equal(
        label.transform(np.array([[0.0, 1, 2], [1, 0, 2], [2, 1, 0]])), [[1, 0], [0, 0], [0, 1]]
    )


def test_settings_of_a_candidate():
    candidate = {"max_depth": None, "n_clusters": 4, "cluster_features": "distances"}
    assert settings(candidate) == {
        "forest__max_depth": None,
        "features__clusters__kmeans__n_clusters": 4,
        "features__clusters__add": "passthrough",
    }
    assert candidate["cluster_features"] == "distances"


@pytest.mark.parametrize("kind", CLUSTER_FEATURES)
def test_a_candidate_can_be_set_on_a_clone(kind):
    pipeline = clone(kmeans_pipeline(encoder(["x"], [], ["c"], 8), 7)).set_params(
        **settings({"n_estimators": 9, "n_clusters": 2, "cluster_features": kind})
    )
    parameters = pipeline.get_params()
    assert (parameters["forest__n_estimators"], parameters["forest__random_state"]) == (9, 7)
    assert parameters["features__clusters__kmeans__n_clusters"] == 2
    assert parameters["features__clusters__kmeans__random_state"] == 7


def test_an_unknown_kind_of_cluster_features():
    with pytest.raises(KeyError, match="nearest"):
        cluster_features("nearest")


@pytest.mark.parametrize("build", BUILDERS)
def test_only_the_named_columns_are_seen_in_any_order(build):
    rows = column(TEXTS_AND_MISSING, "str")
    pipeline = fitted(build, rows)
    asked = rows.assign(other=np.nan)[["other", "c", "x"]]
    np.testing.assert_array_equal(pipeline.predict_proba(asked), pipeline.predict_proba(rows))


@pytest.mark.parametrize("build", BUILDERS)
def test_equal_seeds_give_equal_forests(build):
    rows = column(TEXTS)
    first, second = (fitted(build, rows).predict_proba(rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)


# Models are saved and loaded without pickle.
LABELS = {
    "text": ["cat", "dog", "emu"],
    "unicode": ["", "é", "中文"],
    "integers": [-3, 7, 2**40],
    "whole floats": [1.0, 2.0, 3.0],
    "fractions": [0.1, 0.25, 1.5],
}


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_a_model_survives_skops(build, labels):
    survives(build, labels, CODES)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_model_of_booleans_survives_skops(build):
    survives(build, [False, True], CODES % 2)


@pytest.mark.parametrize("kind", CLUSTER_FEATURES)
def test_a_model_with_any_cluster_features_survives_skops(kind):
    survives(kmeans_pipeline, ["a", "b", "c"], CODES, cluster_features=kind)


def survives(build, labels, codes, **candidate):
    rows = column(TEXTS_AND_MISSING, "str").assign(d=pd.to_datetime(pd.Series(DAYS)))
    pipeline = with_classes(fitted(build, rows, dates=("d",), codes=codes, **candidate), np.array(labels))
    saved = sio.dumps(pipeline)
    assert set(sio.get_untrusted_types(data=saved)) <= set(TRUSTED_TYPES)
    loaded = sio.loads(saved, trusted=TRUSTED_TYPES)
    predicted = loaded.predict(rows)
    np.testing.assert_array_equal(predicted, pipeline.predict(rows))
    np.testing.assert_array_equal(loaded.predict_proba(rows), pipeline.predict_proba(rows))
    assert predicted.dtype == np.array(labels).dtype
    assert loaded.classes_.tolist() == labels
    asked = column([None, "unseen"], object).assign(d="2024-01-01")
    np.testing.assert_array_equal(loaded.predict_proba(asked), pipeline.predict_proba(asked))


def test_every_trusted_type_is_needed():
    rows = column(TEXTS).assign(d=pd.to_datetime(pd.Series(DAYS)))
    saved = sio.dumps(fitted(kmeans_pipeline, rows, dates=("d",), cluster_features="both"))
    assert sorted(sio.get_untrusted_types(data=saved)) == TRUSTED_TYPES


PREDICT = """
import importlib.util, json, sys
import pandas as pd
import skops.io

assert importlib.util.find_spec("steps") is None
model = skops.io.load("model.skops", trusted=json.loads(sys.argv[1]))
rows = pd.read_json("rows.json", lines=True)
print(json.dumps([model.predict(rows).tolist(), model.predict_proba(rows).tolist()]))
"""


@pytest.mark.parametrize("build", BUILDERS)
def test_a_model_answers_in_a_fresh_process_without_the_project(build, tmp_path):
    rows = column(TEXTS_AND_MISSING, "str").assign(d=DAYS)
    pipeline = with_classes(
        fitted(build, rows, dates=("d",), **({"cluster_features": "both"} if build is kmeans_pipeline else {})),
        np.array(["cat", "dog", "emu"]),
    )
    sio.dump(pipeline, tmp_path / "model.skops")
    rows.to_json(tmp_path / "rows.json", orient="records", lines=True)
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", PREDICT, json.dumps(TRUSTED_TYPES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [pipeline.predict(rows).tolist(), pipeline.predict_proba(rows).tolist()]
