"""What a search finds is what scikit-learn finds."""

import math
import warnings

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, StratifiedKFold

from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline, place
from steps.forest.pipelines import settings as spelled
from steps.forest.plan import candidates
from steps.forest.scoring import ANY_CLASSES, TWO_CLASSES
from tests.forest.searches import run

GRIDS = {
    "n_estimators": st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    "max_features": st.sampled_from([["sqrt"], [0.5, None], [1, 1.0]]),
    "max_depth": st.sampled_from([[None], [2, None]]),
    "min_samples_leaf": st.sampled_from([[1], [2, 0.1]]),
}
KMEANS_GRIDS = {
    "n_clusters": st.sampled_from([[2], [4, 3]]),
    "cluster_features": st.sampled_from([["distances"], ["label", "both"], ["both", "distances", "label"]]),
}
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
