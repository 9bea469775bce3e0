import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, StratifiedKFold

from steps.forest.cross_validation import CrossValidation
from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline, place
from steps.forest.pipelines import settings as spelled
from steps.forest.plan import candidates
from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES
from steps.forest.search import check_rows, folds, search
from steps.forest.workers import Workers
from tests.forest.journal import Told


def run(pipeline, candidates, rows, codes, *, scoring="accuracy", cv=3, seed=0, n_jobs=1, method="grid", journal=None):
    validation = CrossValidation(pipeline, rows, codes, scoring, Workers(n_jobs), journal or Told(n_folds=cv))
    return search(validation, candidates, method=method, cv=cv, seed=seed)


def pipeline(seed=0):
    return kmeans_pipeline(encoder(["weight", "length"], [], ["site", "female"], 5), seed).set_params(
        forest__n_estimators=5
    )


@pytest.fixture
def processes(monkeypatch):
    """Start worker processes for small searches too."""
    monkeypatch.setattr("steps.forest.workers.ALONE", 0)


CANDIDATES = [
    {"max_depth": 2, "n_clusters": 2, "cluster_features": "distances"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "both"},
    {"max_depth": None, "n_clusters": 3, "cluster_features": "label"},
]
GRIDS = {
    "n_estimators": st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    "max_features": st.sampled_from([["sqrt"], [0.5, None], [1]]),
    "max_depth": st.sampled_from([[None], [2, None]]),
    "min_samples_leaf": st.sampled_from([[1], [2, 0.1]]),
}
KMEANS_GRIDS = {
    "n_clusters": st.sampled_from([[2], [4, 3]]),
    "cluster_features": st.sampled_from([["distances"], ["label", "both"], ["both", "distances", "label"]]),
}
FOLDS = [f"fold_{fold}" for fold in range(9)]
ALL_SCORERS = [*ANY_CLASSES, *TWO_CLASSES]


def smaller(grids, most):
    """Return the grids without some of their values, for at most so many candidates; scikit-learn needs 50 ms a fit."""
    while math.prod(map(len, grids.values())) > most:
        longest = max(grids, key=lambda name: len(grids[name]))
        grids = {**grids, longest: grids[longest][:-1]}
    return grids


def for_scikit_learn(grids):
    return {place(name): [spelled({name: value})[place(name)] for value in grids[name]] for name in grids}


def grid_search(unfitted, grids, rows, codes, scoring, cv, seed):
    return GridSearchCV(
        unfitted,
        for_scikit_learn(grids),
        scoring=scoring,
        cv=StratifiedKFold(cv, shuffle=True, random_state=seed),
        error_score="raise",
    ).fit(rows, codes)


@settings(max_examples=15, deadline=None)
@given(
    grids=st.one_of(st.fixed_dictionaries(GRIDS), st.fixed_dictionaries(GRIDS | KMEANS_GRIDS)),
    n_classes=st.integers(2, 4),
    n_rows=st.integers(24, 60),
    missing=st.sampled_from([0.0, 0.3]),
    scoring=st.sampled_from(ALL_SCORERS),
    cv=st.integers(2, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_scikit_learns_grid_search(table, grids, n_classes, n_rows, missing, scoring, cv, seed):
    rows, codes = table(n_rows, 2 if scoring in TWO_CLASSES else n_classes, missing, seed)
    build = kmeans_pipeline if "n_clusters" in grids else forest_pipeline
    unfitted = build(encoder(["weight", "length"], [], ["site", "female"], 5), seed)
    grids = smaller(grids, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that few trees never predict
        found = run(unfitted, candidates(grids), rows, codes, scoring=scoring, cv=cv, seed=seed)
        grid = grid_search(unfitted, grids, rows, codes, scoring, cv, seed)
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


@settings(max_examples=5, deadline=None)
@given(
    grids=st.one_of(st.fixed_dictionaries(GRIDS), st.fixed_dictionaries(GRIDS | KMEANS_GRIDS)),
    n_classes=st.integers(2, 3),
    n_rows=st.integers(60, 150),
    scoring=st.sampled_from(["accuracy", "balanced_accuracy", "f1_macro", "neg_log_loss"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_halving_is_scikit_learns_with_the_winner_scored_on_all_rows(table, grids, n_classes, n_rows, scoring, seed):
    rows, codes = table(n_rows, n_classes, 0.0, seed)
    build = kmeans_pipeline if "n_clusters" in grids else forest_pipeline
    unfitted = build(encoder(["weight", "length"], [], ["site", "female"], 5), seed)
    grids = smaller(grids, 10)
    tried = candidates(grids)
    assume(len(tried) > 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = run(unfitted, tried, rows, codes, scoring=scoring, cv=2, seed=seed, method="halving")
        halving = HalvingGridSearchCV(
            unfitted,
            for_scikit_learn(grids),
            scoring=scoring,
            cv=StratifiedKFold(2, shuffle=True, random_state=seed),
            random_state=seed,
        ).fit(rows, codes)
        winner = {name: found.candidates.loc[found.best, name] for name in tried[0]}
        grid = grid_search(unfitted, {name: [value] for name, value in winner.items()}, rows, codes, scoring, 2, seed)
    expected = pd.DataFrame(halving.cv_results_)
    *played, last = found.candidates.to_dict("records")
    rounds = expected[["iter", "n_resources"]].to_numpy().tolist()
    assert [[row["round"], row["n_rows"]] for row in played] == rounds
    for fold in range(2):
        np.testing.assert_allclose(
            [row[f"fold_{fold}"] for row in played], expected[f"split{fold}_test_score"], rtol=0, atol=1e-12
        )
        np.testing.assert_allclose(
            last[f"fold_{fold}"], grid.cv_results_[f"split{fold}_test_score"], rtol=0, atol=1e-12
        )
    assert (last["n_rows"], last["rank"], found.best) == (n_rows, 1, len(played))
    assert winner == {name: played[halving.best_index_][name] for name in tried[0]}


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
