from __future__ import annotations

from typing import Any

from steps.report.drift_card import column_table, drift_card

WORST = {
    "name": "<b>weight",
    "psi": 0.31,
    "chance": 0.004,
    "level": "large",
    "missing_before": 0.01,
    "missing": 0.5,
    "unknown": None,
}
UNTOLD = {**dict.fromkeys(WORST), "name": "sex", "level": "unknown", "missing": 0.25, "unknown": 0.125}


def content(**more: Any) -> dict[str, Any]:
    shares = [{"name": "<i>DM", "before": 0.5, "predicted": 0.75}, {"name": "PP", "before": None, "predicted": 0.25}]
    return {
        "rows": 1200,
        "model": "models:/grove@champion",
        "source": "new <rows>.csv",
        "output": "scored.csv",
        "sentence": "Drift from the training rows: large in <b>weight.",
        "notes": ["Column '<u>': odd."],
        "columns": [WORST, UNTOLD],
        "classes": {"psi": 0.2, "chance": 0.01, "shares": shares},
        "labelled": 1100,
        "metrics": {"accuracy": 0.91},
    } | more


def test_the_card_says_all_and_runs_nothing() -> None:
    card = drift_card(content())
    told = ["large in &lt;b&gt;weight", "0.3100", "0.0040", "1.00%", "50.00%", "12.50%", "1,100 rows with a label"]
    told += ["75.00%", "0.9100", "PSI 0.2000, by chance up to 0.0100", "new &lt;rows&gt;.csv", "from 0.1 and large"]
    for text in told:
        assert text in card, text
    assert "<b>weight" not in card
    assert "<i>DM" not in card
    assert "<u>" not in card
    assert '<header class="warning">' in card


def test_without_labels_there_are_no_metrics() -> None:
    assert "Areas under curves" not in drift_card(content(metrics={}, labelled=0, notes=[]))


def test_a_wide_table_is_cut_and_says_so() -> None:
    columns = [{**UNTOLD, "name": f"x{number}"} for number in range(250)]
    card = drift_card(content(columns=columns))
    assert "50 more columns are in drift.json" in card
    assert "x199" in card
    assert "x200" not in card


def test_the_table_of_columns() -> None:
    _, rows = column_table([WORST, UNTOLD])
    assert rows == [
        ["<b>weight", "large", "0.3100", "0.0040", "1.00%", "50.00%", "–"],
        ["sex", "unknown", "–", "–", "–", "25.00%", "12.50%"],
    ]
