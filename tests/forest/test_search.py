import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from steps.forest.encoder import encoder
from steps.forest.pipelines import cluster_features, forest_pipeline, kmeans_pipeline
from steps.forest.search import check_rows, folds, search

PROJECT = Path(__file__).parents[2]


def nothing():
    """Take no notice of a fit."""


def run(pipeline, candidates, rows, codes, scoring="accuracy", cv=3, seed=0, n_jobs=1, on_fit=nothing):
    return search(pipeline, candidates, rows, codes, scoring=scoring, cv=cv, seed=seed, n_jobs=n_jobs, on_fit=on_fit)


def pipeline(seed=0):
    return kmeans_pipeline(encoder(["weight", "length"], [], ["site", "female"], 5), seed).set_params(
        forest__n_estimators=5
    )


CANDIDATES = [
    {"max_depth": 2, "n_clusters": 2, "cluster_features": "distances"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "both"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "label"},
]
SPELLED_OUT = [
    {
        "forest__max_depth": [candidate["max_depth"]],
        "features__clusters__kmeans__n_clusters": [candidate["n_clusters"]],
        "features__clusters__add": [cluster_features(candidate["cluster_features"])],
    }
    for candidate in CANDIDATES
]


@settings(max_examples=6, deadline=None)
@given(
    n_classes=st.integers(2, 4),
    n_rows=st.integers(24, 60),
    missing=st.sampled_from([0.0, 0.3]),
    scoring=st.sampled_from(["accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc_ovr"]),
    cv=st.integers(2, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_scikit_learns_grid_search(table, n_classes, n_rows, missing, scoring, cv, seed):
    rows, codes = table(n_rows, n_classes, missing, seed)
    found = run(pipeline(seed), CANDIDATES, rows, codes, scoring, cv, seed)
    grid = GridSearchCV(
        pipeline(seed),
        SPELLED_OUT,
        scoring=scoring,
        cv=StratifiedKFold(cv, shuffle=True, random_state=seed),
        error_score="raise",
    ).fit(rows, codes)
    expected = pd.DataFrame(grid.cv_results_)
    splits = [f"split{fold}_test_score" for fold in range(cv)]
    own = [f"fold_{fold}" for fold in range(cv)]
    np.testing.assert_allclose(found.candidates[own], expected[splits], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.candidates["mean_score"], expected["mean_test_score"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.candidates["std_score"], expected["std_test_score"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.candidates["rank"], expected["rank_test_score"])
    assert found.best == grid.best_index_
    np.testing.assert_allclose(found.fold_scores, expected.loc[found.best, splits].tolist(), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.pipeline.predict_proba(rows), grid.predict_proba(rows))


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "neg_log_loss"])
def test_the_number_of_threads_does_not_matter(table, scoring):
    rows, codes = table(700, 3, 0.2, seed=0)  # k-means works in chunks of 256 rows
    one, two = (run(pipeline(), CANDIDATES, rows, codes, scoring, n_jobs=n_jobs) for n_jobs in (1, 2))
    seconds = ["fit_seconds", "score_seconds"]
    pd.testing.assert_frame_equal(
        one.candidates.drop(columns=seconds), two.candidates.drop(columns=seconds), check_exact=True
    )
    assert one.best == two.best
    np.testing.assert_array_equal(one.pipeline.predict_proba(rows), two.pipeline.predict_proba(rows))


def test_the_candidates_table(table):
    rows, codes = table(30, 2, 0.2, seed=1)
    before, given_codes = rows.copy(), codes.copy()
    unfitted = pipeline()
    found = run(unfitted, CANDIDATES, rows, codes)
    scores = ["mean_score", "std_score", "rank", "fit_seconds", "score_seconds", "fold_0", "fold_1", "fold_2"]
    assert found.candidates.columns.tolist() == ["max_depth", "n_clusters", "cluster_features", *scores]
    hyperparameters = found.candidates[["max_depth", "n_clusters", "cluster_features"]].to_dict("records")
    assert hyperparameters == CANDIDATES
    assert [type(candidate["max_depth"]) for candidate in hyperparameters] == [int, type(None), type(None)]
    assert (found.candidates["fit_seconds"] > 0).all()
    assert found.search_seconds > 0
    assert found.refit_seconds > 0
    pd.testing.assert_frame_equal(rows, before)
    np.testing.assert_array_equal(codes, given_codes)
    assert not hasattr(unfitted["forest"], "classes_")


def test_of_equal_candidates_the_first_is_best(table):
    rows, codes = table(30, 2, 0.0, seed=0)
    found = run(pipeline(), [{"max_depth": 4}, {"max_depth": 4}], rows, codes)
    assert found.candidates["rank"].tolist() == [1, 1]
    assert found.best == 0


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_best_is_fitted_on_all_rows_and_asked_by_one_thread(table, n_jobs):
    rows, codes = table(30, 3, 0.0, seed=0)
    found = run(pipeline(), CANDIDATES, rows, codes, n_jobs=n_jobs)
    clusters = dict(found.pipeline["features"].transformer_list)["clusters"]
    best = CANDIDATES[found.best]
    assert clusters["kmeans"].labels_.shape == (30,)
    assert clusters["kmeans"].n_clusters == best["n_clusters"]
    assert found.pipeline["forest"].max_depth == best["max_depth"]
    assert found.pipeline["forest"].n_jobs is None
    assert found.pipeline["forest"].classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_fit_is_told(table, n_jobs):
    calls = []
    rows, codes = table(24, 2, 0.0, seed=0)
    run(pipeline(), CANDIDATES, rows, codes, cv=4, n_jobs=n_jobs, on_fit=lambda: calls.append(None))
    assert len(calls) == len(CANDIDATES) * 4


def test_a_candidate_that_cannot_be_fitted_stops_the_search(table):
    rows, codes = table(24, 2, 0.0, seed=0)
    with pytest.raises(ValueError, match="n_samples=16 should be >= n_clusters=17"):
        run(pipeline(), [{"n_clusters": 2}, {"n_clusters": 17}], rows, codes)


def test_all_variants_share_the_folds():
    codes = np.arange(20) % 2
    first, second = (list(folds(5, 7).split(np.zeros((20, width)), codes)) for width in (1, 9))
    other = list(folds(5, 8).split(np.zeros((20, 1)), codes))
    for (train, validation), (same_train, same_validation) in zip(first, second, strict=True):
        np.testing.assert_array_equal(train, same_train)
        np.testing.assert_array_equal(validation, same_validation)
        assert np.bincount(codes[validation]).tolist() == [2, 2]
    assert any(not np.array_equal(ours[1], theirs[1]) for ours, theirs in zip(first, other, strict=True))


def test_a_class_with_fewer_rows_than_folds_is_refused():
    with pytest.raises(ValueError) as caught:
        check_rows(np.array([0, 0, 0, 1, 1, 1, 1]), ["fox", "owl"], cv=4)
    assert str(caught.value) == (
        "Got 3 training rows of class 'fox', expected at least cv=4: "
        "lower cv, or leave such classes out with min_class_rows and rare_classes=drop."
    )
    check_rows(np.array([0, 0, 0, 1, 1, 1, 1]), ["fox", "owl"], cv=3)


def test_a_class_with_no_row_is_refused():
    with pytest.raises(ValueError, match="Got 0 training rows of class 7, expected at least cv=2: "):
        check_rows(np.array([0, 0, 1, 1]), [5, 6, 7], cv=2)


def test_more_clusters_than_rows_are_refused():
    with pytest.raises(ValueError) as caught:
        check_rows(np.arange(10) % 2, ["a", "b"], cv=3, n_clusters=(2, 7, 3))
    assert str(caught.value) == "Got n_clusters=7, expected at most the 6 training rows of a fold."
    check_rows(np.arange(10) % 2, ["a", "b"], cv=3, n_clusters=(2, 6, 3))


@settings(deadline=None)
@given(st.lists(st.integers(2, 15), min_size=2, max_size=4), st.integers(2, 8), st.integers(0, 9))
def test_as_many_clusters_are_allowed_as_the_smallest_fold_has_training_rows(counts, cv, seed):
    codes = np.repeat(np.arange(len(counts)), [max(count, cv) for count in counts])
    smallest = min(len(train) for train, _ in folds(cv, seed).split(codes, codes))
    check_rows(codes, list(range(len(counts))), cv, [smallest])
    with pytest.raises(ValueError, match=f"^Got n_clusters={smallest + 1}, expected at most the {smallest} "):
        check_rows(codes, list(range(len(counts))), cv, [smallest + 1])


# Leakage. Every row carries its number in a numeric and in a categorical column, so a fit tells which rows it saw.
NUMBERS = np.arange(24)
NUMBERED = pd.DataFrame({"number": NUMBERS.astype(float), "name": [f"row {number}" for number in NUMBERS]})
NUMBERED_CODES = NUMBERS % 3
LEARNERS = {
    "encode__numeric": SimpleImputer,
    "encode__categorical__one_hot": OneHotEncoder,
    "features__clusters__scale": StandardScaler,
    "features__clusters__kmeans": KMeans,
}


def as_seen_by(learner, rows):
    if learner is OneHotEncoder:
        return np.array([f"row {number}" for number in rows])
    if learner is KMeans:
        return (rows - rows.mean()) / rows.std()
    return rows.astype(float)


@pytest.fixture
def first_columns(monkeypatch):
    """For each class that learns, the first column of the rows that each of its fits sees, in order."""
    seen = {learner: [] for learner in LEARNERS.values()}

    def record(learner):
        fit = learner.fit

        def recording(self, X, y=None, **options):
            seen[learner].append(np.asarray(X)[:, 0])
            return fit(self, X, y, **options)

        monkeypatch.setattr(learner, "fit", recording)

    for learner in LEARNERS.values():
        record(learner)
    return seen


def numbered_pipeline():
    return kmeans_pipeline(encoder(["number"], [], ["name"], 4), 0).set_params(
        features__clusters__kmeans__n_clusters=2, forest__n_estimators=2
    )


def leaking(searched, first_columns):
    """Return the classes that saw other rows than a fold's training rows, and at the end, once, all rows."""
    candidates = [{"max_depth": 2}, {"max_depth": None}]
    for columns in first_columns.values():
        columns.clear()
    run(searched, candidates, NUMBERED, NUMBERED_CODES)
    training = [train for train, _ in folds(3, 0).split(NUMBERED, NUMBERED_CODES)]
    found = set()
    for learner, columns in first_columns.items():
        expected = [as_seen_by(learner, rows) for rows in [*training * len(candidates), NUMBERS]]
        same = len(columns) == len(expected) and all(
            len(column) == len(rows)
            and (np.array_equal(column, rows) if learner is OneHotEncoder else np.allclose(column, rows, atol=1e-12))
            for column, rows in zip(columns, expected, strict=True)
        )
        found |= set() if same else {learner}
    return found


def test_what_learns_sees_training_rows_only(first_columns):
    assert leaking(numbered_pipeline(), first_columns) == set()


@pytest.mark.parametrize("place", LEARNERS)
def test_what_is_fitted_on_all_rows_before_would_be_noticed(first_columns, place):
    fitted = numbered_pipeline().fit(NUMBERED, NUMBERED_CODES)
    step = fitted
    for name in place.split("__"):
        parts = getattr(step, "named_transformers_", None) or dict(getattr(step, "transformer_list", ()))
        step = parts[name] if name in parts else step[name]
    leaky = numbered_pipeline().set_params(**{place: FrozenEstimator(step)})
    assert LEARNERS[place] in leaking(leaky, first_columns)


def test_a_fit_on_all_rows_in_each_fold_would_be_noticed(first_columns, monkeypatch):
    scale = StandardScaler().fit(NUMBERED[["number"]])
    recording = KMeans.fit

    def fit_on_all_rows(self, X, y=None, **options):
        rows = np.zeros((len(NUMBERED), X.shape[1]))
        rows[:, [0]] = scale.transform(NUMBERED[["number"]])
        return recording(self, rows, y, **options)

    monkeypatch.setattr(KMeans, "fit", fit_on_all_rows)
    assert leaking(numbered_pipeline(), first_columns) == {KMeans}


def test_the_plain_forest_sees_training_rows_only(first_columns):
    plain = forest_pipeline(encoder(["number"], [], ["name"], 4), 0).set_params(forest__n_estimators=2)
    # There is no scaler and no k-means in it, so these two saw nothing at all.
    assert leaking(plain, first_columns) == {StandardScaler, KMeans}
    assert first_columns[StandardScaler] == first_columns[KMeans] == []


THREADS = """
import json, sys
import steps.forest
import sklearn.cluster
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"]

in_threads = Parallel(n_jobs=2, backend="threading")(delayed(threads)() for _ in range(4))
print(json.dumps([threads(), *in_threads]))
"""


@pytest.mark.parametrize(("first_line", "expected"), [("", {1}), ("import sklearn.cluster\n", {3})])
def test_openmp_has_one_thread_if_the_package_is_loaded_before_scikit_learn(first_line, expected):
    done = subprocess.run(
        [sys.executable, "-c", first_line + THREADS],
        cwd=PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    pools = json.loads(done.stdout)
    assert len(pools) == 5
    assert all(pools)
    assert {threads for pool in pools for threads in pool} == expected
