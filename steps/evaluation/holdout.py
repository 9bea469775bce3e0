"""What the holdout says of the models' differences; it reports, and decides nothing."""

from __future__ import annotations

from typing import Any

from steps.evaluation.contestants import Contestant
from steps.forest.holdout import Bootstrap, Interval, bootstrap, disagreement

LOSSES = {"neg_log_loss": "log_loss", "neg_brier_score": "brier_score"}
"""Score to its metric, of which less is better."""

SCORES = ("accuracy", "balanced_accuracy", "f1_macro", "matthews_corrcoef", *LOSSES)
"""Those that get an interval beside the chosen one. Areas under curves would take most of evaluate's time."""


def bootstraps(contestants: list[Contestant]) -> dict[str, Bootstrap]:
    """Return the intervals of some scores and of the one that the models were chosen by."""
    found = contestants[0].found
    probabilities = {contestant.name: contestant.probabilities for contestant in contestants}
    scorings = tuple(dict.fromkeys((*SCORES, found["scoring"])))
    return bootstrap(scorings, contestants[0].codes, probabilities, found["seed"])


def intervals(drawn: dict[str, Bootstrap], name: str) -> dict[str, Interval | None]:
    """Return the intervals of a model's metrics, by the metrics' names in the verdict."""
    found = {scoring: each.scores[name] for scoring, each in drawn.items()}
    for score, metric in LOSSES.items():
        interval = found[score]
        found[metric] = interval and (-interval[1], -interval[0])
    return found


def comparison(drawn: dict[str, Bootstrap], baseline: Contestant, challenger: Contestant) -> dict[str, Any]:
    """Return the difference of two models on the holdout: its interval, and McNemar's test."""
    scoring = challenger.found["scoring"]
    interval = drawn[scoring].differences[challenger.name]
    errors = disagreement(challenger.codes, *(each.probabilities.argmax(axis=1) for each in (baseline, challenger)))
    scores = (challenger.score, baseline.score)
    return {
        "difference": None if None in scores else scores[0] - scores[1],
        "low": interval and interval[0],
        "high": interval and interval[1],
        "only_baseline_right": errors.only_baseline,
        "only_challenger_right": errors.only_challenger,
        "mcnemar_p_value": errors.p_value,
    }
