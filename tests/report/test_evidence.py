from __future__ import annotations

from steps.report.evidence import ablation, costs, slices
from steps.report.page import Cell

FOUND = {"difference": 0.0625, "low": -0.25, "high": 0.5, "better": 0.5, "equivalent": 0.3, "worse": 0.2}


def test_each_kind_of_cluster_features_is_compared_with_the_plain_forest() -> None:
    plain = {"model": "rf", "features": None, "candidates": 1200, "score": 0.75, "comparison": None}
    label = {"model": "rf_kmeans", "features": "label", "candidates": 4, "score": 0.8125, "comparison": FOUND}
    _, table = ablation([plain, label])
    assert table.rows == [
        [Cell("rf"), "1,200", "0.7500", "–", "–", "–", "–"],
        [
            Cell("rf_kmeans", "with label"),
            "4",
            "0.8125",
            Cell("0.0625", "-0.2500 to 0.5000"),
            "0.5000",
            "0.3000",
            "0.2000",
        ],
    ]


def test_what_a_model_takes_is_shown_as_far_as_it_is_known() -> None:
    known = {"fit_seconds": 12.3456, "predict_seconds": 0.0123456, "model_bytes": 1_500_000}
    (table,) = costs({"rf": known, "old": {"fit_seconds": None, "predict_seconds": 2.0, "model_bytes": None}})
    assert table.head == ["cost", "rf", "old"]
    assert [row[1:] for row in table.rows] == [["12.3", "–"], ["0.0123", "2"], ["1.5", "–"]]


def test_the_worst_parts_come_first_and_the_others_are_counted() -> None:
    found = [
        {"column": "plot", "value": str(i), "rows": 1000 + i, "scores": {"rf": i / 32, "old": None}} for i in range(30)
    ]
    _, table = slices(found, "f1_macro")
    assert table.head == ["rows with", "rows", "rf", "old"]
    assert table.rows[:2] == [["plot = 0", "1,000", "0.0000", "–"], ["plot = 1", "1,001", "0.0312", "–"]]
    assert len(table.rows) == 20 and "10 more" in table.caption
    assert slices(found[:3], "f1_macro")[1].caption == ""


def test_a_holdout_that_is_too_small_for_parts_says_so() -> None:
    assert slices([], "accuracy") == ["No part of the holdout has rows enough for a score of its own."]
