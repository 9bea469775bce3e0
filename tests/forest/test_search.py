import numpy as np
import pandas as pd
import pytest

from steps.forest.cross_validation import CrossValidation
from steps.forest.plan import candidates
from steps.forest.search import search
from steps.forest.workers import Workers
from tests.forest.journal import Told
from tests.forest.searches import pipeline, run

CANDIDATES = [
    {"max_depth": 2, "n_clusters": 2, "cluster_features": "distances"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "both"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "label"},
]
FOLDS = [f"fold_{fold}" for fold in range(9)]


@pytest.fixture
def processes(monkeypatch):
    """Start worker processes for small searches too."""
    monkeypatch.setattr("steps.forest.workers.ALONE", 0)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "neg_log_loss"])
def test_the_number_of_threads_does_not_matter(processes, table, scoring):
    rows, codes = table(700, 3, 0.2, seed=0)  # k-means works in chunks of 256 rows
    one, two = (run(pipeline(), CANDIDATES, rows, codes, scoring=scoring, n_jobs=n_jobs) for n_jobs in (1, 2))
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


def test_halving_of_one_candidate_has_no_rounds(table):
    rows, codes = table(30, 2, 0.0, seed=0)
    found = run(pipeline(), CANDIDATES[:1], rows, codes, method="halving")
    grid = run(pipeline(), CANDIDATES[:1], rows, codes)
    assert found.candidates.loc[0, FOLDS[:3]].tolist() == grid.candidates.loc[0, FOLDS[:3]].tolist()
    assert (found.grown_trees, found.trees) == (15, 15)


@pytest.mark.parametrize("method", ["grid", "halving"])
def test_one_feature_is_not_all_features(table, method):
    rows, codes = table(30, 2, 0.0, seed=0)
    tried = candidates({"max_features": (1, 1.0, 2)})
    found = run(pipeline(), tried, rows, codes, method=method)
    assert found.each_once["max_features"].map(repr).tolist().count("1") == 1
    assert sorted(found.each_once["max_features"].map(repr)) == ["1", "1.0", "2"]


def test_of_equal_candidates_the_first_is_best(table):
    rows, codes = table(30, 2, 0.0, seed=0)
    found = run(pipeline(), [{"max_depth": 4}, {"max_depth": 4}], rows, codes)
    assert found.candidates["rank"].tolist() == [1, 1]
    assert found.best == 0


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_best_is_fitted_on_all_rows_and_asked_by_one_thread(processes, table, n_jobs):
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
def test_the_journal_is_told_of_every_score_after_the_start(processes, table, n_jobs):
    rows, codes = table(24, 2, 0.0, seed=0)
    told = Told(n_folds=4)
    found = run(pipeline(), CANDIDATES, rows, codes, cv=4, n_jobs=n_jobs, journal=told)
    assert told.opened == [(CANDIDATES, None)]
    for number in range(3):
        assert [told.scores[number, fold] for fold in range(4)] == found.candidates.loc[number, FOLDS[:4]].tolist()
        assert told.started[number] < min(told.when[number, fold] for fold in range(4))
    ends = [max(told.when[number, fold] for fold in range(4)) for number in range(3)]
    if n_jobs == 1:  # else a worker that starts late may still have a fit of the first one
        assert ends[0] < told.started[1] < ends[1] < told.started[2] < ends[2]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_is_known_is_not_fitted_again(processes, table, n_jobs):
    rows, codes = table(24, 2, 0.0, seed=0)
    told = Told(n_folds=3, known={0: {0: 0.25, 1: 0.5, 2: 0.75}, 1: {1: 0.125}})
    found = run(pipeline(), CANDIDATES, rows, codes, n_jobs=n_jobs, journal=told)
    assert found.candidates.loc[0, FOLDS[:3]].tolist() == [0.25, 0.5, 0.75]
    assert found.candidates.loc[1, "fold_1"] == 0.125
    assert sorted(told.scores) == [(1, 0), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert 0 not in told.started
    assert (found.grown_trees, found.trees) == (5 * 5, 9 * 5)


def test_a_search_of_what_is_all_known_fits_the_best_only(processes, table):
    rows, codes = table(24, 2, 0.0, seed=0)
    told = Told(n_folds=2, known={0: {0: 0.25, 1: 0.5}, 1: {0: 0.5, 1: 0.5}})
    found = run(pipeline(), CANDIDATES[:2], rows, codes, cv=2, n_jobs=2, journal=told)
    assert (told.started, told.scores, found.best, found.grown_trees) == ({}, {}, 1, 0)


def test_trees_are_grown_once_for_forests_of_several_sizes(table):
    rows, codes = table(30, 2, 0.0, seed=0)
    tried = candidates({"n_estimators": (8, 2, 5), "max_depth": (2, None)})
    found = run(pipeline(), tried, rows, codes, cv=2)
    assert (found.grown_trees, found.trees) == (2 * 2 * 8, 2 * 2 * (8 + 2 + 5))
    seconds = found.candidates["fit_seconds"].to_list()
    assert seconds[1] < seconds[2] < seconds[0], "a larger forest took longer"


def test_all_workers_read_the_same_features_from_files(table):
    class Watched(Workers):
        def score_forests(self, calls):
            self.calls = calls
            return super().score_forests(calls)

    rows, codes = table(30, 2, 0.0, seed=0)
    tried = candidates({"max_depth": (1, 2), "n_clusters": (2, 3), "cluster_features": ("label", "both")})
    watched = Watched(1)
    search(CrossValidation(pipeline(), rows, codes, "accuracy", watched, Told(3)), tried, method="grid", cv=3, seed=0)
    assert len(watched.calls) == len(tried) * 3
    for side in ("train", "validation"):
        features = [call[side] for call in watched.calls]
        assert {(type(array), array.dtype.name) for array in features} == {(np.memmap, "float32")}
        assert len({array.filename for array in features}) == len({id(array) for array in features}) == 4 * 3


def test_a_candidate_that_cannot_be_fitted_stops_the_search(table):
    rows, codes = table(24, 2, 0.0, seed=0)
    with pytest.raises(ValueError, match="n_samples=16 should be >= n_clusters=17"):
        run(pipeline(), [{"n_clusters": 2}, {"n_clusters": 17}], rows, codes)
