import pandas as pd
import pytest

from steps.forest.ablation import ablation
from steps.forest.compare import compare_folds


def table(*rows, **more):
    """Candidates, each with its kind and its scores in three folds."""
    frame = pd.DataFrame(
        [
            {"mean_score": sum(scores) / 3, **{f"fold_{i}": score for i, score in enumerate(scores)}}
            for _, scores in rows
        ]
    )
    kinds = [kind for kind, _ in rows]
    named = {"cluster_features": kinds} if any(kinds) else {}
    return pd.DataFrame({"max_depth": [None] * len(rows), **named, **more}).join(frame)


PLAIN = table((None, (0.7, 0.7, 0.7)), (None, (0.8, 0.7, 0.9)))
CLUSTERS = table(
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


def test_a_kind_that_halving_left_before_all_rows_is_not_there():
    halved = table(("label", (0.9, 0.9, 0.9)), ("distances", (0.8, 0.8, 0.8)), n_rows=[50, 300])
    assert [(v.features, v.row) for v in found(halved)] == [(None, 1), ("distances", 1)]


def test_of_equals_the_first():
    same = table(("label", (0.8, 0.8, 0.8)), ("label", (0.8, 0.8, 0.8)))
    assert found(same)[1].row == 0
