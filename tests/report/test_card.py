from __future__ import annotations

from steps.report.card import score_table, verdict_card

VERDICT = {
    "winner": "<b>train_rf</b>",
    "sentence": "<script>alert(1)</script> wins",
    "outcome": "<i>not decided",
    "rope": 0.02,
    "min_probability": 0.9,
    "scoring": "accuracy",
    "target": "'\"<img>",
    "data_fingerprint": "abc",
    "comparisons": {
        "<b>kmeans</b>": {
            "difference": 0.0625,
            "low": -0.0313,
            "high": 0.1563,
            "p_value": 0.625,
            "better": 0.75,
            "equivalent": 0.1875,
            "worse": 0.0666,
            "holdout": {
                "difference": 0.03125,
                "low": -0.5,
                "high": None,
                "only_baseline_right": 77,
                "only_challenger_right": 88,
                "mcnemar_p_value": 0.4375,
            },
        }
    },
    "models": {
        "<b>train_rf</b>": {
            "cv_mean": 0.5,
            "cv_std": 0.25,
            "holdout": {"accuracy": 0.125, "roc_auc": None},
            "holdout_intervals": {"accuracy": (0.0001, 0.2501), "f1": (0.3, 0.4)},
            "best": {"max_depth": "none"},
            "candidates": 8,
        }
    },
}


def test_the_card_shows_the_scores_and_escapes_all_texts() -> None:
    card = verdict_card(VERDICT)
    for text in (
        "0.5000 ± 0.2500",
        "0.1250",
        ">–</td>",
        "<td>8</td>",
        "max_depth=none",
        "&lt;i&gt;not decided",
        "at most 0.02",
        "least 0.9:",
        "<small>0.0001 to 0.2501</small>",
        "<td>0.0312\n    <br><small>-0.5000 to –</small></td>",
        "<td>88</td>",
        "<td>77</td>",
        "<td>0.4375</td>",
        "<td>0.0625<br><small>-0.0313 to 0.1563</small></td>",
        *(f"<td>{figure}</td>" for figure in ("0.6250", "0.7500", "0.1875", "0.0666")),
        "&lt;script&gt;alert(1)&lt;/script&gt; wins",
    ):
        assert text in card
    for markup in ("<script", "<b>", "<i>", "<img"):
        assert markup not in card


def test_the_table_of_scores() -> None:
    head, rows = score_table(VERDICT)
    assert head == ["model", "accuracy, cross-validated", "holdout"]
    assert rows == [["<b>train_rf</b>", "0.5000 ± 0.2500", "0.1250"]]
