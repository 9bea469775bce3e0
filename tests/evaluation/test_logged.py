from __future__ import annotations

from steps.evaluation.logged import ablation_table
from steps.forest.ablation import Variant


def test_only_a_kind_that_halving_left_has_rows_and_they_are_whole() -> None:
    plain = Variant("rf", None, 0, candidates=4, score=0.75, rows=None, comparison=None)
    left = Variant("rf_kmeans", "label", 1, candidates=4, score=None, rows=9000, comparison=None)
    table = ablation_table([plain, left], [{"fit_seconds": 1.0}, {"fit_seconds": None}])
    assert table.to_csv(index=False, lineterminator="\n") == (
        "model,cluster_features,score,rows,fit_seconds\nrf,,0.75,,1.0\nrf_kmeans,label,,9000,\n"
    )
