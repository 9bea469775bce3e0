from __future__ import annotations

from steps.report.evidence import ablation, classes, costs, slices
from steps.report.page import Cell

FOUND = {"difference": 0.0625, "low": -0.25, "high": 0.5, "better": 0.5, "equivalent": 0.3, "worse": 1e-9}


PLAIN = {"model": "rf", "features": None, "candidates": 1200, "score": 0.75, "rows": None, "comparison": None}


def test_each_kind_of_cluster_features_is_compared_with_the_plain_forest() -> None:
    label = {**PLAIN, "model": "rf_kmeans", "features": "label", "candidates": 4, "score": 0.8125, "comparison": FOUND}
    said, table = ablation(
        [PLAIN, label], [{"fit_seconds": 1234.0, "score_seconds": 0.25}, {"fit_seconds": None, "score_seconds": None}]
    )
    assert "halving" not in said
    assert table.rows == [
        [Cell("rf"), "1,200", Cell("0.7500"), "–", "–", "–", "–", Cell("1,234", "0.25 to score")],
        [
            Cell("rf_kmeans", "with label"),
            "4",
            Cell("0.8125"),
            Cell("0.0625", "-0.2500 to 0.5000"),
            "0.5000",
            "0.3000",
            "< 0.0001",
            Cell("–"),
        ],
    ]


def test_a_kind_that_halving_left_says_on_how_many_rows() -> None:
    left = {**PLAIN, "features": "label", "score": 0.875, "rows": 1234}
    undefined = {**PLAIN, "score": None, "rows": 20}
    said, table = ablation([PLAIN, left, undefined], [{"fit_seconds": 1.0, "score_seconds": 1.0}] * 3)
    assert "halving left" in said
    assert table.rows[1][2:-1] == [Cell("0.8750", "left by halving on 1,234 rows"), "–", "–", "–", "–"]
    assert table.rows[2][2] == Cell("–", "left by halving on 20 rows")


def test_what_a_model_takes_is_shown_as_far_as_it_is_known() -> None:
    known = {"fit_seconds": 12.3456, "predict_seconds": 0.0123456, "model_bytes": 1_500_000}
    old = {"fit_seconds": None, "predict_seconds": 2.0, "model_bytes": None}
    said, table = costs({"rf": known, "old": old}, "rf_kmeans costs 2.00 times")
    assert said == "rf_kmeans costs 2.00 times"
    assert table.head == ["cost", "rf", "old"]
    assert [row[1:] for row in table.rows] == [["12.3", "–"], ["0.0123", "2"], ["1.5", "–"]]
    assert "measured when the candidate was fitted" in table.caption


def part(column: str, value: str | None, rows: int, **scores: float | None) -> dict:
    return {"column": column, "value": value, "rows": rows, "scores": scores}


def test_the_worst_parts_come_first_and_the_others_are_counted() -> None:
    found = [part("plot", str(i), 1000 + i, rf=i / 32, old=None) for i in range(30)]
    found[1]["value"] = None
    _, table = slices(found, [], "f1_macro")
    assert table.head == ["holdout rows with", "rows", "rf", "old"]
    assert table.rows[:2] == [["plot = 0", "1,000", "0.0000", "–"], ["plot missing", "1,001", "0.0312", "–"]]
    assert len(table.rows) == 20 and "10 more" in table.caption
    assert slices(found[:3], [], "f1_macro")[1].caption == ""


def test_parts_that_are_too_small_are_counted() -> None:
    assert slices([], [], "accuracy") == []
    assert slices([], [part("plot", "1", 29), part("plot", "2", 4), part("sex", None, 1)], "accuracy") == [
        "Not judged, as they have fewer than 30 rows: 3 values of plot, sex, with 34 rows in all."
    ]


def test_classes_with_their_recall_and_its_interval() -> None:
    _, table = classes([{**part("y", "rare", 4, rf=0.25), "intervals": {"rf": (0.0625, 0.5)}}])
    assert table.head == ["class", "rows", "rf"]
    assert table.rows == [["rare", "4", Cell("0.2500", "0.0625 to 0.5000")]]
