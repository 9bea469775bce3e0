from __future__ import annotations

import re

import pytest

from steps.report.card import interval, probability, score_table, verdict_card

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
            "p_value": 0.000002,
            "better": 0.75,
            "equivalent": 0.1875,
            "worse": 0.99996,
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
    seen = re.sub(r"\s*<[^>]*>\s*", "|", card.partition("</header>")[2].replace("<wbr>", ""))
    for text in (
        "|holdout accuracy||0.1250||0.0001 to 0.2501||",
        "|holdout roc_auc||–||",
        "|accuracy, cross-validated||0.5000 ± 0.2500||",
        "||8||max_depth=none||",
        "here, &lt;i&gt;not decided",
        "at most 0.02",
        "least 0.9:",
        "|difference in accuracy||0.0312||-0.5000 to –||",
        "|rows that only it predicts rightly||88||",
        "|rows that only &lt;b&gt;train_rf&lt;/b&gt; does||77||",
        "|p of no difference (McNemar)||0.4375||",
        "|difference||0.0625||-0.0313 to 0.1563||",
        "|p of no difference||&lt; 0.0001||",
        "|P(better)||0.7500||",
        "|P(equivalent)||0.1875||",
        "|P(worse)||&gt; 0.9999||",
    ):
        assert text in seen, text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; wins</p>" in card
    assert '<td class="calm" data-head="&lt;b&gt;train_rf&lt;/b&gt;">' in card, "the winner's column"
    for markup in ("<script", "<b>", "<i>", "<img"):
        assert markup not in card


def test_the_table_of_scores() -> None:
    head, rows = score_table(VERDICT)
    assert head == ["model", "accuracy, cross-validated", "holdout"]
    assert rows == [["<b>train_rf</b>", "0.5000 ± 0.2500", "0.1250"]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "< 0.0001"),
        (0.00009, "< 0.0001"),
        (0.0001, "0.0001"),
        (0.5, "0.5000"),
        (0.9999, "0.9999"),
        (0.99991, "> 0.9999"),
        (1.0, "1.0000"),
        (None, "–"),
    ],
)
def test_no_probability_is_rounded_to_impossible_or_certain(value: float | None, shown: str) -> None:
    assert probability(value) == shown


def test_an_interval_that_is_not_there_is_not_shown() -> None:
    assert interval(None) == interval((None, None)) == ""
    assert interval((-0.5, 0.25)) == "-0.5000 to 0.2500"
