from __future__ import annotations

from steps.report.card import verdict_card

VERDICT = {
    "winner": "<b>train_rf</b>",
    "sentence": "<script>alert(1)</script> wins",
    "scoring": "accuracy",
    "target": "'\"<img>",
    "data_fingerprint": "abc",
    "models": {
        "<b>train_rf</b>": {
            "cv_mean": 0.5,
            "cv_std": 0.25,
            "holdout": {"accuracy": 0.125},
            "best": {"max_depth": "none"},
            "run_id": "r1",
        }
    },
}


def test_the_card_shows_the_scores_and_escapes_all_texts() -> None:
    card = verdict_card(VERDICT)
    for text in ("0.5000 ± 0.2500", "0.1250", "max_depth=none", "r1", "&lt;script&gt;alert(1)&lt;/script&gt; wins"):
        assert text in card
    for markup in ("<script", "<b>", "<img"):
        assert markup not in card
