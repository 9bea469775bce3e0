from __future__ import annotations

import re
from typing import Any

import pytest

from steps.report.reproduction_card import reproduction_card, step_rows

BETTER = {"step": "load", "outcome": "identical", "compared": "table: 3 rows", "largest": 0.0, "difference": None}
NEAR = {
    "step": "train_rf",
    "outcome": "equal within tolerance",
    "compared": "8 candidates",
    "largest": 2.5e-7,
    "difference": "search/search.json: mean_score: 0.5 became 0.50000025",
}
DIGEST = {**NEAR, "largest": 0.0, "difference": "search/manifest.json: model_digest differs, all scores agree"}
WORSE = {
    "step": "evaluate",
    "outcome": "diverged",
    "compared": "holdout metrics",
    "largest": 0.25,
    "difference": "verdict/verdict.json: winner: <b>one</b> became two",
}


def content(verdict: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    runs = {"recorded_run": "0123456789abcdef", "repeated_run": "fedcba9876543210"}
    return {
        "verdict": verdict,
        "sentence": f"{verdict}: <script>alert(1)</script>",
        "recorded": {
            "run_id": "aaaa",
            "name": "<i>lost-owl-7",
            "started": "2026-01-31 12:00",
            "commit": "cccc",
            "url": "https://example.org/grove.git",
            "dirty": False,
        },
        "repeated": {"run_id": "bbbb"},
        "data": "from the recorded table",
        "environment": [],
        "explanations": [],
        "steps": [{**step, **runs} for step in steps],
        **more,
    }


@pytest.mark.parametrize(
    ("verdict", "look", "heading"),
    [
        ("identical", "calm", "✓ Identical"),
        ("equal within tolerance", "calm", "≈ Equal within tolerance"),
        ("diverged", "warning", "✗ Diverged"),
    ],
)
def test_the_verdict_is_seen_first(verdict: str, look: str, heading: str) -> None:
    card = reproduction_card(content(verdict, BETTER))
    seen = card.partition("<body>")[2].strip()
    assert seen.startswith(f'<header class="{look}">\n<h1>{heading}</h1>\n<p>&lt;script&gt;')
    assert re.search(rf"header\.{look} {{ background", card)


def test_the_card_says_what_was_compared_and_escapes_all_texts() -> None:
    told = content("diverged", BETTER, WORSE, environment=["Python <3.11>"], explanations=["Code <differs>"])
    card = reproduction_card(told)
    for text in (
        '<td class="calm" data-head="verdict">✓ identical</td><td data-head="compared">table: 3 rows</td>',
        '<td data-head="first difference">–</td></tr>',
        '<td class="warning" data-head="verdict">✗ diverged</td>',
        "winner: &lt;b&gt;one&lt;/b&gt; became two",
        '<th scope="row">load<br><small>01234567 → fedcba98</small></th>',
        "What may explain it</h2>\n<ul><li>Code &lt;differs&gt;</li></ul>",
        "What differs in the environment</h2>\n<ul><li>Python &lt;3.11&gt;</li></ul>",
        "The repetition started from the recorded table.",
        "&lt;i&gt;lost-owl-7, run aaaa, 2026-01-31 12:00, commit cccc of https://example.org/grove.git.",
        "Repeated: run bbbb.",
        "further apart than 1e-06 of",
    ):
        assert text in card
    for markup in ("<script", "<b>", "<i>"):
        assert markup not in card


def test_what_is_not_known_is_not_said() -> None:
    told = content("identical", BETTER)
    told["recorded"] |= {"commit": None, "url": None, "dirty": True}
    card = reproduction_card(told)
    assert "2026-01-31 12:00, no commit with changes." in card
    assert "<h2" not in card
    assert "None" not in card


def test_the_table_of_steps() -> None:
    head, rows = step_rows(content("diverged", BETTER, NEAR, DIGEST, WORSE))
    assert head == ["step", "verdict", "compared", "first difference"]
    assert rows == [
        ["load", "identical", "table: 3 rows", "–"],
        [
            "train_rf",
            "equal within tolerance",
            "8 candidates",
            "largest 2.5e-07: search/search.json: mean_score: 0.5 became 0.50000025",
        ],
        [
            "train_rf",
            "equal within tolerance",
            "8 candidates",
            "search/manifest.json: model_digest differs, all scores agree",
        ],
        ["evaluate", "diverged", "holdout metrics", "verdict/verdict.json: winner: <b>one</b> became two"],
    ]
