import numpy as np
import pandas as pd
import pytest

from steps.forest.ablation import ablation
from steps.forest.compare import compare_folds
from steps.forest.results import ranks
from tests.forest.searches import pipeline, run


def scored(*rows, **more):
    """Candidates, each with its kind and its scores in three folds."""
    frame = pd.DataFrame(
        [
            {"mean_score": sum(scores) / 3, **{f"fold_{i}": score for i, score in enumerate(scores)}}
            for _, scores in rows
        ]
    )
    kinds = [kind for kind, _ in rows]
    named = {"cluster_features": kinds} if any(kinds) else {}
    rank = {"rank": ranks(frame["mean_score"].to_numpy())}
    return pd.DataFrame({"max_depth": [None] * len(rows), **named, **rank, **more}).join(frame)


PLAIN = scored((None, (0.7, 0.7, 0.7)), (None, (0.8, 0.7, 0.9)))
CLUSTERS = scored(
    ("distances", (0.8, 0.8, 0.9)),
    ("label", (0.6, 0.7, 0.8)),
    ("distances", (0.9, 0.8, 0.9)),
    ("both", (0.8, 0.7, 0.9)),
)


def found(clusters=CLUSTERS):
    return ablation({"train_rf": PLAIN, "train_rf_kmeans": clusters}, rope=0.01, n_rows=100)


def test_the_best_candidate_of_each_kind_against_the_plain_forest():
    variants = found()
    assert [(v.model, v.features, v.row, v.candidates) for v in variants] == [
        ("train_rf", None, 1, 2),
        ("train_rf_kmeans", "distances", 2, 2),
        ("train_rf_kmeans", "label", 1, 1),
        ("train_rf_kmeans", "both", 3, 1),
    ]
    assert [v.score for v in variants] == pytest.approx([0.8, 2.6 / 3, 0.7, 0.8])
    assert variants[0].comparison is None
    assert variants[1].comparison == compare_folds([0.8, 0.7, 0.9], [0.9, 0.8, 0.9], rope=0.01, n_rows=100)
    assert variants[2].comparison.difference == pytest.approx(-0.1)


HALVED = scored(
    ("label", (0.9, 0.9, 0.9)),
    ("distances", (0.9, 0.8, 0.7)),
    ("both", (0.8, 0.8, 0.9)),
    ("distances", (0.7, 0.8, 0.9)),
    ("label", (0.5, 0.6, 0.7)),
    ("distances", (0.8, 0.8, 0.8)),
    ("distances", (0.8, 0.7, 0.9)),
    round=[0, 0, 0, 0, 1, 1, 2],
    n_rows=[50, 50, 50, 50, 150, 150, 300],
    rank=[4, 6, 5, 6, 3, 2, 1],
)


def test_a_kind_that_halving_left_has_the_score_of_its_last_round_and_is_not_compared():
    plain, label, distances, both = found(HALVED)
    assert [(v.features, v.row, v.candidates, v.rows) for v in (plain, label, distances, both)] == [
        (None, 1, 2, None),
        ("label", 4, 1, 150),
        ("distances", 6, 2, None),
        ("both", 2, 1, 50),
    ]
    assert [v.score for v in (label, distances, both)] == pytest.approx([0.6, 0.8, 2.5 / 3])
    assert label.comparison is None and both.comparison is None
    assert distances.comparison == compare_folds([0.8, 0.7, 0.9], [0.8, 0.7, 0.9], rope=0.01, n_rows=100)


def test_a_score_that_few_rows_do_not_have_is_none():
    halved = HALVED.assign(mean_score=HALVED["mean_score"].where(HALVED["cluster_features"] != "both"))
    assert found(halved)[3].score is None


def test_halving_leaves_out_no_kind_and_counts_each_candidate_once(table):
    rows, codes = table(100, 2, 0.0, seed=0)
    kinds = ["distances", "label", "both"]
    tried = [{"max_features": m, "n_clusters": 2, "cluster_features": kind} for kind in kinds for m in (1, 1.0, "sqrt")]
    searched = run(pipeline(), tried, rows, codes, method="halving")
    variants = ablation({"train_rf_kmeans": searched.candidates}, rope=0.01, n_rows=10)
    assert [(v.features, v.candidates) for v in variants] == [(kind, 3) for kind in kinds]
    (kept,) = (v for v in variants if v.rows is None)
    assert (kept.row, kept.score) == (searched.best, np.mean(searched.fold_scores))


def test_of_equals_the_first():
    same = scored(("label", (0.8, 0.8, 0.8)), ("label", (0.8, 0.8, 0.8)))
    assert found(same)[1].row == 0
