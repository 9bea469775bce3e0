"""The whole question, asked of tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline
from steps.forest.plan import candidates
from steps.forest.verdict import decide
from tests.forest.searches import run

SCORING = "balanced_accuracy"
FOREST = {"n_estimators": [20], "min_samples_leaf": [3]}
KMEANS = FOREST | {"n_clusters": [4, 8], "cluster_features": ["distances", "label"]}


def answer(table, codes, seed=0, kmeans=KMEANS, forest=FOREST):
    rows = pd.DataFrame(table, columns=[f"x{number}" for number in range(table.shape[1])])
    encode = encoder(list(rows), [], [], 5)
    found = {
        name: run(build(encode, seed), candidates(grids), rows, codes, scoring=SCORING, cv=5, seed=seed).fold_scores
        for name, build, grids in (
            ("train_rf", forest_pipeline, forest),
            ("train_rf_kmeans", kmeans_pipeline, kmeans | forest),
        )
    }
    return decide(
        found, dict.fromkeys(found), SCORING, rope=0.01, min_probability=0.95, n_rows=np.bincount(codes).min()
    )


def clusters_that_carry_the_signal(seed, n_rows):
    """Clusters around twelve corners of a cube of many dimensions, each of one class: a single column tells little."""
    random = np.random.default_rng(seed)
    corners = 0.45 * random.choice([-1.0, 1.0], size=(12, 100))
    cluster = np.arange(n_rows) % len(corners)
    return corners[cluster] + random.normal(size=(n_rows, 100)), (cluster % 2).astype(np.int64)


def one_column_that_tells_all(seed, n_rows):
    random = np.random.default_rng(seed)
    table = random.normal(size=(n_rows, 4))
    return table, (table[:, 0] > 0).astype(np.int64)


def noise(seed, n_rows):
    """One column tells something, and what clusters there are in the others has nothing to do with the class."""
    random = np.random.default_rng(seed)
    codes = (np.arange(n_rows) % 2).astype(np.int64)
    table = random.normal(size=(n_rows, 3))
    table[:, 0] += codes
    return table, codes


@pytest.mark.parametrize("seed", range(3))
def test_clusters_that_carry_the_signal(seed):
    found = answer(*clusters_that_carry_the_signal(seed, 800), seed, KMEANS | {"n_clusters": [12, 24]})
    assert (found.outcome, found.winner) == ("k-means better", "train_rf_kmeans")


@pytest.mark.parametrize("seed", range(3))
def test_a_column_that_tells_all_needs_no_clusters(seed):
    found = answer(*one_column_that_tells_all(seed, 1000), seed)
    assert found.outcome in ("practically equivalent", "forest better")
    assert found.winner == "train_rf"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [noise, one_column_that_tells_all, clusters_that_carry_the_signal])
def test_tiny_tables_decide_nothing(make, seed):
    found = answer(*make(seed, 24), seed, KMEANS | {"n_clusters": [2, 4]})
    assert found.outcome == "not decided"


@pytest.mark.slow
def test_of_200_tables_of_noise_few_say_that_clusters_help():
    few = {"n_estimators": [8], "min_samples_leaf": [3]}
    clusters = {"n_clusters": [4], "cluster_features": ["distances", "label"]}
    found = [answer(*noise(seed, 150), seed, clusters, few).outcome for seed in range(200)]
    assert found.count("k-means better") <= 0.05 * len(found)
